/*
 * Shows which events of a child the simulated FreeBSD reports to which waits: a kqueue with
 * EVFILT_PROCDESC, EVFILT_SIGNAL and EVFILT_USER, and threads that are blocked in pdwait and wait6. The
 * test has the expected lines; they were observed on 15.1, except those of 16.0, which follow the
 * sources.
 *
 *     cc -pthread -o simwaits simwaits.c -L. -lfreebsd-sim
 *     FREEBSD_SIM_RELEASE=15.1 ./freebsd-sim ./simwaits
 *
 * The functions of the library precede those of libc, so errno has FreeBSD's numbers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct kevent {
    uint64_t ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    int64_t data;
    uint64_t udata, ext[4];
};
int pdfork(int *, int);
int pdkill(int, int);
int pdwait(int, int *, int, void *, void *);
int wait6(int, int64_t, int *, int, void *, void *);
int kqueue(void);
int kevent(int, const struct kevent *, int, struct kevent *, int, const struct timespec *);

enum {
    F_WNOHANG = 1, F_WUNTRACED = 2, F_WCONTINUED = 4, F_WNOWAIT = 8, F_WEXITED = 16, F_SIGSTOP = 17,
    F_SIGCONT = 19, F_SIGCHLD = 20, EV_ADD = 1, EV_DELETE = 2, EV_ONESHOT = 0x10, EV_CLEAR = 0x20,
    PROCDESC = -8, SIGNAL = -6, USER = -11,
};
#define NOTE_EXIT 0x80000000u
#define NOTE_TRIGGER 0x01000000u

static int talk[2], answer[2], fd, pid;

/* Starts a child that echoes a byte and exits at end of file. */
static void start(void)
{
    if (pipe(talk) != 0 || pipe(answer) != 0)
        abort();
    pid = pdfork(&fd, 0);
    if (pid == 0) {
        char c;
        close(talk[1]);
        close(answer[0]);
        while (syscall(SYS_read, talk[0], &c, 1) == 1 && syscall(SYS_write, answer[1], &c, 1) == 1)
            continue;
        _exit(3);
    }
    if (pid < 0)
        abort();
    close(talk[0]);
    close(answer[1]);
}

static int lives(void)
{
    char c = 'x';
    return write(talk[1], &c, 1) == 1 && read(answer[0], &c, 1) == 1;
}

/* Waits until the child has closed its end of the pipe, and init has reaped it. */
static void gone(void)
{
    char c;
    while (read(answer[0], &c, 1) > 0 || kill(pid, 0) == 0)
        sched_yield();
}

static void hang_up(void)
{
    close(talk[1]);
    close(answer[0]);
}

/* ---- kqueue */

static void change(int kq, int ident, int filter, int flags, unsigned fflags)
{
    struct kevent k = {.ident = (uint64_t)ident, .filter = (short)filter,
        .flags = (unsigned short)flags, .fflags = fflags};
    if (kevent(kq, &k, 1, NULL, 0, NULL) != 0)
        printf("kevent(%d): errno %d\n", filter, errno);
}

/* Prints the next event, or none if none is pending. */
static void next(const char *what, int kq, int wait)
{
    struct kevent k;
    int r = kevent(kq, NULL, 0, &k, 1, wait ? NULL : &(struct timespec){0, 0});
    if (r == 0)
        printf("%s: no event\n", what);
    else if (r < 0)
        printf("%s: errno %d\n", what, errno);
    else
        printf("%s: filter %d flags 0x%x data 0x%x\n", what, k.filter, k.flags, (unsigned)k.data);
}

static void filters(void)
{
    int kq = kqueue(), s = 0;
    start();
    change(kq, fd, PROCDESC, EV_ADD | EV_ONESHOT, NOTE_EXIT);
    change(kq, F_SIGCHLD, SIGNAL, EV_ADD | EV_CLEAR, 0);
    change(kq, 0, USER, EV_ADD | EV_CLEAR, 0);
    next("at first", kq, 0);
    pdkill(fd, F_SIGSTOP);
    next("stopped", kq, 1);
    int r = wait6(0, pid, &s, F_WUNTRACED | F_WCONTINUED | F_WNOHANG, NULL, NULL);
    printf("wait6: %d 0x%x\n", r == pid, (unsigned)s);
    next("again", kq, 0);
    pdkill(fd, F_SIGCONT);
    next("continued", kq, 1);
    r = wait6(0, pid, &s, F_WUNTRACED | F_WCONTINUED | F_WNOHANG, NULL, NULL);
    printf("wait6: %d 0x%x\n", r == pid, (unsigned)s);
    change(kq, 0, USER, 0, NOTE_TRIGGER);
    change(kq, 0, USER, 0, NOTE_TRIGGER);
    next("triggered", kq, 1);
    next("again", kq, 0);
    pdkill(fd, 9);
    next("killed", kq, 1);
    next("again", kq, 0);
    r = wait6(0, pid, &s, F_WEXITED | F_WNOHANG, NULL, NULL);
    printf("wait6: %d 0x%x\n", r == pid, (unsigned)s);
    close(fd);
    hang_up();
    change(kq, 0, USER, EV_DELETE, 0);
    change(kq, 1, USER, EV_ADD | EV_ONESHOT, 0);
    change(kq, 1, USER, 0, NOTE_TRIGGER);
    next("one-shot", kq, 1);
    next("again", kq, 0);
    change(kq, 2, USER, EV_ADD, 0);
    change(kq, 2, USER, 0, NOTE_TRIGGER);
    next("without EV_CLEAR", kq, 1);
    next("again", kq, 1);
    int before = dup(0), own;
    close(kq);
    own = dup(0);
    printf("the close of a kqueue leaves descriptors open: %d\n", own > before);
    close(before);
    close(own);
}

