/*
 * Simulates FreeBSD, for tests on Linux. It is not part of the library, and a test that runs on it never
 * counts as a test on FreeBSD.
 *
 *     library=DIRECTORY/dev/procdesc/simulation/libfreebsd-sim.so
 *     cc -shared -fPIC -o $library freebsd-sim.c                functions of FreeBSD's libc
 *     cc -DKERNEL -o freebsd-sim freebsd-sim.c                  the kernel process that they use
 *
 *     ./freebsd-sim java -Ddev.procdesc.backend=freebsd -cp DIRECTORY:... ...
 *
 * The library has the functions that the backend calls, under FreeBSD's names, with FreeBSD's
 * structures, constants, signal and error numbers, and a C function in place of the spawn stub, which
 * walks the same scripts. The semantics are those of behaviour-14.0-amd64.txt and
 * behaviour-15.1-amd64.txt, which a test replays; 16 was not observed and follows the sources.
 *
 * A process descriptor is one end of a socket pair. The kernel process holds the other end and a pidfd
 * of the process. It is the parent of the process, because it is a subreaper and processes are created
 * by a double fork. A descriptor with fewer rights is a separate socket pair. Therefore
 *
 *     - the host program neither sees the child in waitpid(-1) nor gets SIGCHLD at its exit;
 *     - the last close, or the death of all holders, ends the connection, which sends SIGKILL, unless
 *       PD_DAEMON is set;
 *     - at the exit the kernel process writes the status into the connection, where every holder finds
 *       it with a non-destructive read (MSG_PEEK);
 *     - descriptors are sent over UNIX domain sockets, where only the layout of messages differs.
 *
 * Of FreeBSD's sockets, the simulation has the default sizes of buffers, which refuse a longer record,
 * and the error when descriptors are dropped because no numbers are free. From 15.1 on a record of a
 * SOCK_SEQPACKET socket ends with MSG_EOR, and a long one is sent in part, as observed on 15.1 (3,000 of
 * 60,000 bytes into that much room); simrecords.c shows the effects. The room is counted as in
 * sys/kern/uipc_usrreq.c (uipc_stream_sbspace); see "the room of sockets".
 *
 * In capability mode a program that needs a run-time linker is aborted, unless it is passed to
 * /libexec/ld-elf.so.1. A substitute at that path simulates the direct execution mode; the programs are
 * those of Linux, which runs their own linker.
 *
 * The release decides which event wakes a thread that is blocked in a wait; a thread in pdwait holds the
 * file. EVFILT_SIGNAL reports SIGCHLD at the stop and the continuation of a pdfork child, and nothing
 * else; simwaits.c shows the effects.
 *
 * A SOCK_STREAM socket is that of Linux, except for the numbers, and for the error when descriptors are
 * dropped. So a receive ends after data that came with descriptors; on FreeBSD it ends before such data
 * (sys/kern/uipc_usrreq.c and uipc_socket.c).
 *
 * Not simulated: rights of descriptors other than process descriptors, the restrictions of capability
 * mode, except for names, for a program that was executed in it or for native code that does not call this
 * library, the output of id -G (from 15 on without the effective group), waits for groups or all children,
 * read and write on a process descriptor and on a SOCK_SEQPACKET socket, EVFILT_PROC, SIGCHLD of other
 * children in EVFILT_SIGNAL, and that poll does not report a message of descriptors without data, or room
 * in a queue that is full (15.1). In a child, getppid() returns the PID of the kernel process.
 *
 * A process that was opened by its number is not a child of the kernel process: its exit is detected
 * through its pidfd, and its status is read from /proc, which shows it for a zombie.
 *
 * FREEBSD_SIM_RELEASE selects the features of the kernel: 14.0 (the default), 15.1 (pdrfork, pdwait,
 * posix_spawn with a process descriptor), 16.0 (PD_NOWAITPID, pdopenpid).
 *
 * If FREEBSD_SIM_COMPAT14 is "no", a kernel of 15 or later lacks the system calls of 14, as one without
 * the option COMPAT_FREEBSD14.
 *
 * If FREEBSD_SIM_ZOMBIES is "late", a process is not a zombie yet when its exit is reported, as
 * sys/kern/kern_exit.c permits: the first wait with WNOHANG after the exit does not find it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef int64_t s64;

/* ---- FreeBSD 14.0, amd64 ---- */

enum {
    PD_DAEMON = 1, PD_CLOEXEC = 2, PD_NOWAITPID = 4,
    F_WNOHANG = 1, F_WUNTRACED = 2, F_WCONTINUED = 4, F_WNOWAIT = 8, F_WEXITED = 16, F_P_PID = 0,
    E_AGAIN = 35, E_DEADLK = 11, E_NOTSOCK = 38, E_LOOP = 62, E_NAMETOOLONG = 63, E_NOSYS = 78,
    E_OPNOTSUPP = 45, E_CONNREFUSED = 61, E_TIMEDOUT = 60, E_OVERFLOW = 84, E_NOBUFS = 55,
    E_NOTEMPTY = 66, E_DQUOT = 69, E_STALE = 70, E_MSGSIZE = 40, E_PROTOTYPE = 41, E_NOPROTOOPT = 42,
    E_ADDRINUSE = 48, E_ADDRNOTAVAIL = 49, E_CONNRESET = 54, E_ISCONN = 56, E_NOTCONN = 57,
    E_NOTCAPABLE = 93, E_CAPMODE = 94,
};
#define F_RFSPAWN 0x80000000ULL

static const int signal_numbers[32] = { /* maps FreeBSD's numbers to Linux's; 0 if there is none */
    0, SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, 0, SIGFPE, SIGKILL, SIGBUS, SIGSEGV,
    SIGSYS, SIGPIPE, SIGALRM, SIGTERM, SIGURG, SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGTTIN,
    SIGTTOU, SIGIO, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, 0, SIGUSR1, SIGUSR2};

enum { L_SIGRTMIN = 34, L_SIGRTMAX = 64 };

/*
 * Returns Linux's number of a FreeBSD signal; 0 if there is none. The numbers from 34 to 64 are unnamed
 * on FreeBSD and real-time signals on Linux: on both systems they terminate a process.
 */
__attribute__((unused)) static int signal_to_linux(u64 number)
{
    if (number < 32)
        return signal_numbers[number];
    return number >= L_SIGRTMIN && number <= L_SIGRTMAX ? (int)number : 0;
}

__attribute__((unused)) static int signal_to_freebsd(int number)
{
    for (int i = 1; i < 32; i++)
        if (signal_numbers[i] == number)
            return i;
    return number >= L_SIGRTMIN ? number : 7 /* SIGEMT */;
}

__attribute__((unused)) static int errno_to_freebsd(int e)
{
    switch (e) {
    case EAGAIN: return E_AGAIN;
    case EDEADLK: return E_DEADLK;
    case ENOSYS: return E_NOSYS;
    case ENAMETOOLONG: return E_NAMETOOLONG;
    case ELOOP: return E_LOOP;
    case ENOTSOCK: return E_NOTSOCK;
    case EOPNOTSUPP: return E_OPNOTSUPP;
    case ECONNREFUSED: return E_CONNREFUSED;
    case ETIMEDOUT: return E_TIMEDOUT;
    case EOVERFLOW: return E_OVERFLOW;
    case ENOBUFS: return E_NOBUFS;
    case ENOTEMPTY: return E_NOTEMPTY;
    case EDQUOT: return E_DQUOT;
    case ESTALE: return E_STALE;
    case EMSGSIZE: return E_MSGSIZE;
    case EPROTOTYPE: return E_PROTOTYPE;
    case ENOPROTOOPT: return E_NOPROTOOPT;
    case EADDRINUSE: return E_ADDRINUSE;
    case EADDRNOTAVAIL: return E_ADDRNOTAVAIL;
    case ECONNRESET: return E_CONNRESET;
    case EISCONN: return E_ISCONN;
    case ENOTCONN: return E_NOTCONN;
    default: return e; /* 1 to 34 are the same, except EAGAIN */
    }
}

/* ---- the protocol between the library and the kernel process ---- */

enum operation {
    REGISTER, PDKILL, PDGETPID, WAIT, PDWAIT, FSTAT, SPLIT, OPEN, SUBSCRIBE, ENTER_CAPABILITY_MODE, SHARE
};

struct request {
    int operation;
    int pid;          /* REGISTER: the child; WAIT, OPEN: the process */
    int parent;       /* REGISTER: the caller of pdfork */
    int flags;        /* REGISTER: pdflags; PDKILL: Linux's signal; waits: options */
    u64 inode;        /* identifies the descriptor */
    u64 other;        /* SPLIT: the new descriptor */
};

struct reply {
    int result;       /* a value, or FreeBSD's -errno */
    int status;       /* as from wait(2), with FreeBSD's signal numbers */
    int code, value;  /* si_code, si_status */
    u64 usage[18];    /* struct rusage */
};

struct ended { /* every holder reads this from the connection after the exit */
    int status;
};

/* ---- the room of sockets (15) ----
 *
 * All processes share a table with an entry for each SOCK_SEQPACKET socket, at its inode modulo the size of
 * the table; a newer socket replaces an older one. The entry counts the data and the descriptors that were
 * sent over the socket and are not received yet.
 */
struct queue {
    u64 inode;             /* 0: unused */
    u64 peer;              /* the inode of the other end; 0 if it is unknown */
    int used;              /* sb_ccc + sb_ctl of the other end */
    int memory;            /* sb_mbcnt of the other end */
    int sending, receiving; /* SO_SNDBUF and SO_RCVBUF of the socket */
};

enum { QUEUES = 65536, NAMES = 4096, DEFAULT_BUFFER = 65536, SB_MAX = 2 << 20 };

struct shared {
    struct queue queues[QUEUES];
    struct { u64 number, inode; } connecting[NAMES]; /* sockets with a name that connect() chose */
};

enum { TAG = 5 }; /* SO_PRIORITY of the socket of a process descriptor */
enum { MORE = 3, TAKEN = 4 }; /* SO_PRIORITY of other sockets: see "records that end with MSG_EOR" */
#define ADDRESS "FREEBSD_SIM"

static int release = 1400; /* of FreeBSD */

static void choose_release(void)
{
    const char *wanted = getenv("FREEBSD_SIM_RELEASE");
    if (wanted != NULL && strncmp(wanted, "15.", 3) == 0)
        release = 1501;
    else if (wanted != NULL && strncmp(wanted, "16", 2) == 0)
        release = 1600;
}

static socklen_t address(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    memcpy(a->sun_path + 1, name, strlen(name)); /* abstract: needs no file or root directory */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

#ifdef KERNEL
/* ======== the kernel ======== */

enum { MAX_PROCESSES = 65536, MAX_HOLDERS = 2 * MAX_PROCESSES };

static struct process {
    int used;
    int pid, parent, flags, pidfd;
    time_t born;
    int exited, reaped, open; /* open: the number of descriptors with separate rights */
    int unfinished;           /* exited, but not a zombie yet */
    int status;
    int killers;              /* the number of open ones whose last close kills */
    int stranger;             /* opened by its number: another process reaps it */
    int change, change_value; /* si_code of a stop or continuation that is not reported yet */
    struct rusage usage;
} *processes;
static int highest; /* the number of entries that were ever used */

static struct holder { /* the kernel's end of a descriptor and its copies */
    int used;
    int process; /* the index of the process */
    int connection;
    int kills; /* whether PD_DAEMON is not set */
    u64 inode;
    int blocked; /* the number of threads that are blocked in pdwait; each of them holds the file */
    int hung_up; /* the last copy is closed, except for those */
} *holders;
static int highest_holder;

enum { MAX_WAITERS = 1024, MAX_SUBSCRIBERS = 1024 };

static struct waiter { /* a blocked thread */
    int connection;  /* 0: free */
    int operation;   /* WAIT or PDWAIT */
    int pid;         /* WAIT: the process */
    int holder;      /* PDWAIT: the index of the descriptor */
    int options;
    int requester;
} waiters[MAX_WAITERS];

static struct subscriber { /* a registration of EVFILT_SIGNAL for SIGCHLD */
    int connection; /* 0: free */
    int pid;
} subscribers[MAX_SUBSCRIBERS];

static int epoll, listener, shared_memory;
static int late_zombies; /* FREEBSD_SIM_ZOMBIES is "late" */
enum { LISTEN = 1, SIGNALS = 2, CLIENT = 3, HOLDER = 4, PIDFD = 5, WAITER = 6, SUBSCRIBER = 7, NAME = 8 };

static void watch(int fd, unsigned events, u64 kind, u64 value)
{
    struct epoll_event event = {.events = events, .data.u64 = kind << 56 | value};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        perror("freebsd-sim: epoll_ctl");
}

static int to_status(const siginfo_t *info)
{
    switch (info->si_code) {
    case CLD_EXITED: return (info->si_status & 0xff) << 8;
    case CLD_KILLED: return signal_to_freebsd(info->si_status);
    case CLD_DUMPED: return signal_to_freebsd(info->si_status) | 0x80;
    case CLD_STOPPED: return signal_to_freebsd(info->si_status) << 8 | 0x7f;
    default: return 0x13; /* continued */
    }
}

/* Reaps a process that no other process can query by its number any more. */
static void bury(struct process *p)
{
    if (p->exited && p->pidfd >= 0) {
        siginfo_t info;
        if (!p->stranger)
            syscall(SYS_waitid, P_PIDFD, p->pidfd, &info, WEXITED | __WALL | WNOHANG, &p->usage);
        close(p->pidfd);
        p->pidfd = -1;
    }
    if (p->exited && !p->open)
        p->used = 0;
}

static int answer(struct process *p, struct reply *r, int options)
{
    memset(r, 0, sizeof *r);
    if (p->exited && (options & F_WEXITED)) {
        r->result = p->pid;
        r->status = p->status;
        r->code = p->status & 0x7f ? p->status & 0x80 ? 3 : 2 : 1;
        r->value = p->status & 0x7f ? p->status & 0x7f : p->status >> 8;
        if (!(options & F_WNOWAIT)) {
            p->reaped = 1;
            bury(p);
        }
        memcpy(r->usage, &p->usage, sizeof r->usage);
        return 1;
    }
    if ((p->change == CLD_STOPPED && (options & F_WUNTRACED)) ||
        (p->change == CLD_CONTINUED && (options & F_WCONTINUED))) {
        r->result = p->pid;
        r->code = p->change; /* the numbers are the same */
        r->value = signal_to_freebsd(p->change_value);
        r->status = p->change == CLD_STOPPED ? r->value << 8 | 0x7f : 0x13;
        if (!(options & F_WNOWAIT))
            p->change = 0;
        return 1;
    }
    return 0;
}

/* Returns the process that wait6 finds: a child of the caller with an open descriptor; or NULL. */
static struct process *child_of(int parent, int pid)
{
    for (struct process *p = processes; p < processes + highest; p++)
        if (p->used && p->pid == pid && !p->reaped && p->open && p->parent == parent &&
            !(p->flags & PD_NOWAITPID))
            return p;
    return NULL;
}

static void closed(struct holder *);

/* Ends the call of a blocked thread, which no longer holds the file. */
static void unblock(struct waiter *w)
{
    struct holder *h = w->operation == PDWAIT ? &holders[w->holder] : NULL;
    close(w->connection);
    w->connection = 0;
    if (h != NULL && --h->blocked == 0 && h->hung_up)
        closed(h);
}

/* Lets a thread that was woken look again. */
static void wake(struct waiter *w)
{
    struct process *p = w->operation == PDWAIT ? &processes[holders[w->holder].process]
        : child_of(w->requester, w->pid);
    struct reply r = {0};
    if (p == NULL || p->reaped)
        r.result = w->operation == PDWAIT ? -ESRCH : -ECHILD;
    else if (!answer(p, &r, w->options))
        return;
    send(w->connection, &r, sizeof r, MSG_NOSIGNAL);
    unblock(w);
}

/*
 * Wakes the threads of the parent that are blocked in wait6, whichever child they wait for. As observed
 * on 15.1, the close of a descriptor, which gives a child to init, wakes none of them.
 */
static void wake_parent(int parent)
{
    for (struct waiter *w = waiters; w < waiters + MAX_WAITERS; w++)
        if (w->connection != 0 && w->operation == WAIT && w->requester == parent)
            wake(w);
}

/*
 * Wakes the threads that are blocked in pdwait for this process. As observed on 15.1, only its exit does.
 * On 16 its stop and continuation do, too, according to the sources; that was not observed.
 */
static void wake_pdwait(const struct process *p)
{
    for (struct waiter *w = waiters; w < waiters + MAX_WAITERS; w++)
        if (w->connection != 0 && w->operation == PDWAIT &&
            holders[w->holder].process == p - processes)
            wake(w);
}

/* Blocks a thread; returns whether there is room for it. */
static int block(struct waiter new)
{
    for (struct waiter *w = waiters; w < waiters + MAX_WAITERS; w++)
        if (w->connection == 0) {
            *w = new;
            if (w->operation == PDWAIT)
                holders[w->holder].blocked++;
            watch(w->connection, 0, WAITER, (u64)(w - waiters)); /* a signal or a death ends the call */
            return 1;
        }
    return 0;
}

/* Registers EVFILT_SIGNAL; the connection then gets a byte for each SIGCHLD. */
static int subscribe(int connection, int pid)
{
    for (struct subscriber *s = subscribers; s < subscribers + MAX_SUBSCRIBERS; s++)
        if (s->connection == 0) {
            *s = (struct subscriber){connection, pid};
            watch(connection, 0, SUBSCRIBER, (u64)(s - subscribers));
            return 1;
        }
    return 0;
}

/* Sends SIGCHLD, which a kqueue reports however the signal is handled. */
static void send_sigchld(int parent)
{
    for (struct subscriber *s = subscribers; s < subscribers + MAX_SUBSCRIBERS; s++)
        if (s->connection != 0 && s->pid == parent)
            send(s->connection, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    kill(parent, SIGCHLD);
}

/* Writes the status into the connection, where every copy of a descriptor finds it. */
static void tell_end(struct holder *h)
{
    struct ended ended = {.status = processes[h->process].status};
    struct epoll_event event = {EPOLLET, .data.u64 = (u64)HOLDER << 56 | (u64)(h - holders)};
    send(h->connection, &ended, sizeof ended, MSG_NOSIGNAL);
    shutdown(h->connection, SHUT_RDWR); /* POLLHUP for every holder */
    epoll_ctl(epoll, EPOLL_CTL_MOD, h->connection, &event);
}

/* Reads what Linux retains for the holders of a pidfd after the reaping (PIDFD_INFO_EXIT). */
static int pidfd_status(int pidfd)
{
    struct { u64 mask, rest[6]; unsigned last; int status; } info = {.mask = 8};
    _Static_assert(sizeof info == 64, "struct pidfd_info");
    if (ioctl(pidfd, 0xC040FF0B, &info) != 0 || !(info.mask & 8))
        perror("freebsd-sim: the status of a process that was opened");
    return info.status;
}

/* Handles the exit of a process whose status is known. */
static void exited(struct process *p)
{
    p->exited = 1;
    p->unfinished = late_zombies;
    epoll_ctl(epoll, EPOLL_CTL_DEL, p->pidfd, NULL);
    for (int i = 0; i < highest_holder; i++)
        if (holders[i].used && holders[i].process == p - processes)
            tell_end(&holders[i]);
    int parent = p->open ? p->parent : 0;
    if (!p->open) { /* init reaps at once */
        p->reaped = 1;
        bury(p);
    }
    wake_pdwait(p);
    if (parent > 0)
        wake_parent(parent);
}

/* Returns whether a process that is not a child has exited. The last field of its stat is the status. */
static int ends(struct process *p)
{
    char path[64], line[1024];
    struct pollfd end = {.fd = p->pidfd, .events = POLLIN};
    if (poll(&end, 1, 0) != 1)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/stat", p->pid);
    FILE *stat = fopen(path, "re");
    char *last = stat != NULL && fgets(line, sizeof line, stat) != NULL ? strrchr(line, ' ') : NULL;
    if (stat != NULL)
        fclose(stat);
    int status = last != NULL ? atoi(last) : pidfd_status(p->pidfd);
    p->status = (status & 0x7f) == 0 ? status : signal_to_freebsd(status & 0x7f) | (status & 0x80);
    return 1;
}

static void look(struct process *p)
{
    siginfo_t info;
    if (!p->used || p->exited)
        return;
    if (p->stranger) {
        if (!ends(p))
            return;
        exited(p);
        return;
    }
    memset(&info, 0, sizeof info);
    if (waitid(P_PIDFD, (id_t)p->pidfd, &info, WSTOPPED | WCONTINUED | WNOHANG | __WALL) == 0 &&
        info.si_pid != 0) {
        p->change = info.si_code;
        p->change_value = info.si_status;
        if (p->open && p->parent > 0) { /* as observed: at stops and continuations only */
            send_sigchld(p->parent);
            wake_parent(p->parent);
        }
        if (release >= 1600)
            wake_pdwait(p);
    }
    memset(&info, 0, sizeof info);
    if (syscall(SYS_waitid, P_PIDFD, p->pidfd, &info, WEXITED | WNOWAIT | WNOHANG | __WALL,
            &p->usage) != 0 || info.si_pid == 0)
        return;
    p->status = to_status(&info);
    exited(p);
}

static pid_t command;
static int command_status = -1;

/* Reaps processes whose parent died; zombies that have process descriptors remain. */
static void reap_strangers(void)
{
    char path[64];
    int pid, status;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *list = fopen(path, "re");
    while (list != NULL && fscanf(list, "%d", &pid) == 1) {
        int known = 0;
        for (int i = 0; i < highest && !known; i++)
            known = processes[i].used && processes[i].pid == pid;
        if (!known && waitpid(pid, &status, WNOHANG | __WALL) == pid && pid == command)
            command_status = status;
    }
    if (list != NULL)
        fclose(list);
}

static void look_at_all(void)
{
    for (int i = 0; i < highest; i++)
        look(&processes[i]);
    reap_strangers();
}

/*
 * Handles the close of the last copy of a descriptor. As observed on 15.1, a thread that is blocked in
 * pdwait holds the file, so that the child lives on until that call returns; dup3 over the number does not
 * change that.
 */
static void closed(struct holder *h)
{
    struct process *p = &processes[h->process];
    epoll_ctl(epoll, EPOLL_CTL_DEL, h->connection, NULL);
    if (h->blocked > 0) {
        h->hung_up = 1;
        return;
    }
    close(h->connection);
    h->used = 0;
    p->open--;
    /* Those that do not kill are other descriptors of the same process. */
    if (h->kills && --p->killers == 0 && !p->exited)
        syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
    if (p->open > 0)
        return;
    if (p->exited) {
        p->reaped = 1;
        bury(p);
    } else if (p->stranger) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, p->pidfd, NULL);
        close(p->pidfd);
        p->used = 0;
    }
}

