/* pdfork(2) */
#ifndef SYS_PROCDESC_H
#define SYS_PROCDESC_H
#include <sys/types.h>

#define PD_DAEMON 0x1
#define PD_CLOEXEC 0x2

pid_t pdfork(int *, int);
int pdkill(int, int);
int pdgetpid(int, pid_t *);

#if __FreeBSD__ >= 16
#define PD_NOWAITPID 0x4
int pdopenpid(pid_t, int);
#endif

#endif
