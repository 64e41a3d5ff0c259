/* signal(3), killpg(2) */
#include <sys/types.h>
#define SIGKILL 9
#define SIGTERM 15
#define SIGCHLD 20
typedef void (*sig_t)(int);
#define SIG_DFL ((sig_t)0)
#define SIG_IGN ((sig_t)1)
#define SIG_ERR ((sig_t)-1)
sig_t signal(int, sig_t);
int killpg(pid_t, int);