static struct holder *by_inode(u64 inode)
{
    for (int i = 0; i < highest_holder; i++)
        if (holders[i].used && !holders[i].hung_up && holders[i].inode == inode)
            return &holders[i];
    return NULL;
}

static void hold(struct process *p, int connection, u64 inode, int kills)
{
    struct holder *h = holders;
    while (h->used && h < holders + MAX_HOLDERS - 1)
        h++;
    *h = (struct holder){.used = 1, .process = (int)(p - processes), .connection = connection,
        .kills = kills, .inode = inode};
    if (h - holders >= highest_holder)
        highest_holder = (int)(h - holders) + 1;
    p->open++;
    p->killers += kills;
    watch(connection, 0, HOLDER, (u64)(h - holders));
    if (p->exited)
        tell_end(h);
}

static int may_signal(struct process *p, const struct ucred *who)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d", p->pid);
    return who->uid == 0 || stat(path, &st) != 0 || st.st_uid == who->uid;
}

static struct process *enter(struct process new)
{
    struct process *p = processes;
    while (p->used && p < processes + MAX_PROCESSES - 1)
        p++;
    *p = new;
    if (p - processes >= highest)
        highest = (int)(p - processes) + 1;
    watch(p->pidfd, EPOLLIN | EPOLLET, PIDFD, (u64)(p - processes));
    return p;
}

/* pdopenpid(2): opens a process, or another descriptor of one that has some. Returns 0 or -errno. */
static int open_by_pid(const struct request *q, const struct ucred *who, int connection)
{
    struct process *p = NULL;
    struct pollfd end = {.events = POLLIN};
    for (int i = 0; i < highest && p == NULL; i++)
        if (processes[i].used && processes[i].pid == q->pid && !processes[i].reaped)
            p = &processes[i];
    end.fd = (int)syscall(SYS_pidfd_open, q->pid, 0);
    if (end.fd < 0)
        return -ESRCH; /* EINVAL: the number is a thread's */
    int ended = poll(&end, 1, 0) == 1;
    if (ended || (p == NULL && !may_signal(&(struct process){.pid = q->pid}, who)) ||
        (p != NULL && !may_signal(p, who))) {
        close(end.fd);
        return ended ? -EBUSY : -EPERM;
    }
    if (p != NULL)
        close(end.fd);
    else
        p = enter((struct process){.used = 1, .stranger = 1, .pid = q->pid, .flags = PD_DAEMON,
            .pidfd = end.fd, .born = time(NULL)});
    hold(p, connection, q->inode, !(q->flags & PD_DAEMON));
    return 0;
}

/* ---- names of files ----
 *
 * A filter sends each open of a name, by any process of the command, to this process (seccomp_unotify(2)).
 * It decides about two kinds:
 *
 *     /dev/fd/N is a duplicate of the descriptor, which shares its offset, as fdescfs does on 15.1; Linux
 *     opens the file anew;
 *
 *     in capability mode a name that starts at the root or at the working directory is refused with
 *     ECAPMODE, to the process that entered the mode and to all that descend from it, also after they have
 *     executed a program. Linux's own files (/proc, /sys, the linker's in /etc), and shared libraries for
 *     a program's linker, are exempt: FreeBSD's programs do not need them, or get them by descriptor.
 *
 * Without CAP_SYS_ADMIN there is no filter, because it would also set no_new_privs, and names are as on
 * Linux.
 */
enum { MAX_RESTRICTED = 4096 };
static int restricted[MAX_RESTRICTED], restricted_count; /* processes that entered capability mode */

static void restrict_names(int pid)
{
    if (restricted_count < MAX_RESTRICTED)
        restricted[restricted_count++] = pid;
}

/* Reads a number of /proc/PID/status, or returns -1. */
static int status_field(int pid, const char *name)
{
    char path[64], line[256];
    int value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    while (status != NULL && value < 0 && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = atoi(line + strlen(name));
    if (status != NULL)
        fclose(status);
    return value;
}

/* Returns the parent; that of a child with a process descriptor is the one that created it. */
static int parent_of(int pid)
{
    for (int i = 0; i < highest; i++)
        if (processes[i].used && !processes[i].stranger && processes[i].pid == pid)
            return processes[i].parent;
    return status_field(pid, "PPid:");
}

/* Returns how many generations ago capability mode was entered; -1 if it was not. */
static int generations_restricted(int thread)
{
    int pid = restricted_count > 0 ? status_field(thread, "Tgid:") : -1;
    for (int generation = 0; pid > 1 && generation < 64; generation++) {
        for (int i = 0; i < restricted_count; i++)
            if (restricted[i] == pid)
                return generation;
        pid = parent_of(pid);
    }
    return -1;
}

static int starts(const char *path, const char *start)
{
    return strncmp(path, start, strlen(start)) == 0;
}

static int is_refused(int thread, int directory, const char *path)
{
    if ((path[0] != '/' && directory != AT_FDCWD) || starts(path, "/proc/") || starts(path, "/sys/") ||
        starts(path, "/etc/ld.so."))
        return 0;
    int generation = generations_restricted(thread);
    int of_linker = strstr(path, ".so") != NULL;
    return generation == 0 || (generation > 0 && !of_linker);
}

/* Gives the process a duplicate of its own descriptor. Returns 0, or Linux's -errno. */
static int give_duplicate(int listener_fd, const struct seccomp_notif *asked, int number, int flags)
{
    int process = (int)syscall(SYS_pidfd_open, status_field((int)asked->pid, "Tgid:"), 0);
    int copy = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    int result = copy < 0 ? -errno : 0;
    struct seccomp_notif_addfd add = {.id = asked->id, .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (unsigned)copy, .newfd_flags = (unsigned)flags & O_CLOEXEC};
    if (copy >= 0 && ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT)
        result = -errno;
    if (process >= 0)
        close(process);
    if (copy >= 0)
        close(copy);
    return result;
}

/* Answers one open of a name. */
static void answer_open(int names)
{
    char path[4096] = "", end;
    int number;
    struct seccomp_notif asked = {0};
    if (ioctl(names, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
        return; /* the process has ended, or got a signal */
    int old = asked.data.nr != SYS_openat;
    const __u64 *a = asked.data.args;
    u64 at = a[!old], here_left = 4096 - (at & 4095);
    struct iovec here = {path, sizeof path - 1};
    struct iovec there[2] = {{(void *)(uintptr_t)at, here_left},
        {(void *)(uintptr_t)(at + here_left), sizeof path - 1 - here_left}};
    /* The path may end in the last page that is mapped; then only that is read. */
    if (process_vm_readv((int)asked.pid, &here, 1, there, here_left < sizeof path - 1 ? 2 : 1, 0) < 0)
        path[0] = 0;
    struct seccomp_notif_resp reply = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (is_refused((int)asked.pid, old ? AT_FDCWD : (int)a[0], path)) {
        reply.flags = 0;
        reply.error = -E_CAPMODE;
    } else if (sscanf(path, "/dev/fd/%d%c", &number, &end) == 1) {
        int result = give_duplicate(names, &asked, number, (int)a[old ? 1 : 2]);
        if (result == 0)
            return;
        reply.flags = 0;
        reply.error = result;
    }
    ioctl(names, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Makes the kernel of Linux send the opens of this process and its descendants; returns -1 on failure. */
static int filter_names(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
#ifdef SYS_open
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 0, 1),
#else
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Sends the descriptor of the memory that all processes share. */
static void share(int connection)
{
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
    char byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &shared_memory, sizeof(int));
    sendmsg(connection, &m, MSG_NOSIGNAL);
}

static void serve(int connection)
{
    struct request q;
    struct reply r = {0};
    union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec iov = {&q, sizeof q};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    int fds[2] = {-1, -1};
    struct ucred who = {0};
    socklen_t size = sizeof who;
    if (recvmsg(connection, &m, MSG_CMSG_CLOEXEC) != sizeof q) {
        close(connection);
        return;
    }
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    if (h != NULL && h->cmsg_type == SCM_RIGHTS)
        memcpy(fds, CMSG_DATA(h), sizeof fds);
    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size);
    struct process *p = NULL;
    struct holder *asked = NULL;
    if (q.operation == ENTER_CAPABILITY_MODE) {
        restrict_names(who.pid);
    } else if (q.operation != REGISTER && q.operation != WAIT && q.operation != OPEN &&
        q.operation != SUBSCRIBE && q.operation != SHARE) {
        asked = by_inode(q.inode);
        if (asked == NULL)
            r.result = -EBADF;
        else
            p = &processes[asked->process];
    }
    switch (q.operation) {
    case REGISTER:
        p = enter((struct process){.used = 1, .pid = q.pid, .parent = q.parent, .flags = q.flags,
            .pidfd = fds[0], .born = time(NULL)});
        hold(p, fds[1], q.inode, !(q.flags & PD_DAEMON));
        break;
    case OPEN:
        close(fds[0]);
        r.result = open_by_pid(&q, &who, fds[1]);
        if (r.result < 0)
            close(fds[1]);
        break;
    case PDKILL:
        if (p == NULL)
            break;
        look(p);
        if (p->reaped)
            r.result = -ESRCH;
        else if (!p->exited && !may_signal(p, &who))
            r.result = -EPERM;
        else if (!p->exited && syscall(SYS_pidfd_send_signal, p->pidfd, q.flags, NULL, 0) != 0)
            r.result = -errno;
        break;
    case SPLIT:
        close(fds[0]);
        if (p != NULL)
            hold(p, fds[1], q.other, asked->kills);
        else
            close(fds[1]);
        break;
    case FSTAT:
        if (p != NULL)
            r = (struct reply){.result = p->reaped ? 0 : 0700, .usage = {(u64)p->born}};
        break;
    case PDGETPID:
        if (p != NULL)
            r.result = p->pid;
        break;
    case WAIT:
    case PDWAIT:
        if (q.operation == WAIT)
            p = child_of(who.pid, q.pid);
        if (p != NULL)
            look(p); /* which may wake another thread, which reaps it */
        if (p == NULL || p->reaped) {
            if (r.result == 0)
                r.result = q.operation == WAIT ? -ECHILD : -ESRCH;
            break;
        }
        if ((q.flags & F_WNOHANG) && (q.flags & F_WEXITED) && p->unfinished) {
            p->unfinished = 0;
            break;
        }
        if (answer(p, &r, q.flags) || (q.flags & F_WNOHANG))
            break;
        if (block((struct waiter){.connection = connection, .operation = q.operation, .pid = q.pid,
                .holder = asked != NULL ? (int)(asked - holders) : -1, .options = q.flags,
                .requester = who.pid}))
            return;
        r.result = -ENOMEM;
        break;
    case SUBSCRIBE:
        if (subscribe(connection, who.pid)) {
            send(connection, &r, sizeof r, MSG_NOSIGNAL);
            return;
        }
        r.result = -ENOMEM;
        break;
    }
    send(connection, &r, sizeof r, MSG_NOSIGNAL);
    if (q.operation == SHARE)
        share(connection);
    close(connection);
}

/* An event may be older than the connection, because the numbers of its predecessors are reused. */
static int has_hung_up(int connection)
{
    struct pollfd p = {.fd = connection};
    return connection != 0 && poll(&p, 1, 0) == 1;
}

int main(int argc, char **argv)
{
    char name[64];
    struct sockaddr_un a;
    sigset_t mask, old;
    if (argc < 2) {
        fprintf(stderr, "usage: freebsd-sim COMMAND [ARGUMENT...]\n");
        return 2;
    }
    choose_release();
    const char *zombies = getenv("FREEBSD_SIM_ZOMBIES");
    late_zombies = zombies != NULL && strcmp(zombies, "late") == 0;
    shared_memory = memfd_create("sockets", MFD_CLOEXEC);
    if (shared_memory < 0 || ftruncate(shared_memory, sizeof(struct shared)) != 0) {
        perror("freebsd-sim: memfd_create");
        return 1;
    }
    processes = calloc(MAX_PROCESSES, sizeof *processes);
    holders = calloc(MAX_HOLDERS, sizeof *holders);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    snprintf(name, sizeof name, "freebsd-sim-%d", getpid());
    setenv(ADDRESS, name, 1);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    socklen_t length = address(&a, name);
    if (bind(listener, (struct sockaddr *)&a, length) != 0 || listen(listener, 4096) != 0) {
        perror("freebsd-sim: bind");
        return 1;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    struct rlimit original = files;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, &old);
    int children = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    int ready[2], names = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ready) != 0) {
        perror("freebsd-sim: socketpair");
        return 1;
    }
    command = fork();
    if (command == 0) {
        setrlimit(RLIMIT_NOFILE, &original);
        sigprocmask(SIG_SETMASK, &old, NULL);
        names = filter_names();
        char copied;
        if (write(ready[1], &names, sizeof names) != sizeof names || read(ready[1], &copied, 1) != 1)
            _exit(127);
        execvp(argv[1], argv + 1); /* closes the listener here */
        perror(argv[1]);
        _exit(127);
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (read(ready[0], &names, sizeof names) == sizeof names && names >= 0) {
        int pidfd = (int)syscall(SYS_pidfd_open, command, 0);
        names = (int)syscall(SYS_pidfd_getfd, pidfd, names, 0);
        close(pidfd);
        watch(names, EPOLLIN, NAME, (u64)names);
    }
    if (write(ready[0], "", 1) != 1)
        perror("freebsd-sim: write");
    close(ready[0]);
    close(ready[1]);
    watch(listener, EPOLLIN, LISTEN, 0);
    watch(children, EPOLLIN, SIGNALS, 0);
    while (command_status == -1) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll, events, 256, 1000);
        if (count <= 0)
            look_at_all();
        for (int i = 0; i < count; i++) {
            u64 kind = events[i].data.u64 >> 56, value = events[i].data.u64 & 0xffffffffffffff;
            struct signalfd_siginfo info;
            int fd;
            switch (kind) {
            case LISTEN:
                fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (fd >= 0)
                    watch(fd, EPOLLIN | EPOLLONESHOT, CLIENT, (u64)fd);
                break;
            case CLIENT:
                epoll_ctl(epoll, EPOLL_CTL_DEL, (int)value, NULL);
                serve((int)value);
                break;
            case SIGNALS:
                while (read(children, &info, sizeof info) == sizeof info) {
                }
                look_at_all();
                break;
            case HOLDER:
                /* After the exit this process has hung up; the status is then unread at the last close,
                   which is reported as an error. */
                if (holders[value].used && (events[i].events &
                    (processes[holders[value].process].exited ? EPOLLERR : EPOLLHUP | EPOLLERR)))
                    closed(&holders[value]);
                break;
            case PIDFD:
                look_at_all();
                break;
            case NAME:
                answer_open((int)value);
                break;
            case WAITER:
                if (has_hung_up(waiters[value].connection))
                    unblock(&waiters[value]);
                break;
            case SUBSCRIBER:
                if (has_hung_up(subscribers[value].connection)) {
                    close(subscribers[value].connection);
                    subscribers[value].connection = 0;
                }
                break;
            }
        }
    }
    for (int i = 0; i < highest; i++) /* all descriptors are closed now, except those of daemons */
        if (processes[i].used && !processes[i].exited && !(processes[i].flags & PD_DAEMON))
            syscall(SYS_pidfd_send_signal, processes[i].pidfd, SIGKILL, NULL, 0);
    return WIFEXITED(command_status) ? WEXITSTATUS(command_status) : 128 + WTERMSIG(command_status);
}

