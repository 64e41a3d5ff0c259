/* sysctl(3) */
#ifndef SYS_SYSCTL_H
#define SYS_SYSCTL_H
#include <sys/types.h>

#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_BOOTTIME 21
#define KERN_PROC_PID 1

int sysctl(const int *, u_int, void *, size_t *, const void *, size_t);

#endif
