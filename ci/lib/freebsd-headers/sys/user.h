/* sysctl(3), KERN_PROC: the fields of the structure that the programs use. The real one has 1088 bytes. */
#ifndef SYS_USER_H
#define SYS_USER_H
#include <sys/types.h>

struct kinfo_proc {
    struct timeval ki_start;
    pid_t ki_ppid;
};

#endif