#else
/* ======== the library ======== */

static int capability_mode; /* inherited by copies of this process */
static int compat_14 = 1; /* the kernel's option COMPAT_FREEBSD14 */
static char kernel_name[100];

static void map_shared_memory(void);

__attribute__((constructor)) static void load(void)
{
    const char *name = getenv(ADDRESS);
    const char *compat = getenv("FREEBSD_SIM_COMPAT14");
    choose_release();
    compat_14 = compat == NULL || strcmp(compat, "no") != 0;
    if (name != NULL)
        snprintf(kernel_name, sizeof kernel_name, "%s", name);
    map_shared_memory();
}

static s64 raw(s64 n, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
#if defined(__x86_64__)
    s64 result;
    register u64 r10 __asm__("r10") = d;
    register u64 r8 __asm__("r8") = e;
    register u64 r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
        "r"(r9) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register u64 x8 __asm__("x8") = (u64)n;
    register u64 x0 __asm__("x0") = a;
    register u64 x1 __asm__("x1") = b;
    register u64 x2 __asm__("x2") = c;
    register u64 x3 __asm__("x3") = d;
    register u64 x4 __asm__("x4") = e;
    register u64 x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
        : "memory");
    return (s64)x0;
#else
#error "no simulation for this machine"
#endif
}
#define RAW1(n, a) raw(n, (u64)(a), 0, 0, 0, 0, 0)
#define RAW2(n, a, b) raw(n, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define RAW3(n, a, b, c) raw(n, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define RAW4(n, a, b, c, d) raw(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)
#define RAW5(n, a, b, c, d, e) raw(n, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), 0)

/* Converts the result of a Linux system call to FreeBSD's errors. */
static s64 freebsd(s64 result)
{
    return result < 0 && result >= -4095 ? -errno_to_freebsd((int)-result) : result;
}

