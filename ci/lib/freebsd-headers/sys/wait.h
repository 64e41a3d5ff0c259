/* wait(2) */
#ifndef SYS_WAIT_H
#define SYS_WAIT_H
#include <sys/types.h>

#define WNOHANG 1
#define WSTATUS_OF(status) ((status) & 0177)
#define WIFEXITED(status) (WSTATUS_OF(status) == 0)
#define WEXITSTATUS(status) ((status) >> 8 & 0377)
#define WIFSIGNALED(status) (WSTATUS_OF(status) != 0177 && WSTATUS_OF(status) != 0 && (status) != 0x13)
#define WTERMSIG(status) WSTATUS_OF(status)

pid_t waitpid(pid_t, int *, int);

#endif
