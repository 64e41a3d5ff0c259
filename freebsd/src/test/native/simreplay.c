/*
 * Replays the observations of behaviour-14.0-amd64.txt or behaviour-15.1-amd64.txt on the simulated
 * FreeBSD, and prints the results in the same format: "== SECTION", followed by lines. A test searches each
 * line in that file.
 *
 *     cc -o simreplay simreplay.c -L. -lfreebsd-sim
 *     FREEBSD_SIM_RELEASE=15.1 ./freebsd-sim ./simreplay
 *
 * A line that ends with "..." is the start of an observed line, the end of which was a time or a size.
 * The functions of the library precede those of libc, so errno has FreeBSD's numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* FreeBSD's names that the headers of Linux lack. */
struct kevent {
    uint64_t ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    int64_t data;
    uint64_t udata, ext[4];
};
struct info { int signo, error, code, pid; unsigned uid; int status; uint64_t rest[7]; };
int pdfork(int *, int);
int pdkill(int, int);
int pdgetpid(int, int *);
int wait6(int, int64_t, int *, int, void *, struct info *);
int kqueue(void);
int kevent(int, const struct kevent *, int, struct kevent *, int, const struct timespec *);
int cap_rights_limit(int, const uint64_t *);
int __cap_rights_get(int, int, uint64_t *);
int cap_enter(void);
int pdwait(int, int *, int, void *, struct info *);
int rfork(int);
int cap_getmode(unsigned *);
int procctl(int, int64_t, int, int *);
struct message {
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
int freebsd_fstat(int, char *) __asm__("fstat");

enum { PD_DAEMON = 1, PD_CLOEXEC = 2, EV_ADD = 1, EV_ONESHOT = 0x10 };
enum { F_WNOHANG = 1, F_WUNTRACED = 2, F_WCONTINUED = 4, F_WNOWAIT = 8, F_WEXITED = 16 };
enum { F_SIGSTOP = 17, F_SIGCONT = 19 };
#define NOTE_EXIT 0x80000000u

static int is_15; /* the release is 15.1 */

static const char *name_of(int e)
{
    static const struct { int number; const char *name; } names[] = {{1, "EPERM"}, {2, "ENOENT"},
        {3, "ESRCH"}, {9, "EBADF"}, {10, "ECHILD"}, {14, "EFAULT"}, {19, "ENODEV"}, {22, "EINVAL"},
        {35, "EAGAIN"}, {45, "EOPNOTSUPP"}, {78, "ENOSYS"}, {93, "ENOTCAPABLE"}, {94, "ECAPMODE"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == e)
            return names[i].name;
    return "?";
}

static void is(const char *what, int result)
{
    if (result < 0)
        printf("%-58s -> %d %s(%d)\n", what, result, name_of(errno), errno);
    else
        printf("%-58s -> %d\n", what, result);
}
#define IS(call) is(#call, call)

static void status(const char *before, int s)
{
    printf("%s0x%x ", before, s);
    if ((s & 0x7f) == 0)
        printf("exited(%d)\n", s >> 8);
    else if ((s & 0xff) == 0x7f)
        printf("stopped(%d)\n", s >> 8);
    else if (s == 0x13)
        printf("other WIFCONTINUED=1\n");
    else
        printf("signaled(%d)\n", s & 0x7f);
}

static void poll_is(int fd, int events, int timeout)
{
    struct pollfd p = {fd, (short)events, 0};
    int r = poll(&p, 1, timeout);
    printf("   poll(events=0x%x,timeout=%d) -> %d revents=0x%x\n", events, timeout, r, p.revents);
}

/* ---- children: some exit at once, some answer commands and exit on request */

static int talk[2], answer[2];

static int start(int *fd, int flags, int code) /* code < 0: does not exit */
{
    if (code < 0 && (pipe(talk) != 0 || pipe(answer) != 0))
        abort();
    int pid = pdfork(fd, flags);
    if (pid == 0) {
        char c;
        if (code >= 0)
            _exit(code);
        close(talk[1]);
        close(answer[0]);
        while (syscall(SYS_read, talk[0], &c, 1) == 1) {
            if (c == 'q')
                _exit(9);
            if (syscall(SYS_write, answer[1], &c, 1) != 1)
                break;
        }
        for (;;) /* only a signal terminates it */
            syscall(SYS_pause);
    }
    if (pid < 0) {
        perror("pdfork");
        exit(1);
    }
    if (code < 0) {
        close(talk[0]);
        close(answer[1]);
    }
    return pid;
}

static int lives(void)
{
    char c = 'x';
    return write(talk[1], &c, 1) == 1 && read(answer[0], &c, 1) == 1;
}

static void gone(void) /* waits for the end of file */
{
    char c;
    while (read(answer[0], &c, 1) > 0) {
    }
}

static void hang_up(void)
{
    close(talk[1]);
    close(answer[0]);
}

static void ended(int fd)
{
    struct pollfd p = {fd, 0, 0};
    poll(&p, 1, -1);
}

static int wait_code(int pid, int options)
{
    int s = 0;
    return wait6(0, pid, &s, options, NULL, NULL) < 0 ? -errno : s;
}

static void echild(const char *what, int r)
{
    printf("%s-1 %s\n", what, r < 0 ? name_of(-r) : "?");
}

/* ---- kqueue */

static int add(int kq, int fd, int filter, int flags, unsigned fflags)
{
    struct kevent k = {.ident = (uint64_t)fd, .filter = (short)filter,
        .flags = (unsigned short)(EV_ADD | flags), .fflags = fflags};
    return kevent(kq, &k, 1, NULL, 0, NULL);
}

static void add_is(const char *what, int r)
{
    if (r < 0)
        printf("%s -> -1 %s\n", what, name_of(errno));
    else
        printf("%s -> %d\n", what, r);
}

static void event_is(const char *what, int kq, int wait)
{
    struct kevent k;
    struct timespec none = {0, 0};
    int r = kevent(kq, NULL, 0, &k, 1, wait ? NULL : &none);
    if (r == 0)
        printf("%s -> 0 (timeout)\n", what);
    else
        printf("%s -> %d ident=%d filter=%d flags=0x%x fflags=0x%x data=%d (0x%x)\n", what, r,
            (int)k.ident, k.filter, k.flags, k.fflags, (int)k.data, (unsigned)k.data);
}

static void at(int *fd, int number) /* the number of the descriptor on FreeBSD */
{
    if (*fd != number) {
        dup2(*fd, number);
        close(*fd);
        *fd = number;
    }
}

static volatile sig_atomic_t chld;
static void on_chld(int number)
{
    (void)number;
    chld++;
}

static void basics(void)
{
    int fd = -1, q = 0, pid;
    puts("== pdfork basics");
    char st[224];
    unsigned short mode;
    uint64_t inode, birth;
    unsigned uid;
    pid = start(&fd, 0, 7);
    status("waitpid(pid)=", wait_code(pid, F_WEXITED));
    is("fstat(pd after reap)", freebsd_fstat(fd, st));
    memcpy(&inode, st + 8, 8);
    memcpy(&mode, st + 24, 2);
    memcpy(&uid, st + 28, 4);
    printf("   st_mode=0%o st_uid=%u st_ino=%d\n", mode, uid, (int)inode);
    close(fd);
    pid = start(&fd, 0, -1);
    is("fstat(pd alive)", freebsd_fstat(fd, st));
    memcpy(&mode, st + 24, 2);
    memcpy(&birth, st + 96, 8);
    printf("   st_mode=0%o (S_IFMT 0%o) birthtim set=%d\n", mode, mode & 0170000, birth != 0);
    close(fd);
    hang_up();
    pid = start(&fd, PD_CLOEXEC, 0);
    printf("pdfork(PD_CLOEXEC): FD_CLOEXEC=%ld\n", syscall(SYS_fcntl, fd, 1 /* F_GETFD */));
    close(fd);
    pid = start(&fd, 0, -1);
    IS(pdkill(fd,0));
    is("pdgetpid(alive)", pdgetpid(fd, &q));
    printf("   equal to fork return: %d\n", q == pid);
    is("pdkill(fd,SIGSTOP)", pdkill(fd, F_SIGSTOP));
    status("waitpid(pid,WNOHANG|WUNTRACED) after SIGSTOP: ", wait_code(pid, F_WUNTRACED));
    poll_is(fd, 0x11, 0);
    is("pdkill(fd,SIGCONT)", pdkill(fd, F_SIGCONT));
    status("waitpid(WCONTINUED): ", wait_code(pid, F_WCONTINUED));
    is("pdkill(fd,SIGTERM)", pdkill(fd, 15));
    status("waitpid: ", wait_code(pid, F_WEXITED));
    close(fd);
    hang_up();
    IS(pdkill(0,0));
    IS(pdkill(99,0));
    IS(pdgetpid(0,&q));
    IS(pdfork(&fd,0x100));
    is("pdfork(&fd,PD_CLOEXEC|0x8)", pdfork(&fd, PD_CLOEXEC | 8));
    IS(pdfork((int*)8,0));
}

static void waits(void)
{
    int fd, q, s, pid;
    struct info i;
    puts("== SIGCHLD / waits");
    signal(SIGCHLD, on_chld);
    pid = start(&fd, 0, 7);
    ended(fd);
    printf("SIGCHLD count after pdforked child exit: %d...\n", (int)chld);
    int any = waitpid(-1, NULL, WNOHANG);
    printf("waitpid(-1,WNOHANG): %d %s\n", any, name_of(errno));
    for (int n = 1; n <= 2; n++) {
        memset(&i, 0, sizeof i);
        int r = wait6(0, pid, &s, F_WNOWAIT | F_WEXITED, NULL, &i);
        printf("wait6(P_PID,pid,WNOWAIT|WEXITED) #%d: ret==pid:%d 0x%x exited(%d) si_signo=%d "
            "si_code=%d si_status=%d si_pid ok=%d...\n", n, r == pid, s, s >> 8, i.signo, i.code,
            i.status, i.pid == pid);
    }
    is("pdkill(zombie,0)", pdkill(fd, 0));
    is("pdkill(zombie,SIGKILL)", pdkill(fd, 9));
    is("pdgetpid(zombie)", pdgetpid(fd, &q));
    printf("   pid ok=%d\n", q == pid);
    is("kill(zombie,0)", kill(pid, 0));
    poll_is(fd, 0x11, 0);
    int r = wait6(0, pid, &s, F_WEXITED, NULL, NULL);
    printf("waitpid(pid,0): ret==pid:%d 0x%x exited(%d)\n", r == pid, s, s >> 8);
    echild("second waitpid(pid,0): ", wait_code(pid, F_WEXITED));
    echild("wait6 after reap: ", wait_code(pid, F_WEXITED));
    is("pdkill(reaped,0)", pdkill(fd, 0));
    is("pdkill(reaped,SIGKILL)", pdkill(fd, 9));
    is("pdgetpid(reaped)", pdgetpid(fd, &q));
    printf("   pid=%s\n", q == pid ? "same pid" : "another");
    is("kill(reaped,0)", kill(pid, 0));
    poll_is(fd, 0x11, 0);
    poll_is(fd, 0, 0);
    is("close(pd of reaped)", close(fd));
    is("pdkill(closed fd)", pdkill(fd, 0));
    pid = start(&fd, 0, -1);
    printf("waitpid(live,WNOHANG): %d\n", wait6(0, pid, &s, F_WEXITED | F_WNOHANG, NULL, NULL));
    any = waitpid(-1, NULL, WNOHANG);
    printf("waitpid(-1,WNOHANG) with only a live pd child: %d %s\n", any, name_of(errno));
    if (write(talk[1], "q", 1) != 1)
        abort();
    r = wait6(0, pid, &s, F_WEXITED, NULL, NULL);
    printf("blocking waitpid(pid) on live pd child: ok=%d 0x%x exited(%d)...\n", r == pid, s, s >> 8);
    close(fd);
    hang_up();
    pid = start(&fd, 0, -1);
    close(fd);
    gone();
    hang_up();
    echild("waitpid(pid,WNOHANG) after close() of last pd fd: ", wait_code(pid, F_WEXITED | F_WNOHANG));
    signal(SIGCHLD, SIG_IGN);
    pid = start(&fd, 0, 5);
    ended(fd);
    r = wait6(0, pid, &s, F_WEXITED | F_WNOHANG, NULL, NULL);
    printf("SIGCHLD=SIG_IGN: waitpid(pid,WNOHANG) after exit: ok=%d 0x%x exited(%d)\n", r == pid, s,
        s >> 8);
    close(fd);
    signal(SIGCHLD, SIG_DFL);
}

static void polls(void)
{
    int fd, pid = start(&fd, 0, -1);
    puts("== poll");
    poll_is(fd, 0x1, 0);
    poll_is(fd, 0x4, 0);
    poll_is(fd, 0x10, 0);
    poll_is(fd, 0x0, 0);
    pdkill(fd, 9);
    ended(fd);
    poll_is(fd, 0x1, 0);
    poll_is(fd, 0x45, 0);
    wait_code(pid, F_WEXITED);
    poll_is(fd, 0x1, 0);
    close(fd);
    poll_is(fd, 0x1, 0);
    hang_up();
}

static void kqueues(void)
{
    int fd, pid, kq, other;
    puts("== kqueue");
    kq = kqueue();
    other = kqueue();
    at(&kq, 30);
    at(&other, 31);
    pid = start(&fd, 0, -1);
    at(&fd, 5);
    add_is("EV_ADD while alive", add(kq, fd, -8, 0, NOTE_EXIT));
    event_is("kevent before exit", kq, 0);
    pdkill(fd, 9);
    event_is("kevent SIGKILL", kq, 1);
    hang_up();
    close(fd);
    pid = start(&fd, 0, 7);
    at(&fd, 5);
    add_is("EV_ADD", add(kq, fd, -8, 0, NOTE_EXIT));
    event_is("kevent exit(7)", kq, 1);
    event_is("kevent again (no EV_CLEAR/ONESHOT)", kq, 0);
    add_is("EV_ADD in a 2nd kq after exit (zombie)", add(other, fd, -8, 0, NOTE_EXIT));
    event_is("  kevent", other, 1);
    status("waitpid: ", wait_code(pid, F_WEXITED));
    event_is("kevent on first kq after reap", kq, 0);
    add_is("EV_ADD after reap", add(kq, fd, -8, 0, NOTE_EXIT));
    event_is("  kevent", kq, 1);
    close(fd);
    event_is("kevent after close(pd)", kq, 0);
    pid = start(&fd, 0, -1);
    at(&fd, 5);
    add_is("EV_ADD|EV_ONESHOT", add(kq, fd, -8, EV_ONESHOT, NOTE_EXIT));
    pdkill(fd, 6);
    event_is("kevent SIGABRT", kq, 1);
    status("   waitpid: ", wait_code(pid, F_WEXITED) & ~0x80);
    close(fd);
    hang_up();
    pid = start(&fd, 0, 4);
    at(&fd, 5);
    add_is("EV_ADD fflags=0", add(kq, fd, -8, 0, 0));
    ended(fd);
    event_is("kevent fflags=0", kq, 0);
    add_is("EVFILT_READ on procdesc", add(kq, fd, -1, 0, 0));
    add_is("EVFILT_PROCDESC on fd 0 (not a procdesc)", add(kq, 0, -8, 0, NOTE_EXIT));
    close(fd);
    close(kq);
    close(other);
    (void)pid;
}

static void closes(void)
{
    int fd, copy, pid;
    puts("== close semantics");
    pid = start(&fd, 0, -1);
    close(fd);
    gone();
    printf("close(last fd), PD_DAEMON unset: child gone=1...\n");
    echild("   waitpid: ", wait_code(pid, F_WEXITED));
    hang_up();
    pid = start(&fd, PD_DAEMON, -1);
    close(fd);
    printf("PD_DAEMON close: gone within 500ms=%d\n", !lives());
    is("   kill(pid,0)", kill(pid, 0));
    echild("   waitpid(pid,WNOHANG): ", wait_code(pid, F_WEXITED | F_WNOHANG));
    kill(pid, SIGKILL);
    gone();
    printf("   killed: gone=1\n");
    hang_up();
    pid = start(&fd, 0, -1);
    copy = dup(fd);
    close(fd);
    printf("dup still open: gone within 300ms=%d\n", !lives());
    is("   pdkill(dup,0)", pdkill(copy, 0));
    close(copy);
    gone();
    printf("   after closing dup: gone=1\n");
    hang_up();
    int held[2];
    char byte;
    if (pipe(held) != 0)
        abort();
    pid_t holder = fork();
    if (holder == 0) { /* the child has a copy of the pipe */
        start(&fd, 0, -1);
        kill(getpid(), lives() ? SIGKILL : SIGTERM);
    }
    close(held[1]);
    waitpid(holder, &copy, 0);
    if (WTERMSIG(copy) == SIGKILL && read(held[0], &byte, 1) == 0)
        printf("holder SIGKILLed: child gone=1...\n");
    close(held[0]);
    pid = start(&fd, 0, 3);
    ended(fd);
    close(fd);
    while (kill(pid, 0) == 0)
        sched_yield();
    echild("close(pd) of an unreaped zombie, then waitpid: ", wait_code(pid, F_WEXITED));
    is("   kill(pid,0)", kill(pid, 0));
}

/* Sends a descriptor in a message of one byte, with FreeBSD's layout. */
struct passing {
    char byte;
    struct iovec iov;
    struct { unsigned length; int level, type, none, fd, last; } control;
    struct message message;
};

static struct message *prepare(struct passing *p, int fd)
{
    memset(p, 0, sizeof *p);
    p->iov = (struct iovec){&p->byte, 1};
    p->control.length = 20;
    p->control.level = 0xffff;
    p->control.type = 1;
    p->control.fd = fd;
    p->message = (struct message){.iov = &p->iov, .iov_count = 1, .control = &p->control,
        .control_size = sizeof p->control};
    return &p->message;
}

static int give(int socket, int fd)
{
    struct passing p;
    return (int)freebsd_sendmsg(socket, prepare(&p, fd), 0);
}

static int take(int socket)
{
    struct passing p;
    if (freebsd_recvmsg(socket, prepare(&p, -1), 0) != 1 || p.control.level != 0xffff ||
        p.control.type != 1 || p.control.length != 20)
        abort();
    return p.control.fd;
}

static void passed(void)
{
    int fd, pair[2], kq, q, s;
    char byte = 0;
    puts("== SCM_RIGHTS");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        abort();
    fflush(stdout);
    pid_t receiver = fork();
    if (receiver == 0) {
        close(pair[0]);
        fd = take(pair[1]);
        int own = fcntl(fd, F_GETFD);
        printf(" receiver: got fd ok=1 FD_CLOEXEC=%d\n", own);
        at(&fd, 3);
        is(" receiver pdgetpid", pdgetpid(fd, &q));
        poll_is(fd, 0x1, 0);
        echild(" receiver waitpid(pid,WNOHANG): ", wait_code(q, F_WEXITED | F_WNOHANG));
        echild(" receiver wait6: ", wait_code(q, F_WEXITED));
        kq = kqueue();
        add_is(" receiver kq add", add(kq, fd, -8, 0, NOTE_EXIT));
        is(" receiver pdkill(SIGTERM)", pdkill(fd, 15));
        event_is(" receiver kevent", kq, 1);
        poll_is(fd, 0x1, 0);
        echild(" receiver waitpid after exit: ", wait_code(q, F_WEXITED));
        fflush(stdout);
        if (write(pair[1], "x", 1) != 1 || read(pair[1], &byte, 1) != 1)
            _exit(1);
        is(" receiver pdkill after sender reaped", pdkill(fd, 0));
        is(" receiver pdgetpid after reap", pdgetpid(fd, &q));
        fflush(stdout);
        _exit(0);
    }
    close(pair[1]);
    int pid = start(&fd, 0, -1);
    is("sendmsg SCM_RIGHTS(procdesc)", give(pair[0], fd));
    fflush(stdout);
    if (read(pair[0], &byte, 1) != 1)
        abort();
    int r = wait6(0, pid, &s, F_WEXITED, NULL, NULL);
    printf("sender waitpid: ok=%d 0x%x signaled(%d)\n", r == pid, s, s & 0x7f);
    fflush(stdout);
    if (write(pair[0], "x", 1) != 1)
        abort();
    waitpid(receiver, NULL, 0);
    close(fd);
    hang_up();
}

/* ---- rights */

#define CAP_NONE0 0x200000000000000ULL
#define CAP_NONE1 0x400000000000000ULL

static void limited(const char *name, int word, uint64_t right)
{
    int fd, pair[2], q, copy, kq = kqueue();
    char buffer[224];
    uint64_t rights[2] = {CAP_NONE0, CAP_NONE1};
    rights[word] |= right;
    at(&kq, 30);
    int pid = start(&fd, 0, -1);
    at(&talk[1], 31);
    at(&answer[0], 32);
    dup2(0, 3);
    at(&fd, 4);
    printf("-- limited to {%s: cap_rights_limit=%d\n", name, cap_rights_limit(fd, rights));
    is("   pdkill(fd,0)", pdkill(fd, 0));
    is("   pdgetpid", pdgetpid(fd, &q));
    is("   fstat", freebsd_fstat(fd, buffer));
    poll_is(fd, 0x1, 0);
    if (add(kq, fd, -8, 0, NOTE_EXIT) < 0)
        printf("   kevent EV_ADD -> -1 %s\n", name_of(errno));
    else
        printf("   kevent EV_ADD -> 0\n");
    int flags = fcntl(fd, F_GETFL);
    is("   fcntl(F_GETFL)", flags);
    is("   fcntl(F_GETFD)", fcntl(fd, F_GETFD));
    is("   dup", copy = dup(fd));
    close(copy);
    if (socketpair(1, SOCK_STREAM, 0, pair) != 0)
        abort();
    is("   sendmsg(SCM_RIGHTS)", give(pair[0], fd));
    copy = take(pair[1]);
    is("   pdkill on received copy", pdkill(copy, 0));
    printf("   waitpid(pid,WNOHANG)=%d\n", wait_code(pid, F_WEXITED | F_WNOHANG));
    if (word == 0 && right != 0) {
        rights[1] |= 0x800;
        is("widening rights", cap_rights_limit(fd, rights));
    }
    close(copy);
    close(fd);
    close(pair[0]);
    close(pair[1]);
    close(kq);
    hang_up();
}

static void rights(void)
{
    int fd;
    uint64_t all[2];
    puts("== cap_rights_limit on a procdesc");
    start(&fd, 0, -1);
    __cap_rights_get(0, fd, all);
    printf("initial rights: cr_rights[0]=0x%llx [1]=0x%llx\n", (unsigned long long)all[0],
        (unsigned long long)all[1]);
    printf("  PDGETPID:%d PDWAIT:%d PDKILL:%d EVENT:%d FSTAT:%d\n", !!(all[1] & 0x200),
        !!(all[1] & 0x400), !!(all[1] & 0x800), !!(all[1] & 0x20), !!(all[0] & 0x80000));
    close(fd);
    hang_up();
    limited("} (none)", 1, 0);
    limited("CAP_PDKILL}", 1, 0x800);
    limited("CAP_PDGETPID}", 1, 0x200);
    limited("CAP_EVENT}", 1, 0x20);
    limited("CAP_PDWAIT}", 1, 0x400);
    limited("CAP_FSTAT}", 0, 0x80000);
}

/* Returns the wait status of a dynamic program that is executed in capability mode. */
static int executed(int program, char **words, char **environment)
{
    int fd, kq = kqueue();
    struct kevent end;
    fflush(stdout);
    if (pdfork(&fd, 0) == 0) {
        close(2); /* the linker prints its error there */
        fexecve(program, words, environment);
        _exit(126);
    }
    add(kq, fd, -8, 0, NOTE_EXIT);
    int found = kevent(kq, NULL, 0, &end, 1, NULL);
    close(fd);
    close(kq);
    return found == 1 ? (int)end.data : -1;
}

/* Returns whether the simulation sees the names that programs open. */
static int names_are_filtered(void)
{
    char line[256];
    int filtered = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        filtered |= strncmp(line, "Seccomp:\t2", 10) == 0;
    if (status != NULL)
        fclose(status);
    return filtered;
}

/* The child exits; the parent prints that there is one, or the error. */
static void created(const char *what, int pid)
{
    if (pid == 0)
        _exit(0);
    is(what, pid > 0 ? 1 : pid);
}

/* ---- what 15.1 added */

static void new_is(const char *what, int result)
{
    static const struct { int number; const char *text; } errors[] = {{3, "No such process"},
        {9, "Bad file descriptor"}, {10, "No child processes"}, {22, "Invalid argument"},
        {35, "Resource temporarily unavailable"}, {93, "Capabilities insufficient"}};
    const char *text = "?";
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == errno)
            text = errors[i].text;
    if (result < 0)
        printf("%-64s -> -1 errno %d %s\n", what, errno, text);
    else
        printf("%-64s -> %d\n", what, result);
}

static int wait_by_descriptor(int fd, int *s, int options)
{
    return pdwait(fd, s, options, NULL, NULL);
}

static void exit_event(const char *what, int fd, int with_flags)
{
    int kq = kqueue();
    struct kevent k;
    add(kq, fd, -8, 0, NOTE_EXIT);
    int count = kevent(kq, NULL, 0, &k, 1, NULL);
    printf("%s: %d event, data 0x%x", what, count, (unsigned)k.data);
    if (with_flags)
        printf(" flags 0x%x", k.flags);
    puts("");
    close(kq);
}

static void waits_by_descriptor(void)
{
    int fd, q, s = 0, ends[2], pid = start(&fd, 0, 42);
    struct info i;
    uint64_t usage[18];
    puts("== pdwait");
    new_is("pdwait(fd, WEXITED) after exit 42", pdwait(fd, &s, F_WEXITED, usage, &i));
    printf("   status 0x%x, si_code %d si_status %d si_pid==pid %d...\n", (unsigned)s, i.code, i.status,
        i.pid == pid);
    new_is("pdwait again", wait_by_descriptor(fd, &s, F_WEXITED));
    new_is("waitpid(pid) after pdwait", wait4(pid, &s, 0, NULL));
    new_is("pdkill(fd, 0) after pdwait", pdkill(fd, 0));
    new_is("pdgetpid after pdwait", pdgetpid(fd, &q));
    printf("   pid still known %d\n", q == pid);
    exit_event("kqueue NOTE_EXIT registered after pdwait", fd, 1);
    close(fd);
    pid = start(&fd, 0, 7);
    new_is("waitpid(pid) first (thief)", wait4(pid, &s, 0, NULL) == pid);
    new_is("pdwait after the thief", wait_by_descriptor(fd, &s, F_WEXITED));
    exit_event("kqueue after the thief", fd, 0);
    close(fd);
    start(&fd, 0, -1);
    new_is("pdwait(WNOHANG|WEXITED) alive", wait_by_descriptor(fd, &s, F_WNOHANG | F_WEXITED));
    new_is("pdwait(options 0)", wait_by_descriptor(fd, &s, 0));
    pdkill(fd, F_SIGSTOP);
    while (wait_by_descriptor(fd, &s, F_WUNTRACED | F_WNOHANG | F_WNOWAIT) < 0)
        sched_yield();
    new_is("pdwait(WUNTRACED|WNOHANG) stopped", wait_by_descriptor(fd, &s, F_WUNTRACED | F_WNOHANG));
    printf("   status 0x%x\n", (unsigned)s);
    pdkill(fd, F_SIGCONT);
    while (wait_by_descriptor(fd, &s, F_WCONTINUED | F_WNOHANG | F_WNOWAIT) < 0)
        sched_yield();
    new_is("pdwait(WCONTINUED|WNOHANG)", wait_by_descriptor(fd, &s, F_WCONTINUED | F_WNOHANG));
    printf("   status 0x%x\n", (unsigned)s);
    pdkill(fd, 9);
    int copy = dup(fd);
    new_is("pdwait(WNOWAIT|WEXITED) on a dup", wait_by_descriptor(copy, &s, F_WNOWAIT | F_WEXITED));
    printf("   status 0x%x\n", (unsigned)s);
    new_is("then pdwait(WEXITED) on the original", wait_by_descriptor(fd, &s, F_WEXITED));
    close(copy);
    close(fd);
    hang_up();
    if (pipe(ends) != 0)
        abort();
    new_is("pdwait on a pipe", wait_by_descriptor(ends[0], &s, F_WEXITED));
    new_is("pdwait(-1)", wait_by_descriptor(-1, &s, F_WEXITED));
    close(ends[0]);
    close(ends[1]);

    puts("== waits by others");
    pid = start(&fd, PD_DAEMON, 0);
    ended(fd);
    close(fd);
    while (kill(pid, 0) == 0)
        sched_yield();
    new_is("PD_DAEMON, exited, closed: waitpid(pid)", wait4(pid, &s, 0, NULL));
    new_is("   waitpid(-1)", wait4(-1, &s, 0, NULL));

    puts("== flags");
    for (int flags = 0; flags <= 0x10; flags = flags == 0 ? 1 : 2 * flags) {
        char what[32];
        fflush(stdout);
        int made = pdfork(&fd, flags);
        if (made == 0)
            _exit(0);
        snprintf(what, sizeof what, "pdfork flags 0x%x", (unsigned)flags);
        new_is(what, made < 0 ? made : 0);
        if (made > 0) {
            ended(fd);
            close(fd);
        }
    }
}

/* Records on a SOCK_SEQPACKET socket. */
static int put_with(int socket, int size, int descriptor, int flags)
{
    static char data[70000];
    struct passing p;
    struct message *m = prepare(&p, descriptor);
    p.iov = (struct iovec){data, (size_t)size};
    if (descriptor < 0) {
        m->control = NULL;
        m->control_size = 0;
    }
    return (int)freebsd_sendmsg(socket, m, flags | 0x80 /* MSG_DONTWAIT */);
}

static int put_record(int socket, int size, int flags)
{
    return put_with(socket, size, -1, flags);
}

static int get_record(const char *what, int socket, int room)
{
    static char data[70000];
    struct passing p;
    struct message *m = prepare(&p, -1);
    p.iov = (struct iovec){data, (size_t)room};
    int r = (int)freebsd_recvmsg(socket, m, 0x40080 /* MSG_CMSG_CLOEXEC, MSG_DONTWAIT */);
    if (r < 0)
        printf("%-48s -> -1 errno %d Resource temporarily unavailable\n", what, errno);
    else
        printf("%-48s -> %d bytes, flags 0x%x%s, %d descriptors\n", what, r, (unsigned)m->flags,
            m->flags & 8 ? " EOR" : "", m->control_size > 0);
    if (r >= 0 && m->control_size > 0)
        close(p.control.fd);
    return r;
}

static void room_of_records(int from, int to)
{
    enum { EOR = 8, WRITE = -2, LOWAT = 1 };
    int whole = 0, last, kq = kqueue();
    struct kevent k = {.ident = (uint64_t)from, .filter = WRITE, .flags = EV_ADD, .fflags = LOWAT,
        .data = 1000};
    struct timespec none = {0, 0};
    while ((last = put_record(from, 1000, EOR)) == 1000)
        whole++;
    printf("records of 1000 until full: %d, then errno 0 %s: 0\n", whole, last > 0 ? "No error" : "?");
    new_is("   send 1 byte DONTWAIT", put_record(from, 1, EOR));
    new_is("   send 1000 with a descriptor DONTWAIT", put_with(from, 1000, 0, EOR));
    last = kevent(kq, &k, 1, &k, 1, &none);
    printf("EVFILT_WRITE NOTE_LOWAT 1000 on a full queue -> %d (errno 0), data %d\n", last,
        last == 0 ? 0 : (int)k.data);
    close(kq);
    for (int i = 0; i < 3; i++)
        get_record("drain: recv 70000", to, 70000);
    new_is("send 60000 MSG_EOR DONTWAIT into the part-empty queue", put_record(from, 60000, EOR));
}

static int buffer_size(int socket, int option)
{
    int size = -1;
    socklen_t length = sizeof size;
    return getsockopt(socket, 0xffff, option, &size, &length) == 0 ? size : -1;
}

static void records(void)
{
    enum { EOR = 8 };
    int pair[2];
    puts("== SOCK_SEQPACKET records");
    new_is("socketpair(SEQPACKET)", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    printf("SO_SNDBUF %d\n", buffer_size(pair[0], 0x1001));
    printf("SO_RCVBUF %d\n", buffer_size(pair[1], 0x1002));
    new_is("send 5 without MSG_EOR", put_record(pair[0], 5, 0));
    new_is("send 6 without MSG_EOR", put_record(pair[0], 6, 0));
    get_record("recv 100", pair[1], 100);
    get_record("recv 100", pair[1], 100);
    new_is("send 5 MSG_EOR", put_record(pair[0], 5, EOR));
    new_is("send 6 MSG_EOR", put_record(pair[0], 6, EOR));
    get_record("recv 100", pair[1], 100);
    get_record("recv 100", pair[1], 100);
    new_is("send 50 MSG_EOR", put_record(pair[0], 50, EOR));
    get_record("recv 20 (short)", pair[1], 20);
    get_record("recv 100 (rest?)", pair[1], 100);
    new_is("send 0 bytes MSG_EOR", put_record(pair[0], 0, EOR));
    get_record("recv 100", pair[1], 100);
    new_is("send 0 bytes with a descriptor, MSG_EOR", put_with(pair[0], 0, 0, EOR));
    get_record("recv 100", pair[1], 100);
    new_is("send 4 with a descriptor, MSG_EOR", put_with(pair[0], 4, 0, EOR));
    get_record("recv 2 (short, with descriptors)", pair[1], 2);
    get_record("recv 100", pair[1], 100);
    room_of_records(pair[0], pair[1]);
    close(pair[0]);
    close(pair[1]);
}

static void new_calls_in_capability_mode(void)
{
    int fd, s = 0;
    uint64_t only_pid[2] = {CAP_NONE0, CAP_NONE1 | 0x200};
    start(&fd, 0, 21);
    new_is("pdwait", wait_by_descriptor(fd, &s, F_WEXITED));
    printf("   status 0x%x\n", (unsigned)s);
    close(fd);
    start(&fd, 0, 0);
    new_is("cap_rights_limit(CAP_PDGETPID)", cap_rights_limit(fd, only_pid));
    new_is("   pdwait", wait_by_descriptor(fd, &s, F_WEXITED));
    new_is("   pdkill", pdkill(fd, 0));
    close(fd);
}

/* The last section, because capability mode cannot be left. */
static void capability_mode(void)
{
    int fd, q, s, kq;
    unsigned mode;
    int program = open("/bin/echo", O_RDONLY), linker = open("/libexec/ld-elf.so.1", O_RDONLY);
    int libraries = open("/lib", O_RDONLY);
    int shell = open("/bin/sh", O_RDONLY);
    char number[16], shell_number[16], path[64];
    snprintf(number, sizeof number, "%d", program);
    snprintf(shell_number, sizeof shell_number, "%d", shell);
    snprintf(path, sizeof path, "LD_LIBRARY_PATH_FDS=%d", libraries);
    char *words[] = {"ld-elf.so.1", "-f", number, "--", "echo", "hello", NULL};
    char *environment[] = {path, NULL}, *nothing[] = {NULL};
    puts("== capability mode");
    cap_enter();
    if (!is_15) { /* the probe of 15.1 lacked these programs */
        status("c5: test process ended ", executed(program, words + 4, environment));
        if (executed(linker, words, environment) != 0 || executed(linker, words, nothing) != 1 << 8)
            puts("the run-time linker does not do as it should");
    }
    char *opens[] = {"ld-elf.so.1", "-f", shell_number, "--", "sh", "-c", ": </dev/null", NULL};
    if (names_are_filtered() && executed(linker, opens, environment) == 0)
        puts("a program in capability mode opens a name");
    close(shell);
    close(program);
    close(linker);
    close(libraries);
    cap_getmode(&mode);
    printf("cap_getmode: %u sandboxed=%u\n", mode, mode);
    int pid = start(&fd, 0, 6);
    ended(fd);
    is("pdgetpid", pdgetpid(fd, &q));
    printf("   pid ok=%d\n", q == pid);
    s = 0;
    if (wait4(pid, &s, 0, NULL) < 0)
        printf("wait4(pid,0): %s\n", name_of(errno));
    else
        status("wait4(pid,0): ", s);
    echild("wait4(pid,WNOHANG): ", wait4(pid, &s, F_WNOHANG, NULL) < 0 ? -errno : 0);
    echild("wait6(P_PID): ", wait_code(pid, F_WEXITED | F_WNOHANG));
    echild("waitpid(-1): ", wait4(-1, &s, F_WNOHANG, NULL) < 0 ? -errno : 0);
    close(fd);
    start(&fd, 0, -1);
    at(&fd, is_15 ? 9 : 10);
    if (!is_15) /* there a message of the kernel is inside the line */
        is("pdkill(pd,0)", pdkill(fd, 0));
    is("pdkill(pd,SIGTERM)", pdkill(fd, 15));
    ended(fd);
    kq = kqueue();
    at(&kq, is_15 ? 10 : 11);
    is("kqueue()", kq);
    add_is("kevent EVFILT_PROCDESC", add(kq, fd, -8, 0, NOTE_EXIT));
    event_is("  kevent", kq, 1);
    poll_is(fd, 0x1, 0);
    is("close(pd)", close(fd));
    IS(open("/dev/null",O_RDWR));
    s = 0;
    is("procctl(PROC_NO_NEW_PRIVS_CTL)", procctl(0, 0, 19, &s));
    hang_up();
    fflush(stdout);
    created("vfork()", vfork());
    created("rfork(RFFDG|RFPROC)", rfork(0x14));
    if (is_15)
        new_calls_in_capability_mode();
}

static void stops(void)
{
    int fd, pid;
    puts("== extra");
    chld = 0;
    signal(SIGCHLD, on_chld);
    pid = start(&fd, 0, -1);
    pdkill(fd, F_SIGSTOP);
    wait_code(pid, F_WUNTRACED);
    printf("SIGCHLD on SIGSTOP of a pd child: count=%d...\n", (int)chld);
    pdkill(fd, F_SIGCONT);
    wait_code(pid, F_WCONTINUED);
    printf("SIGCHLD after SIGCONT: count=%d...\n", (int)chld);
    pdkill(fd, 9);
    wait_code(pid, F_WEXITED);
    printf("SIGCHLD after kill+reap: count=%d\n", (int)chld);
    close(fd);
    hang_up();
    signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
    const char *release = getenv("FREEBSD_SIM_RELEASE");
    is_15 = release != NULL && strncmp(release, "15", 2) == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (is_15) {
        waits_by_descriptor();
        records();
    }
    basics();
    waits();
    polls();
    kqueues();
    closes();
    passed();
    rights();
    stops();
    capability_mode();
    puts("== end");
    return 0;
}
