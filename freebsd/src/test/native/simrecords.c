/*
 * Shows how the simulated FreeBSD handles records on a SOCK_SEQPACKET socket from 15 on, where a record
 * ends with MSG_EOR. The test has the expected lines. That records end with MSG_EOR only, that a receive
 * into less room leaves the rest, that an empty record is not sent, and that a long one is sent in part was
 * observed on 15.1; the cases with several descriptors, without numbers and at the end follow
 * sys/kern/uipc_usrreq.c (uipc_sosend_stream_or_seqpacket and the corresponding receive).
 *
 *     cc -o simrecords simrecords.c -L. -lfreebsd-sim
 *     FREEBSD_SIM_RELEASE=15.1 ./freebsd-sim ./simrecords
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct message { /* FreeBSD's struct msghdr */
    void *name;
    unsigned name_size;
    struct iovec *iov;
    int iov_count;
    void *control;
    unsigned control_size;
    int flags;
};
int64_t freebsd_sendmsg(int, const struct message *, int) __asm__("sendmsg");
int64_t freebsd_recvmsg(int, struct message *, int) __asm__("recvmsg");
struct kevent {
    uint64_t ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    int64_t data;
    uint64_t udata, ext[4];
};
int kqueue(void);
int kevent(int, const struct kevent *, int, struct kevent *, int, const struct timespec *);

enum { EOR = 8, DONTWAIT = 0x80, NOSIGNAL = 0x20000, ROOM = 100000 };

static int pair[2];
static char block[ROOM];

