/* kqueue(2) */
#ifndef SYS_EVENT_H
#define SYS_EVENT_H
#include <sys/types.h>

#define EVFILT_READ (-1)
#define EVFILT_PROC (-5)
#define EVFILT_PROCDESC (-8)
#define EV_ADD 0x1
#define EV_ONESHOT 0x10
#define EV_ERROR 0x4000
#define EV_EOF 0x8000
#define NOTE_EXIT 0x80000000

struct kevent {
    uintptr_t ident;
    short filter;
    u_short flags;
    u_int fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};
_Static_assert(sizeof(struct kevent) == 64 && __builtin_offsetof(struct kevent, udata) == 24, "15.1, amd64");

#define EV_SET(kev, a, b, c, d, e, f) \
    (*(kev) = (struct kevent){.ident = (a), .filter = (b), .flags = (c), .fflags = (d), .data = (e), .udata = (f)})

int kqueue(void);
int kevent(int, const struct kevent *, int, struct kevent *, int, const struct timespec *);

#endif