/* Returns the result as a function of libc does: -1 and errno. */
static s64 finish(s64 result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

#define LIBC(call) finish(freebsd(call))

/*
 * Sends a request to the kernel process and receives the reply, by raw calls, because intermediate
 * processes use it too. Returns the connection, or -errno.
 */
static s64 talk(const struct request *q, struct reply *r, const int fds[2])
{
    struct sockaddr_un a;
    union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec iov = {(void *)(uintptr_t)q, sizeof *q};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (kernel_name[0] == 0)
        return -ENXIO;
    s64 s = RAW3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (s < 0)
        return freebsd(s);
    socklen_t length = address(&a, kernel_name);
    s64 result = RAW3(SYS_connect, s, &a, length);
    if (result == 0) {
        if (fds != NULL) {
            memset(&control, 0, sizeof control);
            m.msg_control = &control;
            m.msg_controllen = sizeof control;
            struct cmsghdr *h = CMSG_FIRSTHDR(&m);
            h->cmsg_level = SOL_SOCKET;
            h->cmsg_type = SCM_RIGHTS;
            h->cmsg_len = CMSG_LEN(2 * sizeof(int));
            memcpy(CMSG_DATA(h), fds, 2 * sizeof(int));
        }
        result = RAW3(SYS_sendmsg, s, &m, MSG_NOSIGNAL);
    }
    if (result > 0)
        result = RAW3(SYS_read, s, r, sizeof *r);
    if (result == sizeof *r)
        return s;
    RAW1(SYS_close, s);
    return result < 0 ? freebsd(result) : -ENXIO;
}

static s64 ask(const struct request *q, struct reply *r, const int fds[2])
{
    s64 s = talk(q, r, fds);
    if (s < 0)
        return s;
    RAW1(SYS_close, s);
    return r->result;
}

static struct shared *shared;

/* Maps the memory that all processes share; without the kernel process, only descendants share it. */
static void map_shared_memory(void)
{
    struct request q = {.operation = SHARE};
    struct reply r;
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    int fd = -1;
    s64 connection = talk(&q, &r, NULL);
    if (connection >= 0 && RAW3(SYS_recvmsg, connection, &m, MSG_CMSG_CLOEXEC) == 1 &&
        CMSG_FIRSTHDR(&m) != NULL)
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    s64 at = raw(SYS_mmap, 0, sizeof *shared, PROT_READ | PROT_WRITE, (u64)flags, (u64)fd, 0);
    if (at < 0 && at >= -4095)
        abort();
    shared = (struct shared *)(uintptr_t)at;
    if (fd >= 0)
        RAW1(SYS_close, fd);
    if (connection >= 0)
        RAW1(SYS_close, connection);
}

/* Returns the inode, which identifies a process descriptor, or -errno. */
static s64 procdesc(int fd)
{
    struct stat st;
    int tag = 0, type = 0;
    socklen_t size = sizeof tag;
    s64 result = syscall(SYS_fstat, fd, &st) == 0 ? 0 : -errno;
    if (result < 0)
        return result;
    if (!S_ISSOCK(st.st_mode))
        return !S_ISCHR(st.st_mode) ? -EINVAL : release < 1500 ? -ENODEV : -E_OPNOTSUPP;
    if (RAW5(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
        return -EINVAL;
    size = sizeof tag;
    if (RAW5(SYS_getsockopt, fd, SOL_SOCKET, SO_PRIORITY, &tag, &size) != 0 || tag != TAG)
        return -EINVAL;
    return (s64)st.st_ino;
}

/* ---- rights of process descriptors ---- */

enum { MAY_KILL = 1, MAY_GETPID = 2, MAY_WAIT = 4, MAY_EVENT = 8, MAY_FSTAT = 16, MAY_ALL = 31 };
#define CAP_ALL0 (release < 1500 ? 0x20007ffffffffffULL : 0x2000fffffffffffULL)
#define CAP_ALL1 (release < 1500 ? 0x4000000001fffffULL : 0x4000000007fffffULL)
#define CAP_NONE0 0x200000000000000ULL
#define CAP_NONE1 0x400000000000000ULL

static const struct { int right, word; u64 bit; } cap_rights[] = {{MAY_KILL, 1, 0x800},
    {MAY_GETPID, 1, 0x200}, {MAY_WAIT, 1, 0x400}, {MAY_EVENT, 1, 0x20}, {MAY_FSTAT, 0, 0x80000}};

/* The rights are stored on the descriptor, as the send timeout, because it never sends. */
static int rights_of(int fd)
{
    struct timeval limit = {0, 0};
    socklen_t size = sizeof limit;
    RAW5(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
    return limit.tv_sec == 0 ? MAY_ALL : (int)limit.tv_sec - 1;
}

/* Returns the descriptor if it has a right, or -errno; other kinds of descriptors have all rights. */
static s64 allowed(int fd, int right)
{
    s64 inode = procdesc(fd);
    return inode >= 0 && !(rights_of(fd) & right) ? -E_NOTCAPABLE : inode;
}

/* Creates a descriptor for the library, and the kernel's end. Returns 0 or FreeBSD's -errno. */
static s64 new_descriptor(int pair[2], u64 *inode)
{
    struct stat st;
    int tag = TAG;
    s64 result = RAW4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
    if (result < 0)
        return freebsd(result);
    RAW5(SYS_setsockopt, pair[0], SOL_SOCKET, SO_PRIORITY, &tag, sizeof tag);
    RAW2(SYS_fstat, pair[0], &st);
    *inode = st.st_ino;
    return 0;
}

int cap_rights_limit(int fd, const u64 *rights)
{
    struct reply r;
    struct stat st;
    int pair[2], wanted = 0;
    u64 other;
    s64 inode = procdesc(fd);
    if (inode < 0 && syscall(SYS_fstat, fd, &st) == 0 && S_ISDIR(st.st_mode))
        return 0; /* accepted, and not enforced */
    if (inode < 0)
        return (int)finish(inode == -EBADF ? inode : -E_OPNOTSUPP);
    for (unsigned i = 0; i < sizeof cap_rights / sizeof cap_rights[0]; i++)
        if (rights[cap_rights[i].word] & cap_rights[i].bit)
            wanted |= cap_rights[i].right;
    if (wanted & ~rights_of(fd))
        return (int)finish(-E_NOTCAPABLE);
    s64 result = new_descriptor(pair, &other);
    if (result < 0)
        return (int)finish(result);
    struct timeval limit = {wanted + 1, 0};
    RAW5(SYS_setsockopt, pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    struct request q = {.operation = SPLIT, .inode = (u64)inode, .other = other};
    int fds[2] = {pair[1], pair[1]};
    result = ask(&q, &r, fds);
    int cloexec = RAW3(SYS_fcntl, fd, F_GETFD, 0) & FD_CLOEXEC ? O_CLOEXEC : 0;
    if (result == 0)
        result = freebsd(RAW3(SYS_dup3, pair[0], fd, cloexec));
    RAW1(SYS_close, pair[0]);
    RAW1(SYS_close, pair[1]);
    return (int)finish(result < 0 ? result : 0);
}

int __cap_rights_get(int version, int fd, u64 *rights)
{
    s64 inode = procdesc(fd);
    if (version != 0 || inode == -EBADF)
        return (int)finish(version != 0 ? -EINVAL : inode);
    int may = inode < 0 ? MAY_ALL : rights_of(fd);
    rights[0] = may == MAY_ALL ? CAP_ALL0 : CAP_NONE0;
    rights[1] = may == MAY_ALL ? CAP_ALL1 : CAP_NONE1;
    for (unsigned i = 0; i < sizeof cap_rights / sizeof cap_rights[0]; i++)
        if (may & cap_rights[i].right)
            rights[cap_rights[i].word] |= cap_rights[i].bit;
    return 0;
}

static int status_of(int fd, struct ended *ended)
{
    return recv(fd, ended, sizeof *ended, MSG_PEEK | MSG_DONTWAIT) == sizeof *ended;
}

/* ---- process descriptors ---- */

int pdkill(int fd, int number)
{
    struct reply r;
    s64 inode = allowed(fd, MAY_KILL);
    if (inode < 0 && inode != -EBADF && inode != -E_NOTCAPABLE) /* observed on both */
        return (int)finish(release < 1500 ? -EBADF : -EINVAL);
    if (inode < 0)
        return (int)finish(inode);
    int linux_number = number < 0 || number > 128 ? 0 : signal_to_linux((u64)number);
    if (linux_number == 0 && number != 0)
        return (int)finish(-EINVAL);
    struct request q = {.operation = PDKILL, .flags = linux_number, .inode = (u64)inode};
    return (int)finish(ask(&q, &r, NULL));
}

int pdgetpid(int fd, int *pid)
{
    struct reply r;
    s64 inode = allowed(fd, MAY_GETPID);
    if (inode < 0)
        return (int)finish(inode == -E_NOTCAPABLE ? inode : -EBADF);
    struct request q = {.operation = PDGETPID, .inode = (u64)inode};
    s64 result = ask(&q, &r, NULL);
    if (result < 0)
        return (int)finish(result);
    *pid = (int)result;
    return 0;
}

struct freebsd_siginfo { /* 80 bytes */
    int signo, error, code, pid;
    unsigned uid;
    int status;
    u64 rest[7];
};
_Static_assert(sizeof(struct freebsd_siginfo) == 80, "siginfo");

static s64 wait_for(struct request *q, int *status, u64 *usage, struct freebsd_siginfo *info)
{
    struct reply r;
    memset(&r, 0, sizeof r);
    s64 result = ask(q, &r, NULL);
    if (info != NULL)
        memset(info, 0, sizeof *info);
    if (result <= 0)
        return result;
    if (status != NULL)
        *status = r.status;
    if (usage != NULL)
        memcpy(usage, r.usage, sizeof r.usage);
    if (info != NULL) {
        info->signo = 20;
        info->code = r.code;
        info->pid = r.result;
        info->status = r.value;
    }
    return result;
}

int cap_enter(void)
{
    struct request q = {.operation = ENTER_CAPABILITY_MODE};
    struct reply r;
    capability_mode = 1;
    return (int)finish(ask(&q, &r, NULL));
}

int cap_getmode(unsigned *mode)
{
    *mode = (unsigned)capability_mode;
    return 0;
}

int pdopenpid(int pid, int flags)
{
    struct reply r;
    int pair[2];
    u64 inode;
    if (release < 1600)
        return (int)finish(-E_NOSYS);
    if (capability_mode)
        return (int)finish(-E_CAPMODE);
    if ((flags & ~(PD_DAEMON | PD_CLOEXEC)) != 0)
        return (int)finish(-EINVAL);
    s64 result = new_descriptor(pair, &inode);
    if (result < 0)
        return (int)finish(result);
    if (!(flags & PD_CLOEXEC))
        RAW3(SYS_fcntl, pair[0], F_SETFD, 0);
    struct request q = {.operation = OPEN, .pid = pid, .flags = flags, .inode = inode};
    int fds[2] = {pair[1], pair[1]};
    result = ask(&q, &r, fds);
    RAW1(SYS_close, pair[1]);
    if (result < 0)
        RAW1(SYS_close, pair[0]);
    return (int)finish(result < 0 ? result : pair[0]);
}

int wait6(int type, s64 id, int *status, int options, u64 *usage, void *info)
{
    if (capability_mode)
        return (int)finish(-E_CAPMODE);
    if (type != F_P_PID || (options & (F_WEXITED | F_WUNTRACED | F_WCONTINUED)) == 0)
        return (int)finish(-EINVAL);
    struct request q = {.operation = WAIT, .pid = (int)id, .flags = options};
    return (int)finish(wait_for(&q, status, usage, info));
}

/*
 * Capability mode refuses these on 14.0, and not on 15.1, where they find no child without a descriptor.
 * It refuses wait6 on both. All of this was observed.
 */
static int refused_on_14(void)
{
    return capability_mode && release < 1500;
}

int sim_wait4(int, int *, int, void *) __asm__("wait4");
int sim_wait4(int pid, int *status, int options, void *usage)
{
    u64 both[18];
    if (refused_on_14())
        return (int)finish(-E_CAPMODE);
    if (pid > 0) {
        struct request q = {.operation = WAIT, .pid = pid, .flags = options | F_WEXITED};
        s64 result = wait_for(&q, status, both, NULL);
        if (result != -ECHILD)
            return (int)finish(result);
    }
    return (int)LIBC(RAW4(SYS_wait4, pid, status, options, usage));
}

static s64 fork1(u64 flags, int *pidfd);

/* Like fork: the difference does not show. */
int sim_vfork(void) __asm__("vfork");
int sim_vfork(void)
{
    return (int)finish(refused_on_14() ? -E_CAPMODE : freebsd(fork1(SIGCHLD, NULL)));
}

/* rfork(RFFDG | RFPROC) */
int rfork(int flags)
{
    return flags != 0x14 ? (int)finish(-EINVAL) : sim_vfork();
}

int pdwait(int fd, int *status, int options, u64 *usage, void *info)
{
    if (release < 1501)
        return (int)finish(-E_NOSYS);
    s64 inode = allowed(fd, MAY_WAIT);
    if (inode < 0)
        return (int)finish(inode);
    if ((options & (F_WEXITED | F_WUNTRACED | F_WCONTINUED)) == 0)
        return (int)finish(-EINVAL);
    struct request q = {.operation = PDWAIT, .flags = options, .inode = (u64)inode};
    s64 result = wait_for(&q, status, usage, info);
    /* Unlike wait6, it fails if there is nothing to report, as observed on 15.1. */
    return (int)finish(result > 0 ? 0 : result == 0 ? -E_AGAIN : result);
}

/* ---- kqueue ---- */

struct kevent {
    u64 ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    s64 data;
    u64 udata;
    u64 ext[4];
};
_Static_assert(sizeof(struct kevent) == 64, "kevent");

enum {
    F_READ = -1, F_WRITE = -2, F_SIGNAL = -6, F_PROCDESC = -8, F_USER = -11, EV_ADD = 1,
    EV_DELETE = 2, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_ERROR = 0x4000, EV_EOF = 0x8000,
    F_SIGCHLD = 20,
};
#define NOTE_EXIT 0x80000000u
#define NOTE_TRIGGER 0x01000000u
#define NOTE_LOWAT 1u

static s64 space_of(int);
static int ends_records(int);
static int hung_up(int);

struct note { /* a registration */
    struct note *next;
    int queue, fd; /* fd: the descriptor that epoll watches */
    struct kevent event;
    u64 id;
};
static struct note *notes[1024]; /* indexed by the data of an epoll event */
static u64 note_ids;
static unsigned char queues[65536]; /* whether the descriptor is, or was, a kqueue with notes */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct note **find(int queue, u64 ident, int filter)
{
    for (int i = 0; i < 1024; i++)
        for (struct note **n = &notes[i]; *n != NULL; n = &(*n)->next)
            if ((*n)->queue == queue && (*n)->event.ident == ident && (*n)->event.filter == filter)
                return n;
    return NULL;
}

static struct note **by_id(u64 id)
{
    for (struct note **n = &notes[id % 1024]; *n != NULL; n = &(*n)->next)
        if ((*n)->id == id)
            return n;
    return NULL;
}

/* Returns whether a note has a descriptor that the program does not know. */
static int has_own_descriptor(int filter)
{
    return filter == F_USER || filter == F_SIGNAL;
}

static void drop(struct note **n)
{
    struct note *old = *n;
    *n = old->next;
    epoll_ctl(old->queue, EPOLL_CTL_DEL, old->fd, NULL);
    if (has_own_descriptor(old->event.filter))
        syscall(SYS_close, old->fd);
    free(old);
}

/* The close of a kqueue ends its registrations. */
static void drop_all(int queue)
{
    if (queue < 0 || queue >= (int)sizeof queues || !queues[queue])
        return;
    pthread_mutex_lock(&lock);
    queues[queue] = 0;
    for (int i = 0; i < 1024; i++)
        for (struct note **n = &notes[i]; *n != NULL;)
            if ((*n)->queue == queue)
                drop(n);
            else
                n = &(*n)->next;
    pthread_mutex_unlock(&lock);
}

int kqueue(void)
{
    return (int)LIBC(RAW1(SYS_epoll_create1, 0));
}

/*
 * Creates the descriptor that tells of a note without a file. EVFILT_SIGNAL counts the signals that are
 * sent, whether they are ignored, blocked or handled; only SIGCHLD at a stop or a continuation of a
 * pdfork child is played. As observed on 15.1, the exit of such a child sends none.
 */
static s64 own_descriptor(int filter)
{
    struct request q = {.operation = SUBSCRIBE};
    struct reply r;
    if (filter == F_USER)
        return freebsd(RAW2(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
    s64 connection = talk(&q, &r, NULL);
    if (connection >= 0 && r.result < 0) {
        RAW1(SYS_close, connection);
        return r.result;
    }
    return connection;
}

/* A note of EVFILT_USER exists already: it stays triggered, unless EV_CLEAR says otherwise. */
static void touch(struct note *n, const struct kevent *k)
{
    u64 count = 1;
    n->event.udata = k->udata;
    if (k->fflags & NOTE_TRIGGER)
        RAW3(SYS_write, n->fd, &count, 8);
    if (k->flags & EV_CLEAR) /* filt_usertouch: even if the same change triggers it */
        RAW3(SYS_read, n->fd, &count, 8);
}

static s64 change(int queue, const struct kevent *k)
{
    struct note **old = find(queue, k->ident, k->filter);
    if (k->flags & EV_DELETE) {
        if (old == NULL)
            return -ENOENT;
        drop(old);
        return 0;
    }
    if (old == NULL && !(k->flags & EV_ADD))
        return -ENOENT;
    if (old != NULL && k->filter == F_USER) {
        touch(*old, k);
        return 0;
    }
    if (!(k->flags & EV_ADD))
        return 0;
    int fd = (int)k->ident;
    struct epoll_event event = {0};
    if (k->filter == F_PROCDESC) {
        s64 inode = allowed(fd, MAY_EVENT);
        if (inode < 0)
            return inode;
        if ((k->fflags & NOTE_EXIT) == 0)
            return 0; /* accepted, but never reported, as observed */
        event.events = EPOLLHUP;
    } else if (k->filter == F_READ || k->filter == F_WRITE) {
        if (procdesc(fd) >= 0)
            return -EINVAL;
        event.events = k->filter == F_READ ? EPOLLIN : EPOLLOUT;
    } else if (k->filter == F_USER || (k->filter == F_SIGNAL && k->ident == F_SIGCHLD)) {
        event.events = EPOLLIN;
    } else {
        return -EINVAL;
    }
    event.events |= k->flags & EV_ONESHOT || k->filter == F_PROCDESC ? EPOLLONESHOT : 0;
    /* Linux always has room; each packet that is received makes the kqueue look again. */
    event.events |= k->filter == F_WRITE && k->fflags & NOTE_LOWAT && ends_records(fd) ? EPOLLET : 0;
    if (old != NULL)
        drop(old);
    if (has_own_descriptor(k->filter)) {
        s64 own = own_descriptor(k->filter);
        if (own < 0)
            return own;
        fd = (int)own;
    }
    struct note *n = calloc(1, sizeof *n);
    *n = (struct note){notes[(note_ids + 1) % 1024], queue, fd, *k, ++note_ids};
    event.data.u64 = n->id;
    s64 result = RAW4(SYS_epoll_ctl, queue, EPOLL_CTL_ADD, fd, &event);
    if (result == -EEXIST) /* watched for another filter, or through a copy of a closed number */
        result = RAW4(SYS_epoll_ctl, queue, EPOLL_CTL_MOD, fd, &event);
    if (result < 0) {
        if (has_own_descriptor(k->filter))
            RAW1(SYS_close, fd);
        free(n);
        return freebsd(result);
    }
    if (k->filter == F_SIGNAL)
        n->event.flags |= EV_CLEAR; /* filt_sigattach sets it */
    notes[n->id % 1024] = n;
    if (queue < (int)sizeof queues)
        queues[queue] = 1;
    return 0;
}

/* Returns the number of signals since the last report. */
static s64 signals_since(int connection)
{
    char byte;
    s64 count = 0;
    while (recv(connection, &byte, 1, MSG_DONTWAIT) == 1)
        count++;
    return count;
}

/* Returns the event of a registration; 0 if there is none. */
static int report(u64 id, struct kevent *k)
{
    struct note **found = by_id(id);
    struct ended ended;
    u64 count;
    if (found == NULL)
        return 0;
    struct note *n = *found;
    *k = n->event;
    k->flags = n->event.flags & (EV_ONESHOT | EV_CLEAR);
    if (k->filter == F_USER) {
        struct pollfd triggered = {n->fd, POLLIN, 0};
        struct timespec now = {0, 0};
        if (RAW5(SYS_ppoll, &triggered, 1, &now, 0, 0) != 1)
            return 0;
        if (k->flags & EV_CLEAR)
            RAW3(SYS_read, n->fd, &count, 8);
        k->fflags = 0;
    }
    if (k->filter == F_SIGNAL) {
        k->data = signals_since(n->fd);
        if (k->data == 0)
            return 0;
    }
    if (k->filter == F_PROCDESC) {
        if (!status_of(n->fd, &ended))
            return 0;
        k->flags = EV_EOF | EV_ONESHOT | EV_CLEAR;
        k->fflags = NOTE_EXIT;
        k->data = ended.status;
    }
    if (k->filter == F_WRITE && (k->fflags & NOTE_LOWAT) && ends_records(n->fd)) {
        s64 wanted = k->data;
        k->data = space_of(n->fd);
        if (k->data < wanted && !hung_up(n->fd))
            return 0;
        struct epoll_event again = {.events = EPOLLOUT | EPOLLET, .data.u64 = id};
        RAW4(SYS_epoll_ctl, n->queue, EPOLL_CTL_MOD, n->fd, &again); /* the event lasts, without EV_CLEAR */
    }
    if (k->flags & EV_ONESHOT)
        drop(found);
    return 1;
}

int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events, int room,
    const struct timespec *timeout)
{
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < change_count; i++) {
        s64 result = change(queue, &changes[i]);
        if (result < 0 && count < room) {
            events[count] = changes[i];
            events[count].flags = EV_ERROR;
            events[count++].data = -result;
        } else if (result < 0) {
            pthread_mutex_unlock(&lock);
            return (int)finish(result);
        }
    }
    pthread_mutex_unlock(&lock);
    if (count > 0 || room == 0)
        return count;
    struct epoll_event ready[256];
    int millis = timeout == NULL ? -1 : (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000);
    s64 found = RAW5(SYS_epoll_pwait, queue, ready, room < 256 ? room : 256, millis, 0);
    if (found < 0)
        return (int)finish(freebsd(found));
    pthread_mutex_lock(&lock);
    for (int i = 0; i < found; i++)
        count += report(ready[i].data.u64, &events[count]);
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- functions that differ only in numbers ---- */

static int open_flags(int flags)
{
    return (flags & 3) | (flags & 4 ? O_NONBLOCK : 0) | (flags & 8 ? O_APPEND : 0) |
        (flags & 0x200 ? O_CREAT : 0) | (flags & 0x400 ? O_TRUNC : 0) | (flags & 0x800 ? O_EXCL : 0) |
        (flags & 0x20000 ? O_DIRECTORY : 0) | (flags & 0x100000 ? O_CLOEXEC : 0);
}

/* These do not have the names that the libc of this library would call. */
#define REPLACES(name) __asm__(name)
s64 sim_read(int, void *, size_t) REPLACES("read");
s64 sim_write(int, const void *, size_t) REPLACES("write");
int sim_close(int) REPLACES("close");
int sim_dup3(int, int, int) REPLACES("dup3");
int sim_open(const char *, int, int) REPLACES("open");
s64 sim_pread(int, void *, size_t, s64) REPLACES("pread");
int sim_fcntl(int, int, u64) REPLACES("fcntl");
int sim_pipe2(int *, int) REPLACES("pipe2");
int sim_poll(struct pollfd *, u64, int) REPLACES("poll");
s64 sim_mmap(u64, u64, int, int, int, s64) REPLACES("mmap");
int sim_mprotect(u64, u64, int) REPLACES("mprotect");
int sim_munmap(u64, u64) REPLACES("munmap");
int sim_sigaction(int, const u64 *, u64 *) REPLACES("sigaction");
int sim_getrlimit(int, s64 *) REPLACES("getrlimit");
int sim_killpg(int, int) REPLACES("killpg");
int sim_fstat(int, char *) REPLACES("fstat");
int sim_socket(int, int, int) REPLACES("socket");
int sim_socketpair(int, int, int, int *) REPLACES("socketpair");
s64 sim_sendto(int, const void *, size_t, int, const void *, unsigned) REPLACES("sendto");
int sim_shutdown(int, int) REPLACES("shutdown");
int sim_bind(int, const char *, unsigned) REPLACES("bind");
int sim_connect(int, const char *, unsigned) REPLACES("connect");
int sim_listen(int, int) REPLACES("listen");
int sim_accept4(int, void *, void *, int) REPLACES("accept4");
int sim_getsockopt(int, int, int, void *, unsigned *) REPLACES("getsockopt");
int sim_setsockopt(int, int, int, const void *, unsigned) REPLACES("setsockopt");
int sim_ioctl(int, u64, void *) REPLACES("ioctl");
int sim_posix_openpt(int) REPLACES("posix_openpt");
int sim_pthread_sigmask(int, const u64 *, u64 *) REPLACES("pthread_sigmask");
struct freebsd_msghdr;
s64 sim_sendmsg(int, const struct freebsd_msghdr *, int) REPLACES("sendmsg");
s64 sim_recvmsg(int, struct freebsd_msghdr *, int) REPLACES("recvmsg");

static int is_master(int);
static int is_hung_up(int);

s64 sim_read(int fd, void *buffer, size_t size)
{
    s64 result = RAW3(SYS_read, fd, buffer, size);
    return LIBC(result == -EIO && is_master(fd) ? 0 : result);
}

s64 sim_write(int fd, const void *buffer, size_t size)
{
    s64 result = RAW3(SYS_write, fd, buffer, size);
    return LIBC(result == -EAGAIN && is_master(fd) && is_hung_up(fd) ? -EIO : result);
}

int sim_close(int fd)
{
    drop_all(fd);
    return (int)LIBC(RAW1(SYS_close, fd));
}

int sim_dup3(int from, int to, int flags)
{
    drop_all(to);
    return (int)LIBC(RAW3(SYS_dup3, from, to, open_flags(flags)));
}

/* ---- the run-time linker ---- */

#define LINKER "/libexec/ld-elf.so.1"
#if defined(__x86_64__)
#define NATIVE_LINKER "/lib64/ld-linux-x86-64.so.2"
#else
#define NATIVE_LINKER "/lib/ld-linux-aarch64.so.1"
#endif
static const char stand_in[] = "freebsd-sim: " LINKER;

static s64 open_linker(int flags)
{
    s64 fd = RAW2(SYS_memfd_create, "ld-elf.so.1", open_flags(flags) & O_CLOEXEC ? MFD_CLOEXEC : 0);
    return fd < 0 ? fd : RAW3(SYS_write, fd, stand_in, sizeof stand_in) < 0 ? -EIO : fd;
}

static int is_linker(int fd)
{
    char text[sizeof stand_in] = {0};
    s64 size = RAW4(SYS_pread64, fd, text, sizeof text, 0);
    return size == sizeof text && memcmp(text, stand_in, sizeof text) == 0;
}

static int is_dynamic(int fd)
{
    unsigned char header[64];
    u64 at;
    unsigned short size, count;
    int type;
    if (RAW4(SYS_pread64, fd, header, sizeof header, 0) != sizeof header ||
        memcmp(header, "\177ELF\2", 5) != 0)
        return 0;
    memcpy(&at, header + 32, 8);
    memcpy(&size, header + 54, 2);
    memcpy(&count, header + 56, 2);
    for (unsigned i = 0; i < count; i++)
        if (RAW4(SYS_pread64, fd, &type, 4, at + (u64)i * size) == 4 && type == 3 /* PT_INTERP */)
            return 1;
    return 0;
}

/* Aborts an image whose interpreter the kernel may not open: exec does not return. */
static s64 abort_image(char **environment)
{
    static char *const program[] = {"sh", "-c", "ulimit -c 0; kill -ABRT $$", NULL};
    u64 usual[4] = {0}, none = 0;
    RAW4(SYS_rt_sigaction, SIGABRT, usual, 0, 8);
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
    return RAW3(SYS_execve, "/bin/sh", program, environment);
}

static void linker_dies(const char *why)
{
    RAW3(SYS_write, 2, "ld-elf.so.1: ", 13);
    RAW3(SYS_write, 2, why, strlen(why));
    RAW3(SYS_write, 2, "\n", 1);
    for (;;)
        RAW1(SYS_exit_group, 1);
}

/* Parses a number at the start of a string, up to a terminator; returns -1 if there is none. */
static int number_at(const char *text, char end)
{
    int number = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9')
        number = 10 * number + *at++ - '0';
    return at > text && (*at == end || *at == 0) ? number : -1;
}

/* Returns whether the new image inherits the descriptor, and its file is of this type. */
static int survives(int fd, unsigned type)
{
    struct stat st;
    return fd >= 0 && RAW3(SYS_fcntl, fd, F_GETFD, 0) == 0 && RAW2(SYS_fstat, fd, &st) == 0 &&
        (st.st_mode & S_IFMT) == type;
}

/*
 * rtld(1), direct execution: ld-elf.so.1 -f FD -- ARGV. Libraries are found only in the directories of
 * LD_LIBRARY_PATH_FDS. The new image reports all errors, so this does not return.
 */
static s64 play_linker(char **arguments, char **environment)
{
    static const char variable[] = "LD_LIBRARY_PATH_FDS=";
    int count = 0, directories = 0;
    while (arguments[count] != NULL)
        count++;
    if (count < 5 || strcmp(arguments[1], "-f") != 0 || strcmp(arguments[3], "--") != 0)
        linker_dies("not the words that this stand-in knows: -f FD -- ARGV");
    int program = number_at(arguments[2], 0);
    if (!survives(program, S_IFREG))
        linker_dies("Failed to fstat FD: it is not open, or not a file");
    for (char **e = environment; *e != NULL; e++)
        if (strncmp(*e, variable, sizeof variable - 1) == 0)
            for (const char *at = *e + sizeof variable - 1; at != NULL && *at != 0;) {
                directories += survives(number_at(at, ':'), S_IFDIR);
                at = strchr(at, ':');
                at = at == NULL ? NULL : at + 1;
            }
    if (directories == 0)
        linker_dies("Shared object \"libc.so.7\" not found");
    RAW3(SYS_fcntl, program, F_SETFD, FD_CLOEXEC); /* rtld closes it after mapping the program */
    RAW5(SYS_execveat, program, "", arguments + 4, environment, AT_EMPTY_PATH);
    linker_dies("not a program");
    return -ENOEXEC;
}

/* fexecve */
static s64 execute(int fd, char **arguments, char **environment)
{
    if (is_linker(fd))
        return play_linker(arguments, environment);
    if (capability_mode && is_dynamic(fd))
        return abort_image(environment);
    struct stat status;
    if (RAW2(SYS_fstat, fd, &status) == 0 && S_ISFIFO(status.st_mode))
        return -EBADF; /* as observed on 15.1 */
    return RAW5(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
}

/* Behaves as the function of the kernel, for C programs. */
int fexecve(int fd, char *const *arguments, char *const *environment)
{
    return (int)LIBC(execute(fd, (char **)(uintptr_t)arguments, (char **)(uintptr_t)environment));
}

/* Programs for Linux name their own linker; here it has FreeBSD's name. */
s64 sim_pread(int fd, void *buffer, size_t size, s64 offset)
{
    s64 result = RAW4(SYS_pread64, fd, buffer, size, offset);
    if (result == sizeof NATIVE_LINKER && memcmp(buffer, NATIVE_LINKER, sizeof NATIVE_LINKER) == 0)
        strcpy(buffer, LINKER);
    return LIBC(result);
}

int sim_open(const char *path, int flags, int mode)
{
    if (capability_mode)
        return (int)finish(-E_CAPMODE);
    if (strcmp(path, LINKER) == 0)
        return (int)LIBC(open_linker(flags));
    /* No open makes a terminal the controlling one. */
    return (int)LIBC(RAW4(SYS_openat, AT_FDCWD, path, open_flags(flags) | O_NOCTTY, mode));
}

/* Only an object of shm_open, and memfd_create, has seals; on Linux, every file of tmpfs has. */
static int is_memory_file(int fd)
{
    struct stat st;
    return RAW2(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0;
}

int sim_fcntl(int fd, int command, u64 argument)
{
    if (command == 17)
        command = F_DUPFD_CLOEXEC;
    else if (command == 20 && !is_memory_file(fd)) /* F_GET_SEALS */
        return (int)finish(RAW3(SYS_fcntl, fd, F_GETFD, 0) == -EBADF ? -EBADF : -EINVAL);
    else if (command == 20)
        command = F_GET_SEALS;
    else if (command == F_GETFL && procdesc(fd) >= 0 && rights_of(fd) != MAY_ALL)
        return (int)finish(-E_NOTCAPABLE);
    else if (command == F_SETFL)
        argument = (u64)open_flags((int)argument);
    return (int)LIBC(RAW3(SYS_fcntl, fd, command, argument));
}

int sim_pipe2(int *ends, int flags)
{
    return (int)LIBC(RAW2(SYS_pipe2, ends, open_flags(flags)));
}

int sim_poll(struct pollfd *fds, u64 count, int timeout)
{
    struct pollfd asked[16];
    s64 process[16];
    int invalid = 0;
    if (count > 16)
        return (int)finish(-EINVAL);
    for (u64 i = 0; i < count; i++) {
        process[i] = allowed(fds[i].fd, MAY_EVENT);
        asked[i] = fds[i];
        if (process[i] >= 0)
            asked[i].events = 0; /* the hang-up, which is reported after the status */
        else if (fds[i].events & 0x4000) /* POLLRDHUP */
            asked[i].events = (short)((fds[i].events & ~0x4000) | POLLRDHUP);
        if (process[i] == -E_NOTCAPABLE) {
            asked[i].fd = -1;
            invalid++;
        }
    }
    struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};
    if (invalid > 0)
        time = (struct timespec){0, 0};
    s64 result =
        RAW5(SYS_ppoll, asked, count, timeout < 0 && invalid == 0 ? NULL : &time, 0, 0);
    for (u64 i = 0; i < count && result >= 0; i++) {
        short seen = asked[i].revents;
        fds[i].revents = process[i] == -E_NOTCAPABLE ? POLLNVAL
            : process[i] >= 0 ? (short)(seen & POLLHUP)
            : (short)((seen & ~POLLRDHUP) | (seen & POLLRDHUP ? 0x4000 : 0));
    }
    return (int)LIBC(result < 0 ? result : result + invalid);
}

/* struct stat has 224 bytes; st_mode is a short at 24. Of the rest only the birth time is set. */
int sim_fstat(int fd, char *buffer)
{
    struct reply r;
    struct stat st;
    s64 inode = allowed(fd, MAY_FSTAT);
    if (inode == -E_NOTCAPABLE)
        return (int)finish(inode);
    s64 mode = RAW2(SYS_fstat, fd, &st);
    if (mode < 0)
        return (int)LIBC(mode);
    mode = st.st_mode;
    if (inode >= 0) {
        struct request q = {.operation = FSTAT, .inode = (u64)inode};
        mode = ask(&q, &r, NULL);
        if (mode < 0)
            return (int)finish(mode);
        mode |= S_IFREG;
    }
    memset(buffer, 0, 224);
    memcpy(buffer + 24, &(unsigned short){(unsigned short)mode}, 2);
    if (inode >= 0)
        memcpy(buffer + 96, r.usage, 8); /* st_birthtim */
    return 0;
}

/* ---- sockets ---- */

static int socket_type(int type)
{
    return (type & 0xf) | (type & 0x10000000 ? SOCK_CLOEXEC : 0) |
        (type & 0x20000000 ? SOCK_NONBLOCK : 0);
}

int sim_socket(int domain, int type, int protocol)
{
    return (int)LIBC(RAW3(SYS_socket, domain, socket_type(type), protocol));
}

static void join(int, int);
static void name(int);
static void join_by_name(int);
static struct queue *queue_of(int);

int sim_socketpair(int domain, int type, int protocol, int *pair)
{
    s64 result = RAW4(SYS_socketpair, domain, socket_type(type), protocol, pair);
    if (result == 0 && ends_records(pair[0]))
        join(pair[0], pair[1]);
    return (int)LIBC(result);
}

s64 sim_sendto(int fd, const void *data, size_t size, int flags, const void *to, unsigned to_size)
{
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (to != NULL || to_size != 0)
        return finish(-E_ISCONN); /* only connected sockets are used */
    int native_flags = (flags & 0x80 ? MSG_DONTWAIT : 0) | (flags & 0x20000 ? MSG_NOSIGNAL : 0);
    return LIBC(RAW3(SYS_sendmsg, fd, &m, native_flags));
}

int sim_shutdown(int fd, int how)
{
    return (int)LIBC(RAW2(SYS_shutdown, fd, how));
}

/* Converts a sockaddr_un, which begins with its length; returns -errno on failure. */
static s64 with_address(s64 call, int fd, const char *name, unsigned size)
{
    char local[110];
    if (capability_mode)
        return -E_CAPMODE;
    if (size < 2 || size > 106 || (unsigned char)name[0] != size || name[1] != AF_UNIX)
        return -EINVAL;
    memcpy(local, &(unsigned short){AF_UNIX}, 2);
    memcpy(local + 2, name + 2, size - 2);
    return freebsd(RAW3(call, fd, local, size));
}

int sim_bind(int fd, const char *name, unsigned size)
{
    return (int)finish(with_address(SYS_bind, fd, name, size));
}

int sim_connect(int fd, const char *path, unsigned size)
{
    if (ends_records(fd))
        name(fd);
    return (int)finish(with_address(SYS_connect, fd, path, size));
}

int sim_listen(int fd, int backlog)
{
    return (int)LIBC(RAW2(SYS_listen, fd, backlog));
}

int sim_accept4(int fd, void *path, void *size, int flags)
{
    s64 result = RAW4(SYS_accept4, fd, path, size, socket_type(flags));
    if (result >= 0 && ends_records((int)result))
        join_by_name((int)result);
    return (int)LIBC(result);
}

static int socket_option(int level, int option)
{
    if (level != 0xffff)
        return -1;
    return option == 0x1001 ? SO_SNDBUF : option == 0x1002 ? SO_RCVBUF
        : option == 0x1007 ? SO_ERROR : option == 0x1008 ? SO_TYPE : option == 0x1019 ? SO_DOMAIN
        : option == 0x2 ? SO_ACCEPTCONN : -1;
}

enum { MBUF = 256, CLUSTER = 2048, PAGE_CLUSTER = 4096, IN_MBUF = 224 };

static int is_buffer(int option)
{
    return option == 0x1001 || option == 0x1002;
}

/* Returns the place of the size of a buffer; the buffers of Linux have another size. */
static int *buffer_of(int fd, int option)
{
    struct queue *q = queue_of(fd);
    return option == 0x1001 ? &q->sending : &q->receiving;
}

int sim_getsockopt(int fd, int level, int option, void *value, unsigned *size)
{
    if (socket_option(level, option) < 0)
        return (int)finish(-E_NOPROTOOPT);
    if (is_buffer(option) && *size == sizeof(int) && ends_records(fd)) {
        memcpy(value, buffer_of(fd, option), sizeof(int));
        return 0;
    }
    s64 result = RAW5(SYS_getsockopt, fd, SOL_SOCKET, socket_option(level, option), value, size);
    if (result == 0 && option == 0x1019 && *(int *)value == AF_INET6)
        *(int *)value = 28;
    return (int)LIBC(result);
}

int sim_setsockopt(int fd, int level, int option, const void *value, unsigned size)
{
    if (socket_option(level, option) < 0)
        return (int)finish(-E_NOPROTOOPT);
    if (is_buffer(option) && size == sizeof(int) && ends_records(fd)) {
        int wanted;
        memcpy(&wanted, value, sizeof wanted);
        if (wanted < 1)
            return (int)finish(-EINVAL);
        if (wanted > (s64)SB_MAX * CLUSTER / (MBUF + CLUSTER)) /* sb_max_adj */
            return (int)finish(-E_NOBUFS);
        *buffer_of(fd, option) = wanted;
        return 0;
    }
    return (int)LIBC(RAW5(
        SYS_setsockopt, fd, SOL_SOCKET, socket_option(level, option), value, size));
}

static int is_pipe(int fd)
{
    struct stat st;
    return RAW2(SYS_fstat, fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/*
 * A pipe accepts TIOCSPGRP, which sets the group that gets SIGIO: ESRCH if there is none with this number,
 * as observed on 15.1. 0 removes it. Other requests for terminals fail with ENOTTY. Not simulated: SIGIO.
 */
static s64 set_owner(int group)
{
    s64 result = group == 0 ? 0 : RAW2(SYS_kill, -group, 0);
    return result == -ESRCH ? result : 0;
}

/*
 * Pseudo-terminals follow the sources of 14 (sys/kern/tty_pts.c); they were not observed. posix_openpt makes
 * one that needs no unlocking, FIODGNAME names the terminal below /dev, and the master of a terminal that no
 * process has open reads 0 bytes and fails to write with EIO. Not simulated: that the exit of the leader of a
 * session revokes the terminal and discards its output, and that the last close waits until its output is read.
 */
struct terminal_name {
    int size;
    char *buffer;
};

/* The modes of FreeBSD, and those of the kernel of Linux, whose struct is smaller than that of its libc. */
struct freebsd_termios {
    unsigned input, output, control, local;
    unsigned char characters[20];
    unsigned input_speed, output_speed;
};
struct native_termios {
    unsigned input, output, control, local;
    unsigned char line, characters[19];
};
_Static_assert(sizeof(struct freebsd_termios) == 44 && sizeof(struct native_termios) == 36, "termios");

struct bits {
    unsigned freebsd, native;
};
static const struct bits input_bits[] = {
    {0x1FF, 0x1FF}, {0x200, 0x400 /* IXON */}, {0x800, 0x800 /* IXANY */}, {0x400, 0x1000 /* IXOFF */},
    {0x2000, 0x2000 /* IMAXBEL */}, {0, 0}};
static const struct bits output_bits[] = {
    {0x1, 0x1 /* OPOST */}, {0x2, 0x4 /* ONLCR */}, {0x10, 0x8 /* OCRNL */}, {0x20, 0x10 /* ONOCR */},
    {0x40, 0x20 /* ONLRET */}, {0, 0}};
static const struct bits control_bits[] = {
    {0x100, 0x10 /* CS6 */}, {0x200, 0x20 /* CS7 */}, {0x400, 0x40 /* CSTOPB */}, {0x800, 0x80 /* CREAD */},
    {0x1000, 0x100 /* PARENB */}, {0x2000, 0x200 /* PARODD */}, {0x4000, 0x400 /* HUPCL */},
    {0x8000, 0x800 /* CLOCAL */}, {0, 0}};
static const struct bits local_bits[] = {
    {0x80, 0x1 /* ISIG */}, {0x100, 0x2 /* ICANON */}, {0x8, 0x8 /* ECHO */}, {0x2, 0x10 /* ECHOE */},
    {0x4, 0x20 /* ECHOK */}, {0x10, 0x40 /* ECHONL */}, {0x80000000, 0x80 /* NOFLSH */},
    {0x400000, 0x100 /* TOSTOP */}, {0x40, 0x200 /* ECHOCTL */}, {0x20, 0x400 /* ECHOPRT */},
    {0x1, 0x800 /* ECHOKE */}, {0x20000000, 0x4000 /* PENDIN */}, {0x400, 0x8000 /* IEXTEN */}, {0, 0}};

/* FreeBSD's indices of the characters of Linux, or -1. */
static const signed char character_index[19] = {
    8 /* VINTR */, 9 /* VQUIT */, 3 /* VERASE */, 5 /* VKILL */, 0 /* VEOF */, 17 /* VTIME */, 16 /* VMIN */,
    -1, 12 /* VSTART */, 13 /* VSTOP */, 10 /* VSUSP */, 1 /* VEOL */, 6 /* VREPRINT */, 15 /* VDISCARD */,
    4 /* VWERASE */, 14 /* VLNEXT */, 2 /* VEOL2 */, -1, -1};
enum { NATIVE_VTIME = 5, NATIVE_VMIN = 6, DISABLED = 0xFF };

static unsigned to_freebsd(const struct bits *bits, unsigned native)
{
    unsigned result = 0;
    for (; bits->freebsd; bits++)
        result |= bits->freebsd == bits->native ? native & bits->native : native & bits->native ? bits->freebsd : 0;
    return result;
}

/* Keeps the bits that FreeBSD does not have. */
static unsigned to_native(const struct bits *bits, unsigned freebsd, unsigned before)
{
    for (; bits->freebsd; bits++)
        before = (before & ~bits->native) |
            (bits->freebsd == bits->native ? freebsd & bits->freebsd : freebsd & bits->freebsd ? bits->native : 0);
    return before;
}

static s64 get_modes(int fd, struct freebsd_termios *modes)
{
    struct native_termios native;
    s64 result = RAW3(SYS_ioctl, fd, 0x5401 /* TCGETS */, &native);
    if (result < 0)
        return freebsd(result);
    memset(modes, 0, sizeof *modes);
    memset(modes->characters, DISABLED, sizeof modes->characters);
    modes->input = to_freebsd(input_bits, native.input);
    modes->output = to_freebsd(output_bits, native.output);
    modes->control = to_freebsd(control_bits, native.control);
    modes->local = to_freebsd(local_bits, native.local);
    for (int i = 0; i < 19; i++)
        if (character_index[i] >= 0 && (native.characters[i] || i == NATIVE_VTIME || i == NATIVE_VMIN))
            modes->characters[character_index[i]] = native.characters[i];
    return result;
}

static s64 set_modes(int fd, const struct freebsd_termios *modes)
{
    struct native_termios native;
    s64 result = RAW3(SYS_ioctl, fd, 0x5401 /* TCGETS */, &native);
    if (result < 0)
        return freebsd(result);
    native.input = to_native(input_bits, modes->input, native.input);
    native.output = to_native(output_bits, modes->output, native.output);
    native.control = to_native(control_bits, modes->control, native.control);
    native.local = to_native(local_bits, modes->local, native.local);
    for (int i = 0; i < 19; i++)
        if (character_index[i] >= 0) {
            unsigned char value = modes->characters[character_index[i]];
            native.characters[i] = value == DISABLED && i != NATIVE_VTIME && i != NATIVE_VMIN ? 0 : value;
        }
    return freebsd(RAW3(SYS_ioctl, fd, 0x5402 /* TCSETS */, &native));
}

static s64 terminal_name(int fd, const struct terminal_name *name)
{
    unsigned number;
    s64 result = RAW3(SYS_ioctl, fd, 0x80045430 /* TIOCGPTN */, &number);
    if (result < 0)
        return freebsd(result);
    char text[32];
    int size = snprintf(text, sizeof text, "pts/%u", number) + 1;
    if (size > name->size)
        return -EINVAL;
    memcpy(name->buffer, text, (size_t)size);
    return 0;
}

int sim_posix_openpt(int flags)
{
    if (flags & ~(2 | 0x8000 | 0x100000)) /* O_RDWR, O_NOCTTY, O_CLOEXEC */
        return (int)finish(-EINVAL);
    s64 fd = RAW4(SYS_openat, AT_FDCWD, "/dev/ptmx", open_flags(flags) | O_NOCTTY, 0);
    int unlocked = 0;
    if (fd >= 0)
        RAW3(SYS_ioctl, fd, 0x40045431 /* TIOCSPTLCK */, &unlocked);
    return (int)LIBC(fd);
}

static int is_master(int fd)
{
    struct stat st;
    return RAW2(SYS_fstat, fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2);
}

static int is_hung_up(int fd)
{
    struct pollfd asked = {.fd = fd};
    return RAW3(SYS_poll, &asked, 1, 0) > 0 && asked.revents & POLLHUP;
}

static s64 control(int fd, u64 request, u64 argument)
{
    static const struct { u64 number, native; } requests[] = {
        {0x20007461, 0x540E /* TIOCSCTTY */}, {0x80047476, 0x5410 /* TIOCSPGRP */},
        {0x40047477, 0x540F /* TIOCGPGRP */}, {0x40087468, 0x5413 /* TIOCGWINSZ */},
        {0x80087467, 0x5414 /* TIOCSWINSZ */}, {0x4004667f, 0x541B /* FIONREAD */}};
    if (request == 0x80047476 && is_pipe(fd))
        return set_owner(*(int *)(uintptr_t)argument);
    if (request == 0x402c7413) /* TIOCGETA */
        return get_modes(fd, (struct freebsd_termios *)(uintptr_t)argument);
    if (request == 0x802c7414) /* TIOCSETA */
        return set_modes(fd, (const struct freebsd_termios *)(uintptr_t)argument);
    if (request == 0x80106678) /* FIODGNAME */
        return terminal_name(fd, (const struct terminal_name *)(uintptr_t)argument);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].number == request)
            return freebsd(RAW3(SYS_ioctl, fd, requests[i].native, argument));
    return freebsd(RAW3(SYS_ioctl, fd, 0, argument)); /* EBADF or ENOTTY */
}

int sim_ioctl(int fd, u64 request, void *argument)
{
    return (int)finish(control(fd, request, (u64)(uintptr_t)argument));
}

struct freebsd_msghdr {
    void *name;
    unsigned name_size;
    struct iovec *iov;
    int iov_count;
    char *control;
    unsigned control_size;
    int flags;
};
_Static_assert(sizeof(struct freebsd_msghdr) == 48, "msghdr");
_Static_assert(offsetof(struct freebsd_msghdr, control_size) == 40, "msghdr");

enum { CONTROL_ROOM = 4096, HEADER = 16 };

/* Returns the maximum length of a record before 15: the value set as SO_SNDBUF, or the default. */
static size_t longest(int fd)
{
    static int untouched;
    int room = 0;
    socklen_t size = sizeof room;
    if (untouched == 0) {
        int fresh = (int)RAW3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        RAW5(SYS_getsockopt, fresh, SOL_SOCKET, SO_SNDBUF, &untouched, &size);
        RAW1(SYS_close, fresh);
    }
    RAW5(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &room, &size);
    return room != untouched ? (size_t)room / 2 : 8192;
}

/* ---- records that end with MSG_EOR (15) ----
 *
 * The underlying Linux socket separates packets, so a program without this library can use its other
 * end. A packet is a part of a record and ends it, unless the first descriptor of the packet is a marker:
 * a socket with the priority MORE. The state of the first packet in the queue is stored on the socket:
 * the number of received bytes (SO_PEEK_OFF), and whether its descriptors were received (the priority
 * TAKEN).
 */

static int int_option(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    return RAW5(SYS_getsockopt, fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static void set_int_option(int fd, int option, int value)
{
    RAW5(SYS_setsockopt, fd, SOL_SOCKET, option, &value, sizeof value);
}

static int ends_records(int fd)
{
    return release >= 1500 && int_option(fd, SO_TYPE) == SOCK_SEQPACKET &&
        int_option(fd, SO_PRIORITY) != TAG;
}

static int is_stream(int fd)
{
    return int_option(fd, SO_TYPE) == SOCK_STREAM;
}

static int hung_up(int fd)
{
    struct pollfd p = {fd, POLLRDHUP, 0};
    struct timespec now = {0, 0};
    return RAW5(SYS_ppoll, &p, 1, &now, 0, 0) == 1 && (p.revents & (POLLHUP | POLLRDHUP)) != 0;
}

static u64 inode_of(int fd)
{
    struct stat st = {0};
    RAW2(SYS_fstat, fd, &st);
    return st.st_ino;
}

/* Returns the entry of a socket. The first call makes Linux's buffers so large that they do not matter. */
static struct queue *queue_of(int fd)
{
    u64 inode = inode_of(fd);
    struct queue *q = &shared->queues[inode % QUEUES];
    if (q->inode != inode) {
        *q = (struct queue){.inode = inode, .sending = DEFAULT_BUFFER, .receiving = DEFAULT_BUFFER};
        set_int_option(fd, SO_SNDBUF, 2 * SB_MAX);
        set_int_option(fd, SO_SNDBUFFORCE, 2 * SB_MAX); /* needs CAP_NET_ADMIN */
    }
    return q;
}

/* Returns the entry of the other end; NULL if it is unknown. */
static struct queue *other_end(const struct queue *q)
{
    struct queue *other = &shared->queues[q->peer % QUEUES];
    return q->peer != 0 && other->inode == q->peer ? other : NULL;
}

static void join(int one, int other)
{
    queue_of(one)->peer = inode_of(other);
    queue_of(other)->peer = inode_of(one);
}

/*
 * Gives a socket that connects a name, by which the other end finds its entry: NUL and five digits, which
 * Linux chooses.
 */
static void name(int fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t size = sizeof a;
    RAW3(SYS_bind, fd, &a, sizeof a.sun_family);
    if (RAW3(SYS_getsockname, fd, &a, &size) == 0 && size == sizeof a.sun_family + 6) {
        u64 number = strtoul(a.sun_path + 1, NULL, 16);
        shared->connecting[number % NAMES].number = number;
        shared->connecting[number % NAMES].inode = queue_of(fd)->inode;
    }
}

static void join_by_name(int fd)
{
    struct sockaddr_un a = {0};
    socklen_t size = sizeof a;
    if (RAW3(SYS_getpeername, fd, &a, &size) != 0 || size != sizeof a.sun_family + 6)
        return; /* a program without this library */
    u64 number = strtoul(a.sun_path + 1, NULL, 16);
    u64 inode = shared->connecting[number % NAMES].inode;
    struct queue *client = &shared->queues[inode % QUEUES];
    if (shared->connecting[number % NAMES].number == number && client->inode == inode) {
        queue_of(fd)->peer = inode;
        client->peer = queue_of(fd)->inode;
    }
}

/* Returns the size of a control message in the queue: a header, and a pointer for each descriptor. */
static s64 control_size(int descriptors)
{
    return descriptors == 0 ? 0 : 16 + 8 * descriptors;
}

/* sbcreatecontrol */
static int control_memory(int descriptors)
{
    return descriptors == 0 ? 0 : control_size(descriptors) > IN_MBUF ? MBUF + CLUSTER : MBUF;
}

/* mc_get: clusters of a page, and at the end what is sufficient. */
static int data_memory(s64 size)
{
    int memory = 0;
    for (; size > CLUSTER; size -= PAGE_CLUSTER)
        memory += MBUF + PAGE_CLUSTER;
    return memory + (size <= 0 ? 0 : size <= IN_MBUF ? MBUF : MBUF + CLUSTER);
}

static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER; /* from a look at the room to its use */

/*
 * Returns the room at the other end (uipc_stream_sbspace). A program without this library does not count
 * what it receives; then there is room again when it has received everything.
 */
static s64 room_of(int fd)
{
    struct queue *q = queue_of(fd), *other = other_end(q);
    s64 limit = other == NULL ? DEFAULT_BUFFER : other->receiving;
    s64 most = 8 * limit < SB_MAX ? 8 * limit : SB_MAX; /* sbreserve_locked */
    int queued = 0;
    RAW3(SYS_ioctl, fd, 0x5411 /* SIOCOUTQ */, &queued); /* 1 for a packet that is being removed */
    if (queued < MBUF) {
        __atomic_store_n(&q->used, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&q->memory, 0, __ATOMIC_SEQ_CST);
    }
    int used = __atomic_load_n(&q->used, __ATOMIC_SEQ_CST);
    int memory = __atomic_load_n(&q->memory, __ATOMIC_SEQ_CST);
    s64 space = limit - (used > 0 ? used : 0), mbufs = most - (memory > 0 ? memory : 0);
    s64 less = space < mbufs ? space : mbufs;
    return less > 0 ? less : 0;
}

static s64 space_of(int fd)
{
    pthread_mutex_lock(&room_lock);
    s64 space = room_of(fd);
    pthread_mutex_unlock(&room_lock);
    return space;
}

static void use_room(int fd, s64 bytes, int memory)
{
    struct queue *q = queue_of(fd);
    __atomic_add_fetch(&q->used, (int)bytes, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&q->memory, memory, __ATOMIC_SEQ_CST);
}

/* Gives room back to the other end. The removal of a packet follows, which wakes those who wait for room. */
static void free_room(int fd, s64 bytes, int memory)
{
    struct queue *q = other_end(queue_of(fd));
    if (q != NULL) {
        __atomic_sub_fetch(&q->used, (int)bytes, __ATOMIC_SEQ_CST);
        __atomic_sub_fetch(&q->memory, memory, __ATOMIC_SEQ_CST);
    }
}

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        RAW1(SYS_close, fds[i]);
}

enum { MOST_FDS = 254 };

/* Sends a packet, which is a part of a record; returns a count, or -errno. */
static s64 send_part(int fd, char *data, size_t size, const int *fds, int count, int more)
{
    union { char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))]; struct cmsghdr align; } control = {{0}};
    struct iovec iov = {data, size};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    int marker = -1, all[MOST_FDS];
    if (more) {
        marker = (int)RAW3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (marker < 0)
            return freebsd(marker);
        set_int_option(marker, SO_PRIORITY, MORE);
        all[0] = marker;
    }
    memcpy(all + more, fds, (size_t)count * sizeof(int));
    if (count + more > 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE((size_t)(count + more) * sizeof(int));
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN((size_t)(count + more) * sizeof(int));
        memcpy(CMSG_DATA(h), all, (size_t)(count + more) * sizeof(int));
    }
    s64 result = freebsd(RAW3(SYS_sendmsg, fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL));
    close_all(&marker, more);
    return result;
}

/* Sends as much of the rest as there is room for; returns a count, which may be 0, or -errno. */
static s64 send_some(int fd, char *data, s64 size, const int *fds, int count, int ends)
{
    s64 control = control_size(count);
    pthread_mutex_lock(&room_lock);
    s64 space = room_of(fd), result = -E_AGAIN;
    if (space > 0 && space >= control) {
        s64 part = size < space - control ? size : space - control;
        result = send_part(fd, data, (size_t)part, fds, count, part < size || !ends || part == 0);
        if (result >= 0)
            use_room(fd, part + control, data_memory(part) + control_memory(count));
    }
    pthread_mutex_unlock(&room_lock);
    return result;
}

/* The first part has all descriptors; a part has as much data as there is room for. */
static s64 send_record(int fd, char *data, s64 size, const int *fds, int count, int flags)
{
    struct queue *other = other_end(queue_of(fd));
    s64 sent = 0;
    if (count >= MOST_FDS || control_size(count) > (other == NULL ? DEFAULT_BUFFER : other->receiving))
        return -E_MSGSIZE;
    while (sent < size || count > 0) {
        s64 result = send_some(fd, data + sent, size - sent, fds, count, flags & 8 /* MSG_EOR */);
        if (result >= 0) {
            sent += result;
            count = 0;
        } else if (result != -E_AGAIN || (flags & 0x80 /* MSG_DONTWAIT */)) {
            return sent > 0 ? sent : result; /* even if descriptors, but no data, were sent */
        } else {
            struct pollfd p = {fd, POLLRDHUP, 0};
            struct timespec pause = {0, 1000000}; /* the room has no event for a blocking send */
            RAW5(SYS_ppoll, &p, 1, &pause, NULL, 0);
        }
    }
    return sent;
}

/* Removes the first packet from the queue. */
static void take_packet(int fd)
{
    struct msghdr m = {0};
    RAW3(SYS_recvmsg, fd, &m, MSG_DONTWAIT);
    set_int_option(fd, SO_PEEK_OFF, -1);
    set_int_option(fd, SO_PRIORITY, 0);
}

/* Reads the part of the first packet that was not received yet, and its descriptors. */
struct look {
    s64 size;
    int fds[MOST_FDS], count, more, cut;
};

static s64 look_at(int fd, char *data, size_t room, int flags, struct look *l)
{
    union { char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))]; struct cmsghdr align; } control;
    char beyond;
    struct iovec iov[2] = {{data, room}, {&beyond, 1}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = &control,
        .msg_controllen = sizeof control};
    int offset = int_option(fd, SO_PEEK_OFF);
    l->count = l->more = 0;
    l->size = RAW3(SYS_recvmsg, fd, &m, MSG_PEEK | flags);
    set_int_option(fd, SO_PEEK_OFF, offset); /* MSG_PEEK has advanced it */
    if (l->size < 0)
        return freebsd(l->size);
    l->cut = (m.msg_flags & MSG_CTRUNC) != 0;
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    if (h == NULL)
        return 0;
    l->count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(l->fds, CMSG_DATA(h), (size_t)l->count * sizeof(int));
    if (l->count > 0 && int_option(l->fds[0], SO_PRIORITY) == MORE) {
        l->more = 1;
        close_all(l->fds, 1);
        l->count--;
        memmove(l->fds, l->fds + 1, (size_t)l->count * sizeof(int));
    }
    if (int_option(fd, SO_PRIORITY) == TAKEN) {
        close_all(l->fds, l->count);
        l->count = l->cut = 0;
    }
    return 0;
}

/*
 * Receives up to the end of a record, up to descriptors that follow data, or as much as there is room
 * for; the rest remains in the queue. All descriptors that precede the data are received with it.
 */
static s64 receive_record(int fd, struct freebsd_msghdr *m, int flags)
{
    char *data = m->iov[0].iov_base;
    size_t room = m->iov[0].iov_len, size = 0;
    unsigned control = 0;
    int cloexec = flags & 0x40000 ? MSG_CMSG_CLOEXEC : 0, seen = 0;
    struct look l;
    if (m->iov_count != 1 || (flags & 2 /* MSG_PEEK */))
        return -E_OPNOTSUPP;
    for (;;) {
        int wait = size > 0 || control > 0 || (flags & 0x80) ? MSG_DONTWAIT : 0;
        s64 result = look_at(fd, data + size, room - size, cloexec | wait, &l);
        if (result < 0 && size == 0 && control == 0)
            return result;
        if (result < 0)
            break;
        if (l.cut) { /* unp_externalize: the descriptors are dropped, the data remain */
            close_all(l.fds, l.count);
            set_int_option(fd, SO_PRIORITY, TAKEN);
            if (l.size == 0)
                take_packet(fd);
            return -EMFILE;
        }
        if (l.size == 0 && l.count == 0) { /* the end of file, or an empty packet, which FreeBSD lacks */
            int bytes = 0;
            RAW3(SYS_ioctl, fd, 0x541B, &bytes);
            if (bytes == 0 && hung_up(fd))
                break;
            take_packet(fd);
            continue;
        }
        if (l.count > 0 && size > 0) {
            close_all(l.fds, l.count);
            break;
        }
        unsigned length = HEADER + 4 * (unsigned)l.count, rounded = (length + 7) & ~7U;
        if (l.count > 0 && control + rounded <= m->control_size) {
            memset(m->control + control, 0, rounded);
            memcpy(m->control + control, &(struct { unsigned length; int level, type; }){length,
                0xffff, 1}, 12);
            memcpy(m->control + control + HEADER, l.fds, 4 * (size_t)l.count);
            control += rounded;
        } else if (l.count > 0) {
            close_all(l.fds, l.count);
            seen |= 0x20; /* MSG_CTRUNC */
        }
        if ((size_t)l.size > room - size) {
            int offset = int_option(fd, SO_PEEK_OFF);
            set_int_option(fd, SO_PEEK_OFF, (offset > 0 ? offset : 0) + (int)(room - size));
            set_int_option(fd, SO_PRIORITY, TAKEN);
            free_room(fd, (s64)(room - size) + control_size(l.count), control_memory(l.count));
            size = room;
            break;
        }
        int received = int_option(fd, SO_PEEK_OFF);
        free_room(fd, l.size + control_size(l.count),
            control_memory(l.count) + data_memory(l.size + (received > 0 ? received : 0)));
        take_packet(fd);
        size += (size_t)l.size;
        if (l.size > 0 && !l.more) {
            seen |= 8; /* MSG_EOR */
            break;
        }
    }
    m->control_size = control;
    m->flags = flags | seen; /* those of the call come back, as observed on 15.1 */
    return (s64)size;
}

/* The data of a control message begins at 16 on both systems; the header before it differs. */
s64 sim_sendmsg(int fd, const struct freebsd_msghdr *m, int flags)
{
    _Alignas(8) char control[CONTROL_ROOM] = {0};
    size_t total = 0;
    if (m->control_size > sizeof control)
        return finish(-E_MSGSIZE);
    for (int i = 0; i < m->iov_count; i++)
        total += m->iov[i].iov_len;
    int records = ends_records(fd);
    if (total > longest(fd) && !records && !is_stream(fd))
        return finish(-E_MSGSIZE);
    memcpy(control, m->control, m->control_size);
    for (unsigned at = 0; at + HEADER <= m->control_size;) {
        unsigned length;
        int level, type;
        memcpy(&length, control + at, 4);
        memcpy(&level, control + at + 4, 4);
        memcpy(&type, control + at + 8, 4);
        if (length < HEADER || length > m->control_size - at || level != 0xffff || type != 1)
            return finish(-EINVAL);
        *(struct cmsghdr *)(void *)(control + at) = (struct cmsghdr){.cmsg_len = length,
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        at += (length + 7) & ~7U;
    }
    if (records) { /* with one buffer and at most one control message */
        int count = m->control_size > HEADER
            ? (int)(((struct cmsghdr *)(void *)control)->cmsg_len - HEADER) / 4 : 0;
        if (m->iov_count != 1)
            return finish(-E_OPNOTSUPP);
        return finish(send_record(fd, m->iov[0].iov_base, (s64)total,
            (int *)(void *)(control + HEADER), count, flags));
    }
    struct msghdr native = {.msg_iov = m->iov, .msg_iovlen = (size_t)m->iov_count,
        .msg_control = m->control_size > 0 ? control : NULL, .msg_controllen = m->control_size};
    int native_flags = (flags & 0x80 ? MSG_DONTWAIT : 0) | (flags & 0x20000 ? MSG_NOSIGNAL : 0);
    return LIBC(RAW3(SYS_sendmsg, fd, &native, native_flags));
}

/*
 * On a stream, the data remain when their descriptors are dropped because no numbers are free. Linux drops
 * the descriptors only with data, so a mark on the socket makes the next receive do that.
 */
static int drops_descriptors(int fd, const struct freebsd_msghdr *m, int flags)
{
    union { char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec iov = m->iov[0];
    struct msghdr look = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    if (!is_stream(fd) || m->control_size == 0 || int_option(fd, SO_PRIORITY) == TAKEN)
        return 0;
    s64 result = RAW3(SYS_recvmsg, fd, &look, MSG_PEEK | (flags & 0x80 ? MSG_DONTWAIT : 0));
    struct cmsghdr *h = result < 0 ? NULL : CMSG_FIRSTHDR(&look);
    if (h != NULL)
        close_all((int *)(void *)CMSG_DATA(h), (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int)));
    if (result < 0 || !(look.msg_flags & MSG_CTRUNC))
        return 0;
    set_int_option(fd, SO_PRIORITY, TAKEN);
    return 1;
}

s64 sim_recvmsg(int fd, struct freebsd_msghdr *m, int flags)
{
    if (ends_records(fd))
        return finish(receive_record(fd, m, flags));
    if (drops_descriptors(fd, m, flags))
        return finish(release < 1500 ? -E_MSGSIZE : -EMFILE);
    int dropped = is_stream(fd) && int_option(fd, SO_PRIORITY) == TAKEN;
    struct msghdr native = {.msg_iov = m->iov, .msg_iovlen = (size_t)m->iov_count,
        .msg_control = dropped ? NULL : m->control, .msg_controllen = dropped ? 0 : m->control_size};
    int native_flags = (flags & 0x80 ? MSG_DONTWAIT : 0) | (flags & 2 ? MSG_PEEK : 0) |
        (flags & 0x40000 ? MSG_CMSG_CLOEXEC : 0);
    s64 result = RAW3(SYS_recvmsg, fd, &native, native_flags);
    if (result < 0)
        return LIBC(result);
    if (dropped) {
        set_int_option(fd, SO_PRIORITY, 0);
        native.msg_flags &= ~MSG_CTRUNC;
    }
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&native), *next; h != NULL; h = next) {
        unsigned length = (unsigned)h->cmsg_len;
        next = CMSG_NXTHDR(&native, h);
        for (unsigned at = HEADER; (native.msg_flags & MSG_CTRUNC) && at + 4 <= length; at += 4)
            RAW1(SYS_close, *(int *)(void *)((char *)h + at));
        memcpy(h, &(struct { unsigned length; int level, type, none; }){length, 0xffff, 1, 0}, 16);
    }
    m->control_size = (unsigned)native.msg_controllen;
    if (native.msg_flags & MSG_CTRUNC) /* unp_externalize: all descriptors or none */
        return finish(-E_MSGSIZE);
    m->flags = (native.msg_flags & MSG_TRUNC ? 0x10 : 0) | 0x8 /* MSG_EOR */;
    return result;
}

s64 sim_mmap(u64 at, u64 size, int protection, int flags, int fd, s64 offset)
{
    flags = (flags & 3) | (flags & 0x1000 ? MAP_ANONYMOUS : 0);
    return LIBC(raw(SYS_mmap, at, size, (u64)protection, (u64)flags, (u64)fd, (u64)offset));
}

int sim_mprotect(u64 at, u64 size, int protection)
{
    return (int)LIBC(RAW3(SYS_mprotect, at, size, protection));
}

int sim_munmap(u64 at, u64 size)
{
    return (int)LIBC(RAW2(SYS_munmap, at, size));
}

int sim_sigaction(int number, const u64 *action, u64 *old)
{
    u64 kernel[4];
    int linux_number = number < 1 || number > 128 ? -1 : signal_to_linux((u64)number);
    if (linux_number < 0 || action != NULL)
        return (int)finish(-EINVAL);
    memset(old, 0, 32);
    if (linux_number == 0)
        return 0; /* a signal that Linux lacks has its default action */
    s64 result = RAW4(SYS_rt_sigaction, linux_number, 0, kernel, 8);
    if (result == 0)
        old[0] = kernel[0];
    return (int)LIBC(result);
}

static int resource_to_linux(u64 resource)
{
    static const int numbers[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE,
        RLIMIT_RSS, RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_NOFILE, -1, RLIMIT_AS};
    return resource < 11 ? numbers[resource] : -1;
}

int sim_getrlimit(int resource, s64 *limit)
{
    u64 both[2];
    s64 result = RAW4(SYS_prlimit64, 0, resource_to_linux((u64)resource), 0, both);
    for (int i = 0; i < 2 && result == 0; i++)
        limit[i] = both[i] > INT64_MAX ? INT64_MAX : (s64)both[i];
    return (int)LIBC(result);
}

int sim_killpg(int group, int number)
{
    if (capability_mode)
        return (int)finish(-E_CAPMODE);
    int linux_number = number == 0 ? 0 : signal_to_linux((u64)number);
    return (int)LIBC(RAW2(SYS_kill, -group, linux_number));
}

/* Only the members of a process group; of their description, only the size and the state. */
int sysctl(const int *name, unsigned length, char *old, u64 *size, const void *new, u64 new_size)
{
    enum { KINFO_SIZE = 1088, KINFO_STAT = 388, F_SSLEEP = 3, F_SZOMB = 5 };
    char path[300], line[1024], state;
    int group, threads;
    u64 used = 0;
    if (capability_mode)
        return (int)finish(-EPERM);
    if (length != 4 || name[0] != 1 || name[1] != 14 || name[2] != 2 || new != NULL || new_size != 0)
        return (int)finish(-ENOENT);
    DIR *processes = opendir("/proc");
    for (struct dirent *e; processes != NULL && (e = readdir(processes)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *stat = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        char *last = stat != NULL && fgets(line, sizeof line, stat) != NULL ? strrchr(line, ')') : NULL;
        if (stat != NULL)
            fclose(stat);
        if (last == NULL || sscanf(last, ") %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
                " %*d %d", &state, &group, &threads) != 3 || group != name[3])
            continue;
        if (used + KINFO_SIZE > *size) {
            closedir(processes);
            return (int)finish(-ENOMEM);
        }
        memset(old + used, 0, KINFO_SIZE);
        *(int *)(void *)(old + used) = KINFO_SIZE;
        old[used + KINFO_STAT] = state == 'Z' && threads <= 1 ? F_SZOMB : F_SSLEEP;
        used += KINFO_SIZE;
    }
    if (processes != NULL)
        closedir(processes);
    *size = used;
    return 0;
}

int procctl(int type, s64 id, int command, int *argument)
{
    if (capability_mode)
        return (int)finish(-E_CAPMODE);
    if (type != 0 || id != 0 || command != 20 /* PROC_NO_NEW_PRIVS_STATUS */)
        return (int)finish(-EINVAL);
    *argument = RAW5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 2;
    return 0;
}

int __xuname(int size, char *buffer)
{
    struct utsname name;
    uname(&name);
    memset(buffer, 0, 5 * (size_t)size);
    strcpy(buffer, "FreeBSD");
    strcpy(buffer + size, name.nodename);
    strcpy(buffer + 2 * size,
        release == 1400 ? "14.0-SIMULATED" : release == 1501 ? "15.1-SIMULATED" : "16.0-SIMULATED");
    strcpy(buffer + 4 * size, strcmp(name.machine, "x86_64") == 0 ? "amd64" : "arm64");
    return 0;
}

/* ---- the spawn stub, in C ---- */

struct step {
    u64 number;
    u64 args[6];
    u64 tolerated;
    s64 *target;
    s64 result;
};

struct call {
    u64 block[2];
    u64 saved[2];
    s64 failed;
    u64 count;
    struct step create;
    struct step steps[];
};

s64 procdesc_spawn_stub(struct call *);

static u64 mask_to_linux(const u64 set[2])
{
    u64 mask = 0;
    for (u64 i = 1; i <= 128; i++) {
        int number = signal_to_linux(i);
        if (number > 0 && (set[(i - 1) / 64] >> ((i - 1) % 64) & 1))
            mask |= 1ULL << (number - 1);
    }
    return mask;
}

int sim_pthread_sigmask(int how, const u64 *set, u64 *old)
{
    u64 native = set == NULL ? 0 : mask_to_linux(set), before = 0;
    s64 result = how < 1 || how > 3 ? -EINVAL
        : RAW4(SYS_rt_sigprocmask, how - 1, set == NULL ? NULL : &native, &before, 8);
    if (result < 0)
        return (int)-freebsd(result); /* the number of the error, which errno does not get */
    if (old != NULL) {
        old[0] = old[1] = 0;
        for (u64 i = 1; i <= 128; i++) {
            int number = signal_to_linux(i);
            if (number > 0 && (before >> (number - 1) & 1))
                old[(i - 1) / 64] |= 1ULL << ((i - 1) % 64);
        }
    }
    return 0;
}

/* ---- extended errors (15) ----
 *
 * The C library registers a buffer for each thread, and a forked child inherits it. A system call that
 * fails writes to the buffer; if its page is not mapped, the process ends by SIGSEGV, even if that is
 * blocked. exterrctl(EXTERRCTL_DISABLE) ends the registration. All of this was observed on 15.1. An unmap
 * is only recorded, because this code is in that memory.
 */
static char registered_buffer[256];
static int buffer_unmapped, registration_ended;

#if defined(__x86_64__)
#define USER_END 0x7ffffffff000ULL
#else
#define USER_END 0xfffffffff000ULL
#endif
enum { EXTERRCTL_DISABLE = 2 };

static s64 record_unmap(u64 start, u64 size)
{
    u64 buffer = (u64)(uintptr_t)registered_buffer;
    if (start % 4096 != 0 || size == 0 || start + size > USER_END)
        return -EINVAL;
    if (buffer >= start && buffer < start + size)
        buffer_unmapped = 1;
    return 0;
}

static s64 exterrctl(u64 operation, u64 flags)
{
    if (operation != EXTERRCTL_DISABLE || flags != 0 || registration_ended)
        return -EINVAL;
    registration_ended = 1;
    return 0;
}

static void report_error(void)
{
    u64 usual[4] = {0}, none = 0;
    if (release < 1500 || registration_ended || !buffer_unmapped)
        return;
    RAW5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core */
    RAW4(SYS_rt_sigaction, SIGSEGV, usual, 0, 8);
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
    RAW2(SYS_kill, RAW1(SYS_getpid, 0), SIGSEGV);
}

/* A call that the kernel does not have also sends SIGSYS, which stays pending while it is blocked. */
static s64 nosys(void)
{
    RAW2(SYS_kill, RAW1(SYS_getpid, 0), SIGSYS);
    return -E_NOSYS;
}

/*
 * setgroups up to 14: the first entry is the effective group. From 15 on the number is 596 (observed on
 * 15.1) and the list has supplementary groups only, and this call needs the option COMPAT_FREEBSD14.
 */
static s64 setgroups_14(u64 count, const unsigned *groups)
{
    if (count == 0)
        return freebsd(RAW2(SYS_setgroups, 0, 0));
    s64 result = RAW2(SYS_setgroups, count - 1, groups + 1);
    return freebsd(result < 0 ? result : RAW3(SYS_setresgid, -1, groups[0], -1));
}

/* The page of the spawn stub, which a script that unmaps memory must keep. */
s64 procdesc_spawn_stub_page(void)
{
    return (s64)((u64)(uintptr_t)procdesc_spawn_stub & ~4095ULL);
}

/*
 * Makes a FreeBSD system call in a child; returns a result or -errno. It uses no libc, because the child is
 * a copy of one thread.
 */
static s64 syscall_of(u64 n, const u64 *a)
{
    u64 words[4] = {0};
    if (capability_mode && (n == 12 || n == 59 || n == 80 || n == 82 || n == 544 || n == 596))
        return -E_CAPMODE;
    switch (n) {
    case 3: return freebsd(RAW3(SYS_read, a[0], a[1], a[2]));
    case 4: return freebsd(RAW3(SYS_write, a[0], a[1], a[2]));
    case 6: return freebsd(RAW1(SYS_close, a[0]));
    case 12: return freebsd(RAW1(SYS_chdir, a[0]));
    case 20: return RAW1(SYS_getpid, 0);
    case 207: return freebsd(RAW1(SYS_getpgid, a[0]));
    case 37:
        return capability_mode ? -E_CAPMODE
            : freebsd(RAW2(SYS_kill, a[0], signal_to_linux(a[1])));
    case 54: return control((int)a[0], a[1], a[2]);
    case 59: return freebsd(RAW3(SYS_execve, a[0], a[1], a[2]));
    case 60: return RAW1(SYS_umask, a[0]);
    case 73: return record_unmap(a[0], a[1]);
    case 80:
        return release < 1500 || compat_14 ? setgroups_14(a[0], (unsigned *)(uintptr_t)a[1]) : nosys();
    case 82: return freebsd(RAW2(SYS_setpgid, a[0], a[1]));
    case 90: return freebsd(RAW3(SYS_dup3, a[0], a[1], 0));
    case 96: return freebsd(RAW3(SYS_setpriority, a[0], a[1], a[2]));
    case 147: return freebsd(RAW1(SYS_setsid, 0));
    case 195:
        for (int i = 0; i < 2; i++) {
            words[i] = ((u64 *)(uintptr_t)a[1])[i];
            if (words[i] == INT64_MAX)
                words[i] = ~0ULL;
        }
        return freebsd(RAW4(SYS_prlimit64, 0, resource_to_linux(a[0]), words, 0));
    case 311: return freebsd(RAW3(SYS_setresuid, a[0], a[1], a[2]));
    case 312: return freebsd(RAW3(SYS_setresgid, a[0], a[1], a[2]));
    case 340:
        words[0] = mask_to_linux((u64 *)(uintptr_t)a[1]);
        return a[0] < 1 || a[0] > 3 ? -EINVAL
            : freebsd(RAW4(SYS_rt_sigprocmask, a[0] - 1, words, 0, 8));
    case 416: {
        int number = a[0] < 1 || a[0] > 128 ? -1 : signal_to_linux(a[0]);
        words[0] = ((u64 *)(uintptr_t)a[1])[0];
        return number < 0 ? -EINVAL : number == 0 ? 0
            : freebsd(RAW4(SYS_rt_sigaction, number, words, 0, 8));
    }
    case 492:
        return freebsd(execute((int)a[0], (char **)(uintptr_t)a[1], (char **)(uintptr_t)a[2]));
    case 519: return pdkill((int)a[0], (int)a[1]) == 0 ? 0 : -errno;
    case 544:
        return a[0] == 0 && a[1] == 0 && a[2] == 19 && *(int *)(uintptr_t)a[3] == 1
            ? freebsd(RAW5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) : -EINVAL;
    case 575: return freebsd(RAW3(436 /* close_range */, a[0], a[1], a[2]));
    case 592: return release >= 1500 ? exterrctl(a[0], a[1]) : nosys();
    case 596: return release >= 1500 ? freebsd(RAW2(SYS_setgroups, a[0], a[1])) : nosys();
    case 600: return release >= 1501 ? -EINVAL : nosys();
    case 601: return release >= 1501 ? -EBADF : nosys();
    case 603: return release >= 1600 ? -EINVAL : nosys();
    default: return nosys();
    }
}

static void walk(struct call *c)
{
    u64 i;
    for (i = 0; i < c->count; i++) {
        struct step *s = &c->steps[i];
        s64 result = syscall_of(s->number, s->args);
        s->result = result;
        if (s->target != NULL)
            *s->target = result;
        if (result < 0 && result >= -4095)
            report_error();
        if (result < 0 && result >= -4095 && !(s->tolerated & 1) &&
            (-result > 63 || !(s->tolerated >> -result & 1)))
            break;
    }
    c->failed = (s64)i;
    for (;;)
        RAW1(SYS_exit_group, 127);
}

static s64 fork1(u64 flags, int *pidfd)
{
    return RAW5(SYS_clone, flags, 0, pidfd, 0, 0);
}

/* The task of the process between parent and child. */
struct birth {
    s64 parent;
    int flags, spawn;
    int pair[2];
    u64 inode;
    volatile s64 *told;
    struct call *script;
};

/*
 * Creates the child and registers it with the kernel process. Only the child returns, and only if it
 * has no script.
 */
static int deliver(void *argument)
{
    const struct birth *b = argument;
    int fds[2] = {-1, b->pair[1]};
    struct reply r;
    /* Ignoring SIGCHLD loses the status of children, and this is a parent for a moment. */
    u64 usual[4] = {0}, old[4] = {0};
    RAW4(SYS_rt_sigaction, SIGCHLD, usual, old, 8);
    RAW1(SYS_close, b->pair[0]); /* a child has no process descriptor of itself, even if it stops now */
    s64 child = fork1(CLONE_PIDFD | (b->spawn ? CLONE_VFORK : 0), &fds[0]);
    if (child == 0) {
        RAW4(SYS_rt_sigaction, SIGCHLD, old, 0, 8);
        /* Two signals that FreeBSD lacks; glibc ignores them in processes that it spawns, such as JVMs. */
        RAW4(SYS_rt_sigaction, 32, usual, 0, 8);
        RAW4(SYS_rt_sigaction, 33, usual, 0, 8);
        RAW1(SYS_close, b->pair[1]);
        if (b->script == NULL)
            return 0;
        walk(b->script);
    }
    struct request q = {.operation = REGISTER, .pid = (int)child, .parent = (int)b->parent,
        .flags = b->flags, .inode = b->inode};
    s64 answer = child < 0 ? freebsd(child) : ask(&q, &r, fds);
    if (answer < 0 && child > 0)
        RAW4(SYS_pidfd_send_signal, fds[0], SIGKILL, 0, 0);
    *b->told = answer < 0 ? answer : child;
    for (;;)
        RAW1(SYS_exit_group, 0);
}

/*
 * pdfork, or pdrfork with RFSPAWN: returns 0 in the child, and its pid or -errno in the parent. The word
 * for the outcome must be in shared memory. A child with a script walks it, and does not return; the
 * process in between then needs no copy of the memory, which would take most of the time.
 */
static s64 create(u64 number, const u64 *a, volatile s64 *told, struct call *script)
{
    int flags = (int)a[1], spawn = number == 600;
    int allowed = PD_DAEMON | PD_CLOEXEC | (release >= 1600 ? PD_NOWAITPID : 0);
    int pair[2];
    u64 inode;
    if (number != 518 && (number != 600 || release < 1501))
        return -E_NOSYS;
    if ((flags & ~allowed) != 0 || (spawn && (a[2] & 0xffffffff) != F_RFSPAWN))
        return -EINVAL;
    s64 result = new_descriptor(pair, &inode);
    if (result < 0)
        return result;
    if (!(flags & PD_CLOEXEC))
        RAW3(SYS_fcntl, pair[0], F_SETFD, 0);
    struct birth birth = {.parent = RAW1(SYS_getpid, 0), .flags = flags, .spawn = spawn,
        .pair = {pair[0], pair[1]}, .inode = inode, .told = told, .script = script};
    s64 middle;
    if (script == NULL) {
        middle = fork1(0, NULL);
        if (middle == 0) {
            deliver(&birth);
            return 0;
        }
    } else {
        static _Thread_local char stack[16384] __attribute__((aligned(16)));
        middle = clone(deliver, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &birth);
        if (middle < 0)
            middle = -errno;
    }
    RAW1(SYS_close, pair[1]);
    if (middle < 0) {
        RAW1(SYS_close, pair[0]);
        return freebsd(middle);
    }
    do {
        result = RAW4(SYS_wait4, middle, 0, __WALL, 0);
    } while (result == -EINTR);
    if (*told < 0)
        RAW1(SYS_close, pair[0]);
    else
        *(int *)(uintptr_t)a[0] = pair[0];
    return *told;
}

/* Behaves as the function of the kernel, for C programs. */
int pdfork(int *fdp, int flags)
{
    u64 args[2] = {(u64)(uintptr_t)fdp, (u64)flags};
    s64 *told = (s64 *)(uintptr_t)raw(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, (u64)-1, 0);
    *told = -EIO;
    s64 result = (uintptr_t)fdp < 4096 ? -EFAULT : create(518, args, told, NULL);
    if (result != 0)
        syscall(SYS_munmap, told, 4096);
    return (int)finish(result);
}

s64 procdesc_spawn_stub(struct call *c)
{
    u64 all = ~0ULL, saved = 0;
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &saved, 8);
    c->create.result = -EIO;
    c->create.result = create(c->create.number, c->create.args, &c->create.result, c);
    RAW4(SYS_rt_sigprocmask, SIG_SETMASK, &saved, 0, 8);
    return c->create.result;
}

/* ---- posix_spawn, which returns a process descriptor from 15.1 on ---- */

/*
 * lib/libc/gen/posix_spawn.c: the objects are pointers, and the functions return error numbers. The
 * child makes the same calls as there, as a script. Not simulated: spawning without a process
 * descriptor, attributes and actions other than those below.
 *
 * According to the manual page, the number of the descriptor is stored after a successful spawn. If
 * FREEBSD_SIM_SPAWN is "leaves", it is always stored, and the descriptor of a failed child remains open;
 * if it is "closes", it is always stored, and the descriptor is closed after a failure.
 */
enum { SPAWN_SETPGROUP = 2, SPAWN_SETSIGDEF = 0x10, SPAWN_SETSIGMASK = 0x20, SPAWN_FLAGS = 0x7f };

struct spawn_attributes {
    short flags;
    int group;
    u64 defaults[2], mask[2];
    int *descriptor;
    int descriptor_flags;
};

struct spawn_action {
    u64 number, args[3];
    char *path;
};

struct spawn_actions {
    size_t count;
    struct spawn_action actions[64];
};

int posix_spawnattr_init(struct spawn_attributes **a)
{
    *a = calloc(1, sizeof **a);
    return *a == NULL ? ENOMEM : 0;
}

int posix_spawnattr_destroy(struct spawn_attributes **a)
{
    free(*a);
    *a = NULL;
    return 0;
}

int posix_spawnattr_setflags(struct spawn_attributes **a, short flags)
{
    if (flags & ~SPAWN_FLAGS)
        return EINVAL;
    (*a)->flags = flags;
    return 0;
}

int posix_spawnattr_setpgroup(struct spawn_attributes **a, int group)
{
    (*a)->group = group;
    return 0;
}

int posix_spawnattr_setsigdefault(struct spawn_attributes **a, const u64 *set)
{
    memcpy((*a)->defaults, set, sizeof (*a)->defaults);
    return 0;
}

int posix_spawnattr_setsigmask(struct spawn_attributes **a, const u64 *set)
{
    memcpy((*a)->mask, set, sizeof (*a)->mask);
    return 0;
}

static int set_descriptor(struct spawn_attributes **a, int *descriptor, int flags)
{
    (*a)->descriptor = descriptor;
    (*a)->descriptor_flags = flags;
    return 0;
}

/* Older C libraries lack it, so it is not found by its name. */
static __typeof__(set_descriptor) *resolve_descriptor(void)
{
    return release >= 1501 ? set_descriptor : NULL;
}

int posix_spawnattr_setprocdescp_np(struct spawn_attributes **, int *, int)
    __attribute__((ifunc("resolve_descriptor")));

int posix_spawn_file_actions_init(struct spawn_actions **a)
{
    *a = calloc(1, sizeof **a);
    return *a == NULL ? ENOMEM : 0;
}

int posix_spawn_file_actions_destroy(struct spawn_actions **a)
{
    for (size_t i = 0; i < (*a)->count; i++)
        free((*a)->actions[i].path);
    free(*a);
    *a = NULL;
    return 0;
}

static int add_action(struct spawn_actions *a, struct spawn_action action)
{
    if (a->count == sizeof a->actions / sizeof *a->actions)
        return ENOMEM;
    a->actions[a->count++] = action;
    return 0;
}

int posix_spawn_file_actions_adddup2(struct spawn_actions **a, int from, int to)
{
    if (from < 0 || to < 0)
        return EBADF;
    return add_action(*a, (struct spawn_action){90, {(u64)from, (u64)to, 0}, NULL});
}

int posix_spawn_file_actions_addchdir_np(struct spawn_actions **a, const char *path)
{
    char *copy = strdup(path);
    return copy == NULL ? ENOMEM
        : add_action(*a, (struct spawn_action){12, {(u64)(uintptr_t)copy, 0, 0}, copy});
}

int posix_spawn_file_actions_addclosefrom_np(struct spawn_actions **a, int from)
{
    return from < 0 ? EBADF
        : add_action(*a, (struct spawn_action){575, {(u64)from, ~0U, 0}, NULL});
}

static void spawn_step(struct call *c, u64 number, u64 a, u64 b, u64 d)
{
    c->steps[c->count++] = (struct step){.number = number, .args = {a, b, d}};
}

int posix_spawn(int *pid, const char *path, struct spawn_actions **actions,
    struct spawn_attributes **attributes, char *const *arguments, char *const *environment)
{
    static const u64 usual[4];
    const struct spawn_attributes *a = *attributes;
    const char *failure = getenv("FREEBSD_SIM_SPAWN");
    int descriptor = -1;
    if (a->descriptor == NULL)
        return E_NOSYS;
    size_t size = sizeof(struct call) + (132 + (*actions)->count) * sizeof(struct step);
    s64 memory = raw(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, (u64)-1, 0);
    if (memory < 0 && memory >= -4095)
        return ENOMEM;
    struct call *c = (struct call *)(uintptr_t)memory; /* zeroed; shows the results of the child */
    if (a->flags & SPAWN_SETPGROUP)
        spawn_step(c, 82, 0, (u64)a->group, 0);
    for (u64 i = 1; i <= 128 && (a->flags & SPAWN_SETSIGDEF); i++) /* KILL and STOP always have it */
        if ((a->defaults[(i - 1) / 64] >> ((i - 1) % 64) & 1) && i != 9 && i != 17)
            spawn_step(c, 416, i, (u64)(uintptr_t)usual, 0);
    if (a->flags & SPAWN_SETSIGMASK)
        spawn_step(c, 340, 3, (u64)(uintptr_t)a->mask, 0);
    for (size_t i = 0; i < (*actions)->count; i++) {
        const struct spawn_action *s = &(*actions)->actions[i];
        spawn_step(c, s->number, s->args[0], s->args[1], s->args[2]);
    }
    spawn_step(c, 59, (u64)(uintptr_t)path, (u64)(uintptr_t)arguments, (u64)(uintptr_t)environment);
    c->failed = -1;
    c->create.number = 600;
    c->create.args[0] = (u64)(uintptr_t)&descriptor;
    c->create.args[1] = (u64)(a->descriptor_flags | PD_CLOEXEC);
    c->create.args[2] = F_RFSPAWN;
    s64 result = procdesc_spawn_stub(c);
    s64 error = result < 0 ? result : c->failed >= 0 ? c->steps[c->failed].result : 0;
    RAW2(SYS_munmap, c, size);
    if (result > 0 && (error == 0 || failure != NULL))
        *a->descriptor = descriptor;
    if (result > 0 && error != 0 && (failure == NULL || strcmp(failure, "leaves") != 0))
        RAW1(SYS_close, descriptor);
    if (error == 0)
        *pid = (int)result;
    return (int)-error;
}
#endif