static void renew(int size) /* size: of the buffers; 0 for the default */
{
    if (pair[0] != 0) {
        close(pair[0]);
        close(pair[1]);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        abort();
    for (int i = 0; i < 2 && size > 0; i++) {
        setsockopt(pair[i], 0xffff, 0x1001, &size, sizeof size);
        setsockopt(pair[i], 0xffff, 0x1002, &size, sizeof size);
    }
}

struct control { unsigned length; int level, type, none, fds[300]; };

/* Sends size bytes and count descriptors; returns a count, or -errno. */
static int put(int size, int count, int how)
{
    struct control c = {16 + 4 * (unsigned)count, 0xffff, 1, 0, {0}};
    struct iovec iov = {block, (size_t)size};
    struct message m = {.iov = &iov, .iov_count = 1, .control = count > 0 ? &c : NULL,
        .control_size = count > 0 ? (16 + 4 * (unsigned)count + 7) & ~7U : 0};
    for (int i = 0; i < count; i++)
        c.fds[i] = 1;
    int64_t result = freebsd_sendmsg(pair[0], &m, how | DONTWAIT | NOSIGNAL);
    return result < 0 ? -errno : (int)result;
}

static int descriptors, flags; /* of the last receive */

/* Receives up to room bytes; returns a count, or -errno. */
static int take(int room)
{
    static struct control c[8];
    struct iovec iov = {block, (size_t)room};
    struct message m = {.iov = &iov, .iov_count = 1, .control = c, .control_size = sizeof c};
    int64_t result = freebsd_recvmsg(pair[1], &m, DONTWAIT);
    descriptors = flags = 0;
    if (result < 0)
        return -errno;
    for (unsigned at = 0; at + 16 <= m.control_size;) {
        struct control *one = (void *)((char *)c + at);
        int here = (int)(one->length - 16) / 4;
        for (int i = 0; i < here; i++)
            close(one->fds[i]);
        descriptors += here;
        at += (one->length + 7) & ~7U;
    }
    flags = m.flags & ~DONTWAIT;
    return (int)result;
}

/* Receives and prints the result: bytes, "+" descriptors, "." for the end of a record. */
static int get(int room)
{
    int size = take(room);
    if (size < 0) {
        printf(" %s", size == -35 ? "EAGAIN" : size == -EMFILE ? "EMFILE" : "?");
        return size;
    }
    printf(" %d", size);
    if (descriptors > 0)
        printf("+%d", descriptors);
    if (flags != 0)
        printf(flags == EOR ? "." : "?");
    return size + descriptors;
}

/* Receives and prints all pending parts. */
static void drain(const char *what, int room)
{
    printf("%s:", what);
    while (get(room) > 0)
        continue;
    puts("");
}

static int space(int wanted)
{
    int kq = kqueue();
    struct kevent change = {.ident = (uint64_t)pair[0], .filter = -2, .flags = 1, .fflags = 1,
        .data = wanted}, event;
    int result = kevent(kq, &change, 1, &event, 1, &(struct timespec){0, 0});
    struct pollfd p = {kq, POLLIN, 0};
    int told = poll(&p, 1, 0);
    close(kq);
    return result == told ? result : -1;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    renew(0);
    put(1, 0, 0);
    put(2, 0, 0);
    drain("without MSG_EOR", 10);
    put(1, 0, EOR);
    put(2, 0, EOR);
    drain("with MSG_EOR", 10);
    put(5, 0, 0);
    put(5, 0, EOR);
    put(1, 0, EOR);
    drain("parts of a record", 100);
    put(10, 2, EOR);
    put(1, 0, EOR);
    drain("into less room", 4);
    put(4, 0, EOR);
    drain("into exactly enough room", 4);
    printf("nothing is sent: %d\n", put(0, 0, EOR));
    drain("nothing", 10);
    printf("descriptors only: %d\n", put(0, 3, EOR));
    drain("descriptors only", 10);
    put(0, 1, EOR);
    put(0, 2, EOR);
    put(1, 4, EOR);
    drain("descriptors that run together", 10);
    put(2, 1, 0);
    put(2, 1, EOR);
    drain("descriptors behind data", 10);

    struct rlimit files, none; /* getrlimit is FreeBSD's here */
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files);
    put(7, 20, EOR);
    put(1, 0, EOR);
    none = files;
    none.rlim_cur = (rlim_t)pair[1] + 4;
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &none, NULL);
    printf("without numbers:");
    get(10);
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
    get(10);
    get(10);
    puts("");

    /* On FreeBSD, the control message for 126 descriptors has 1024 bytes, that for 62 has 512. */
    renew(8192);
    printf("more descriptors than room: %d\n", put(1, 62 + 2 * 96, EOR) == -40);
    int sent = put(20000, 126, EOR);
    printf("a long one is cut: %d, and then %d\n", sent, put(1, 0, EOR));
    printf("room for a byte: %d\n", space(1));
    printf("received as it was cut: %d\n", take(ROOM) == sent && descriptors == 126 && flags == 0);
    printf("room for a byte: %d\n", space(1));
    int rest = put(20000 - sent, 0, EOR);
    printf("the rest is cut: %d\n", rest);

    /* As observed on 15.1, with the default buffers; there the 66th was not received. */
    renew(0);
    int whole = 0, last;
    while ((last = put(1000, 0, EOR)) == 1000)
        whole++;
    printf("records of 1000 until full: %d, then %d, then %d\n", whole, last, put(1, 0, EOR));
    for (int i = 0; i < 3; i++)
        take(ROOM);
    printf("60000 into 3000 bytes of room: %d\n", put(60000, 0, EOR));
    printf("received:");
    for (int i = 3; i < whole; i++)
        take(ROOM);
    get(ROOM);
    puts("");

    renew(8192);
    put(8192 - 512, 0, EOR);
    printf("only descriptors fit: %d,", put(1, 62, EOR));
    take(ROOM);
    get(ROOM);
    puts("");

    renew(8192);
    put(8000, 0, EOR);
    printf("the start of a record is received: %d, ", space(193));
    take(1);
    printf("%d, ", space(193));
    take(ROOM);
    printf("%d\n", space(8192));

    int small = 0;
    renew(8192);
    while (put(1, 0, EOR) == 1)
        small++;
    printf("records of a byte until the memory is full: %d, and space for a byte: %d\n", small, space(1));
    take(ROOM);
    printf("space for a byte: %d, for two records: %d\n", space(1), space(257));

    renew(0);
    put(1, 0, EOR);
    put(1, 0, 0);
    close(pair[0]);
    printf("the end:");
    get(10);
    get(10);
    get(10);
    puts("");
    renew(0);
    close(pair[1]);
    pair[1] = dup(pair[0]);
    printf("to nobody: %d\n", put(1, 0, EOR) == -EPIPE);
    printf("room, or nobody to receive: %d\n", space(1000000));

    /* A program without the simulation: each of its packets is a record. */
    renew(0);
    syscall(SYS_sendto, pair[0], "ab", 2, 0, NULL, 0);
    syscall(SYS_sendto, pair[0], "", 0, 0, NULL, 0);
    syscall(SYS_sendto, pair[0], "c", 1, 0, NULL, 0);
    drain("packets of others", 10);
    puts("end");
    return 0;
}
