/* intro(2) */
#define ESRCH 3
#define EINTR 4
#define ECHILD 10
#define ENOTCAPABLE 93
#define ECAPMODE 94
int *__error(void);
#define errno (*__error())
