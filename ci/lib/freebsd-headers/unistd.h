/* execl(3), _exit(2), pipe2(2), dup2(2), close(2), close_range(2), read(2), write(2), setpgid(2), pause(3) */
#include <sys/types.h>
#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2
int execl(const char *, const char *, ...) __attribute__((sentinel));
_Noreturn void _exit(int);
int pipe2(int[2], int);
int dup2(int, int);
int close(int);
int close_range(u_int, u_int, int);
ssize_t read(int, void *, size_t) __attribute__((warn_unused_result));
ssize_t write(int, const void *, size_t) __attribute__((warn_unused_result));
int setpgid(pid_t, pid_t);
int pause(void);
