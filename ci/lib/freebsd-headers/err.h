/* err(3) */
_Noreturn void err(int, const char *, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void errx(int, const char *, ...) __attribute__((format(printf, 2, 3)));