/* ---- blocked threads */

struct blocked {
    int operation, options;
    _Atomic int tid, result, status;
    _Atomic int returned;
    pthread_t thread;
};
enum { WAIT6, PDWAIT };

static void *run(void *argument)
{
    struct blocked *b = argument;
    int s = 0;
    b->tid = (int)syscall(SYS_gettid);
    int r = b->operation == PDWAIT ? pdwait(fd, &s, b->options, NULL, NULL)
        : wait6(0, pid, &s, b->options, NULL, NULL);
    b->result = r < 0 ? -errno : 0;
    b->status = s;
    b->returned = 1;
    return NULL;
}

/*
 * Returns once the thread is blocked: it waits for the reply of the kernel process, which has served a
 * later request.
 */
static void block(struct blocked *b, int operation, int options)
{
    char path[64], line[32] = "";
    *b = (struct blocked){.operation = operation, .options = options};
    if (pthread_create(&b->thread, NULL, run, b) != 0)
        abort();
    do {
        sched_yield();
        snprintf(path, sizeof path, "/proc/self/task/%d/syscall", b->tid);
        FILE *f = fopen(path, "re");
        if (f != NULL) {
            line[0] = 0;
            if (fgets(line, sizeof line, f) == NULL)
                line[0] = 0;
            fclose(f);
        }
    } while (atoi(line) != SYS_read || line[0] == 0 || line[0] == 'r');
    pdkill(fd, 0);
}

static void joined(const char *what, struct blocked *b)
{
    pthread_join(b->thread, NULL);
    printf("%s: %d 0x%x\n", what, b->result, (unsigned)b->status);
}

/* Stops the child, and waits until that is known. */
static void stop(void)
{
    pdkill(fd, F_SIGSTOP);
    while (wait6(0, pid, NULL, F_WUNTRACED | F_WNOHANG | F_WNOWAIT, NULL, NULL) == 0)
        sched_yield();
}

static void interrupted(int number)
{
    (void)number;
}

static void blocked_in_pdwait(void)
{
    struct blocked b;
    start();
    block(&b, PDWAIT, F_WUNTRACED | F_WCONTINUED | F_WEXITED | F_WNOWAIT);
    stop();
    pdkill(fd, 9);
    joined("blocked in pdwait, stopped, then killed", &b);
    close(fd);
    hang_up();

    start();
    block(&b, PDWAIT, F_WEXITED);
    close(fd);
    printf("closed while a thread is blocked in pdwait: alive %d, returned %d\n", lives(), b.returned);
    close(talk[1]);
    joined("then the child exits", &b);
    hang_up();

    /* dup3 over the number is no help. */
    start();
    block(&b, PDWAIT, F_WEXITED);
    dup2(0, fd);
    close(fd);
    printf("replaced while a thread is blocked in pdwait: alive %d\n", lives());
    pthread_kill(b.thread, SIGUSR1);
    joined("then a signal ends the call", &b);
    gone();
    puts("then the child is killed");
    hang_up();
}

static void blocked_in_wait6(void)
{
    struct blocked b;
    start();
    block(&b, WAIT6, F_WUNTRACED | F_WEXITED | F_WNOWAIT);
    stop();
    joined("blocked in wait6, then stopped", &b);
    close(fd);
    gone();
    hang_up();

    start();
    block(&b, WAIT6, F_WEXITED);
    close(fd);
    gone();
    printf("closed while a thread is blocked in wait6: gone, returned %d\n", b.returned);
    hang_up();
    start(); /* any other child of the same parent wakes it */
    stop();
    joined("another child stops", &b);
    close(fd);
    gone();
    hang_up();
}

int main(void)
{
    const char *release = getenv("FREEBSD_SIM_RELEASE");
    setvbuf(stdout, NULL, _IOLBF, 0);
    sysv_signal(SIGUSR1, interrupted); /* does not restart the call */
    filters();
    if (release != NULL && strncmp(release, "14", 2) != 0)
        blocked_in_pdwait();
    blocked_in_wait6();
    puts("end");
    return 0;
}
