/*
 * Runs the FreeBSD spawn stub on Linux, on amd64 and on arm64. Not part of the library.
 *
 *     stubharness FILE [PROGRAM]
 *
 *     FILE      the raw bytes of the stub for the machine that this is compiled for
 *     PROGRAM   a copy of this program for children to execute: if this one runs in an emulator, the
 *               copy is compiled for the host machine
 *
 * The stub is written for FreeBSD: its system calls have FreeBSD's numbers, and expect errors in the
 * carry flag. This program consists of a lab and a kernel. The lab maps the stub as the library does,
 * calls it with various scripts, and checks the child, the results and the caller. The kernel
 * intercepts every system call that is made from the bytes of the stub: it translates the number,
 * arguments and structures on entry, and the result, the carry flag and the second result on return.
 * Registers that FreeBSD's kernel clobbers are filled with garbage. The unmodified bytes thus create
 * a child, walk a script and report errors. System calls of the lab from elsewhere, through its libc,
 * are not translated.
 *
 *     amd64     The kernel is a process that traces the lab with ptrace, and stops at each system call.
 *     arm64     The kernel is a signal handler: in the executed copy, each of the five svc instructions
 *               is replaced by brk, and nothing else is changed. This also runs in an emulator of user
 *               programs (qemu-aarch64), which does not support ptrace. SIGTRAP is never really
 *               blocked; the kernel only records that it is. An emulator turns vfork into fork: the
 *               child of pdrfork then has a copy of the memory, in which only the call block and the
 *               stack are shared.
 *
 * The kernel also has the extended errors of FreeBSD 15: libc registers a buffer for each thread, a
 * forked child inherits it, a call that fails writes to it, and a process whose buffer is unmapped
 * is killed (FreeBSD: SIGSEGV; here: SIGKILL). On arm64 munmap is only recorded, because the kernel
 * is in that memory.
 *
 * The harness does not show that FreeBSD's kernel behaves as translated here.
 *
 * Exit status: 0 if all tests passed, 1 if one failed, 77 if processes cannot be traced here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
int main(void)
{
    puts("skipped: the stub is for amd64 and arm64");
    return 77;
}
#else

typedef uint64_t u64;
typedef int64_t s64;

/* ---- the ABI under test ---- */

struct step {
    u64 number;
    u64 args[6];
    u64 tolerated;
    u64 *target;
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

_Static_assert(sizeof(struct step) == 80, "step");
_Static_assert(offsetof(struct step, result) == 72, "result");
_Static_assert(offsetof(struct call, create) == 48, "create");
_Static_assert(offsetof(struct call, steps) == 128, "steps");

/* FreeBSD 14.0, amd64: sys/syscall.h, sys/errno.h, sys/procdesc.h, sys/unistd.h. */
enum {
    F_exit = 1, F_read = 3, F_write = 4, F_close = 6, F_chdir = 12, F_getpid = 20, F_kill = 37, F_ioctl = 54, F_execve = 59, F_umask = 60,
    F_munmap = 73, F_setpgid = 82, F_dup2 = 90, F_setsid = 147, F_setrlimit = 195, F_sigprocmask = 340,
    F_sigaction = 416, F_fexecve = 492, F_pdfork = 518, F_pdkill = 519, F_procctl = 544, F_close_range = 575,
    F_exterrctl = 592, F_pdrfork = 600, F_unknown = 4000, F_EXTERRCTL_DISABLE = 2,
    F_EINVAL = 22, F_EAGAIN = 35, F_ELOOP = 62, F_ENAMETOOLONG = 63, F_ENOSYS = 78, F_ENOTSOCK = 38,
    F_SIG_SETMASK = 3,
};
#define F_RFSPAWN 0x80000000ULL
#define F_RFMASK 0xffffffffULL

enum { NR_close_range = 436, FLAG_PIDFD = 0x1000, MAX_STEPS = 128, SLOTS = 64 };
enum { UNTOUCHED = 0x5ca1ab1e };
#if defined(__x86_64__)
#define USER_END 0x7ffffffff000ULL
#else
#define USER_END 0xfffffffff000ULL
#endif
#define GARBAGE 0xdeadbeefcafef00dULL

/* ---- memory that both processes share ---- */

struct slot { /* space in the lab for structures in Linux's layout, one slot per task */
    u64 set, old;
    u64 action[4];
    char empty[8];
};

struct shared {
    u64 stub, stub_size;     /* the address range of the stub in the lab */
    int refuse_mask;         /* the test requests that sigprocmask fails with EINVAL */
    u64 error_buffer;        /* the address of the buffer for extended errors; 0: the kernel has none */
    long unknown;            /* the number of calls that the kernel does not have */
    long calls, children;    /* the number of translated system calls and of children */
    long told_child;         /* the number of children that got both of their results */
    long forks;              /* the number of children that the lab created outside the stub */
    long passed, failed;
    struct slot slots[SLOTS];
};
static struct shared *shared;

/* ---- numbers ---- */

static const int signals[32] = { /* maps FreeBSD's numbers to Linux's; 0 if there is none */
    0, SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, 0, SIGFPE, SIGKILL, SIGBUS, SIGSEGV,
    SIGSYS, SIGPIPE, SIGALRM, SIGTERM, SIGURG, SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGTTIN,
    SIGTTOU, SIGIO, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, 0, SIGUSR1, SIGUSR2};

static u64 mask_to_linux(const u64 set[2])
{
    u64 mask = 0;
    if (~set[0] == 0 && ~set[1] == 0)
        return ~0ULL;
    for (int i = 1; i < 32; i++)
        if (signals[i] != 0 && (set[0] >> (i - 1) & 1))
            mask |= 1ULL << (signals[i] - 1);
    return mask;
}

static void mask_to_freebsd(u64 mask, u64 set[2])
{
    set[0] = set[1] = 0;
    for (int i = 1; i < 32; i++)
        if (signals[i] != 0 && (mask >> (signals[i] - 1) & 1))
            set[0] |= 1ULL << (i - 1);
}

static u64 errno_to_freebsd(u64 e)
{
    switch (e) {
    case EAGAIN: return F_EAGAIN;
    case ENOSYS: return F_ENOSYS;
    case ELOOP: return F_ELOOP;
    case ENAMETOOLONG: return F_ENAMETOOLONG;
    case ENOTSOCK: return F_ENOTSOCK;
    default: return e; /* 1 to 34 are the same, except EAGAIN */
    }
}

/* ---- translation, the same on both machines ---- */

static void get(pid_t pid, void *to, u64 from, size_t size);

#define AT(field) ((u64)(uintptr_t)&(field)) /* same in the lab: mapped before the fork */

struct translated {
    u64 number;            /* FreeBSD's */
    s64 linux_number;      /* -1: the call is not made */
    u64 args[6];
    u64 old_set;           /* the address for the old signal set */
    s64 forced;            /* <= 0: the result of a call that is not made, FreeBSD's -errno */
};

struct errors { /* the state of extended errors of a task */
    int disabled, unmapped;
};

/* Translates the number and arguments of a FreeBSD system call to Linux. */
static void translate(pid_t pid, struct slot *slot, struct errors *errors, struct translated *t)
{
    u64 *args = t->args;
    s64 number = -1;
    t->old_set = 0;
    t->forced = -F_ENOSYS;
    __atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
    switch (t->number) {
    case F_exit: number = SYS_exit_group; break;
    case F_read: number = SYS_read; break;
    case F_write: number = SYS_write; break;
    case F_close: number = SYS_close; break;
    case F_chdir: number = SYS_chdir; break;
    case F_getpid: number = SYS_getpid; break;
    case F_kill: number = SYS_kill; break; /* SIGKILL has the same number */
    case F_munmap:
        if (args[0] + args[1] <= USER_END && shared->error_buffer >= args[0] &&
            shared->error_buffer < args[0] + args[1])
            errors->unmapped = 1;
#if defined(__aarch64__)
        t->forced = args[0] + args[1] <= USER_END ? 0 : -F_EINVAL;
#else
        number = SYS_munmap;
#endif
        break;
    case F_exterrctl:
        if (shared->error_buffer == 0) {
            shared->unknown++;
            break;
        }
        t->forced = args[0] == F_EXTERRCTL_DISABLE && !errors->disabled ? 0 : -F_EINVAL;
        errors->disabled = 1;
        break;
    case F_pdkill:
        number = SYS_pidfd_send_signal;
        args[2] = args[3] = 0;
        break;
    case F_execve: number = SYS_execve; break;
    case F_umask: number = SYS_umask; break;
    case F_setpgid: number = SYS_setpgid; break;
    case F_dup2:
        number = SYS_dup3;
        args[2] = 0;
        break;
    case F_setsid: number = SYS_setsid; break;
    case F_close_range: number = NR_close_range; break;
    case F_setrlimit:
        number = SYS_setrlimit;
        if (args[0] == 8)
            args[0] = 7; /* RLIMIT_NOFILE */
        break;
    case F_procctl: /* (P_PID, 0, PROC_NO_NEW_PRIVS_CTL, &1) */
        if (args[0] == 0 && args[1] == 0 && args[2] == 19) {
            number = SYS_prctl;
            args[0] = PR_SET_NO_NEW_PRIVS;
            args[1] = 1;
            args[2] = args[3] = args[4] = 0;
        } else {
            t->forced = -F_EINVAL;
        }
        break;
    case F_sigprocmask: {
        u64 set[2];
        if (args[0] != F_SIG_SETMASK || shared->refuse_mask) {
            t->forced = -F_EINVAL;
            break;
        }
        if (args[1] != 0) {
            get(pid, set, args[1], sizeof set);
            slot->set = mask_to_linux(set);
        }
        t->old_set = args[2];
        number = SYS_rt_sigprocmask;
        args[0] = SIG_SETMASK;
        args[1] = args[1] != 0 ? AT(slot->set) : 0;
        args[2] = args[2] != 0 ? AT(slot->old) : 0;
        args[3] = 8;
        break;
    }
    case F_sigaction: {
        u64 action[4];
        int linux_number = args[0] < 32 ? signals[args[0]] : 0;
        if (linux_number == 0) { /* a signal that Linux lacks has its default action */
            t->forced = 0;
            break;
        }
        get(pid, action, args[1], sizeof action);
        memset(slot->action, 0, sizeof slot->action);
        slot->action[0] = action[0];
        number = SYS_rt_sigaction;
        args[0] = (u64)linux_number;
        args[1] = AT(slot->action);
        args[2] = 0;
        args[3] = 8;
        break;
    }
    case F_fexecve:
        number = SYS_execveat;
        slot->empty[0] = 0;
        args[4] = 0x1000; /* AT_EMPTY_PATH */
        args[3] = args[2];
        args[2] = args[1];
        args[1] = AT(slot->empty);
        break;
    case F_pdfork:
    case F_pdrfork: {
        u64 spawn = t->number == F_pdrfork ? args[2] & F_RFMASK : 0;
        if ((args[1] & ~3ULL) != 0 || (t->number == F_pdrfork && spawn != F_RFSPAWN)) {
            t->forced = -F_EINVAL;
            break;
        }
        number = SYS_clone;
        args[2] = args[0];
        args[0] = FLAG_PIDFD | (spawn ? CLONE_VM | CLONE_VFORK : 0);
        args[1] = args[3] = args[4] = 0;
        break;
    }
    }
    if (number >= 0)
        t->forced = 1;
    t->linux_number = number;
}

/* Returns whether the report of an error kills the process. */
static int kills(const struct errors *errors)
{
    return shared->error_buffer != 0 && errors->unmapped && !errors->disabled;
}

#if defined(__x86_64__)
/* ---- the kernel of amd64: another process ---- */

#define CARRY 1ULL

enum { IDLE, PASS, TRANSLATED };
static struct task {
    pid_t pid;
    int state;
    struct translated call; /* the current call of the task */
    struct errors errors;
    int stopped;           /* a child that stopped before the creation event of its parent */
} tasks[SLOTS];

static struct task *task(pid_t pid)
{
    for (int i = 0; i < SLOTS; i++)
        if (tasks[i].pid == pid)
            return &tasks[i];
    for (int i = 0; i < SLOTS; i++)
        if (tasks[i].pid == 0) {
            memset(&tasks[i], 0, sizeof tasks[i]);
            tasks[i].pid = pid;
            return &tasks[i];
        }
    fprintf(stderr, "too many tasks\n");
    exit(1);
}

static void get(pid_t pid, void *to, u64 from, size_t size)
{
    struct iovec here = {to, size}, there = {(void *)(uintptr_t)from, size};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)size)
        memset(to, 0, size);
}

static int put(pid_t pid, u64 to, const void *from, size_t size)
{
    struct iovec here = {(void *)(uintptr_t)from, size}, there = {(void *)(uintptr_t)to, size};
    return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

static void entry(struct task *t, struct user_regs_struct *r)
{
    struct translated *c = &t->call;
    *c = (struct translated){.number = r->orig_rax,
        .args = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9}};
    translate(t->pid, &shared->slots[t - tasks], &t->errors, c);
    r->orig_rax = (u64)c->linux_number;
    r->rdi = c->args[0];
    r->rsi = c->args[1];
    r->rdx = c->args[2];
    r->r10 = c->args[3];
    r->r8 = c->args[4];
    r->r9 = c->args[5];
    ptrace(PTRACE_SETREGS, t->pid, 0, r);
}

/* Sets the registers as FreeBSD's kernel does on return. */
static void returns(pid_t pid, struct user_regs_struct *r, u64 rax, u64 rdx, int error)
{
    r->rax = rax;
    r->rdx = rdx;
    r->eflags = error ? r->eflags | CARRY : r->eflags & ~CARRY;
    r->r8 = r->r9 = r->r10 = GARBAGE;
    r->orig_rax = (u64)-1; /* prevents a restart of the call */
    ptrace(PTRACE_SETREGS, pid, 0, r);
}

static void leave(struct task *t, struct user_regs_struct *r)
{
    s64 result = (s64)r->rax;
    const struct translated *c = &t->call;
    if ((c->forced < 0 || (c->forced > 0 && result < 0 && result >= -4095)) && kills(&t->errors)) {
        kill(t->pid, SIGKILL);
        return;
    }
    if (c->forced <= 0) {
        returns(t->pid, r, (u64)-c->forced, 0, c->forced < 0);
        return;
    }
    if (c->number == F_sigprocmask && result == 0 && c->old_set != 0) {
        u64 set[2];
        mask_to_freebsd(shared->slots[t - tasks].old, set);
        put(t->pid, c->old_set, set, sizeof set);
    }
    if (result < 0 && result >= -4095)
        returns(t->pid, r, errno_to_freebsd((u64)-result), 0, 1);
    else
        returns(t->pid, r, (u64)result, 0, 0);
}

static void born(struct task *t)
{
    struct user_regs_struct r;
    if (ptrace(PTRACE_GETREGS, t->pid, 0, &r) != 0)
        return;
    shared->children++;
    if (r.rip >= shared->stub && r.rip < shared->stub + shared->stub_size) {
        returns(t->pid, &r, 0, 1, 0);
        shared->told_child++;
    }
}

/* Traces the lab until it ends. */
static int kernel(pid_t lab)
{
    int status, result = 1;
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
        PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (waitpid(lab, &status, 0) != lab || !WIFSTOPPED(status))
        return 77;
    if (ptrace(PTRACE_SETOPTIONS, lab, 0, options) != 0)
        return 77;
    task(lab)->stopped = 1;
    ptrace(PTRACE_SYSCALL, lab, 0, 0);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0)
            return result;
        struct task *t = task(pid);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == lab)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            t->pid = 0;
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            struct user_regs_struct r;
            ptrace(PTRACE_GETREGS, pid, 0, &r);
            if (t->state == IDLE) {
                if (r.rip > shared->stub && r.rip <= shared->stub + shared->stub_size) {
                    t->state = TRANSLATED;
                    entry(t, &r);
                } else {
                    t->state = PASS;
                }
            } else {
                if (t->state == TRANSLATED)
                    leave(t, &r);
                t->state = IDLE;
            }
            signal = 0;
        } else if (event == PTRACE_EVENT_EXEC) {
            if (pid != lab) { /* the program is not the stub's any more */
                t->pid = 0;
                ptrace(PTRACE_DETACH, pid, 0, 0);
                continue;
            }
            signal = 0;
        } else if (event != 0) {
            signal = 0;
        } else if (!t->stopped && signal == SIGSTOP) { /* a child starts */
            t->stopped = 1;
            born(t);
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, pid, 0, (long)signal);
    }
}

#else
/* ---- the kernel of arm64: a signal handler ---- */

enum { SVC = (int)0xd4000001, BRK = (int)0xd4200000, CALLS = 5, RESUME = 0x99, ALTERNATE = 65536 };
#define CARRY (1ULL << 29)

static void get(pid_t pid, void *to, u64 from, size_t size)
{
    (void)pid;
    memcpy(to, (const void *)(uintptr_t)from, size);
}

static s64 raw(s64 n, const u64 a[6])
{
    register u64 x8 __asm__("x8") = (u64)n;
    register u64 x0 __asm__("x0") = a[0];
    register u64 x1 __asm__("x1") = a[1];
    register u64 x2 __asm__("x2") = a[2];
    register u64 x3 __asm__("x3") = a[3];
    register u64 x4 __asm__("x4") = a[4];
    register u64 x5 __asm__("x5") = a[5];
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
        : "memory");
    return (s64)x0;
}

static struct errors errors;
static int trap_blocked; /* whether SIGTRAP is blocked from the stub's point of view */
static unsigned char *alternate, *child_alternate, *child_stack;
static struct { /* the point where the child continues */
    struct sigcontext at;
    u64 mask;
} resumed;

/* Sets the registers as FreeBSD's kernel does on return. */
static void returns(struct sigcontext *m, u64 x0, u64 x1, int error)
{
    m->regs[0] = x0;
    m->regs[1] = x1;
    for (int i = 2; i <= 8; i++)
        m->regs[i] = GARBAGE;
    m->pstate = error ? m->pstate | CARRY : m->pstate & ~CARRY;
    m->pc += 4;
}

/* Starts the child on a separate stack, and continues in the stub with the parent's registers. */
static int resume(void *unused)
{
    stack_t stack = {.ss_sp = child_alternate, .ss_size = ALTERNATE};
    (void)unused;
    if (sigaltstack(&stack, NULL) != 0)
        _exit(99);
    __asm__ volatile("brk %0" : : "i"(RESUME) : "memory");
    _exit(99);
}

/* Runs inside the handler: the mask is that of the stub, except SIGTRAP. */
static s64 create(const struct translated *t, const struct sigcontext *m, u64 mask)
{
    int blocked = trap_blocked;
    struct errors before = errors;
    __atomic_add_fetch(&shared->children, 1, __ATOMIC_RELAXED);
    resumed.at = *m;
    resumed.mask = mask;
    returns(&resumed.at, 0, 0, 0);
    /* An emulator supports neither CLONE_PIDFD nor an exit signal other than SIGCHLD. */
    int flags = ((int)t->args[0] & ~FLAG_PIDFD) | SIGCHLD;
    int pid = clone(resume, child_stack + ALTERNATE, flags, NULL);
    trap_blocked = blocked; /* the child has changed it, */
    errors = before;        /* and this */
    if (pid < 0)
        return -errno;
    s64 fd = raw(SYS_pidfd_open, (u64[6]){(u64)pid});
    *(int *)(uintptr_t)t->args[2] = (int)fd;
    return fd < 0 ? fd : pid;
}

static s64 set_mask(const struct translated *t, u64 *mask)
{
    u64 old[2], trap = 1ULL << (SIGTRAP - 1);
    mask_to_freebsd(*mask | (trap_blocked ? trap : 0), old);
    if (t->args[1] != 0) {
        u64 set = *(u64 *)(uintptr_t)t->args[1];
        trap_blocked = (set & trap) != 0;
        *mask = set & ~trap;
    }
    if (t->old_set != 0)
        memcpy((void *)(uintptr_t)t->old_set, old, sizeof old);
    return 0;
}

static s64 execute(const struct translated *t)
{
    char path[64];
    s64 result = raw(t->linux_number, t->args);
    if (result != -ENOSYS)
        return result;
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)t->args[0]); /* in an emulator */
    u64 args[6] = {AT(path[0]), t->args[2], t->args[3]};
    return raw(SYS_execve, args);
}

static void trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    struct sigcontext *m = (struct sigcontext *)&u->uc_mcontext;
    u64 *mask = (u64 *)&u->uc_sigmask;
    unsigned instruction = *(unsigned *)(uintptr_t)m->pc;
    unsigned which = instruction >> 5 & 0xffff;
    struct slot slot;
    (void)number;
    (void)info;
    if (which == RESUME) {
        m->sp = resumed.at.sp;
        m->pc = resumed.at.pc;
        m->pstate = resumed.at.pstate;
        memcpy(m->regs, resumed.at.regs, sizeof m->regs);
        *mask = resumed.mask;
        __atomic_add_fetch(&shared->told_child, 1, __ATOMIC_RELAXED);
        return;
    }
    if (m->pc < shared->stub || m->pc >= shared->stub + shared->stub_size || which < 1 ||
        which > CALLS)
        _exit(98);
    struct translated t = {.number = m->regs[8]};
    memcpy(t.args, m->regs, sizeof t.args);
    translate(0, &slot, &errors, &t);
    s64 result = t.forced;
    if (t.forced > 0) {
        result = t.number == F_sigprocmask ? set_mask(&t, mask)
            : t.number == F_pdfork || t.number == F_pdrfork ? create(&t, m, *mask)
            : t.number == F_fexecve ? execute(&t)
            : raw(t.linux_number, t.args);
        if (result < 0 && result >= -4095)
            result = -(s64)errno_to_freebsd((u64)-result);
    }
    if (result < 0 && result >= -4095 && kills(&errors))
        raw(SYS_kill, (u64[6]){(u64)getpid(), SIGKILL});
    if (result < 0 && result >= -4095)
        returns(m, (u64)-result, GARBAGE, 1);
    else
        returns(m, (u64)result, 0, 0);
}

/* Replaces each system call of the stub by a numbered breakpoint, and records the addresses. */
static int replace(unsigned char *bytes, size_t size)
{
    unsigned found = 0, instruction;
    printf("svc is brk at");
    for (size_t at = 0; at + 4 <= size; at += 4) {
        memcpy(&instruction, bytes + at, 4);
        if (instruction != (unsigned)SVC)
            continue;
        instruction = (unsigned)BRK | ++found << 5;
        memcpy(bytes + at, &instruction, 4);
        printf(" %#zx", at);
    }
    printf("\n");
    __builtin___clear_cache((char *)bytes, (char *)bytes + size);
    return found == CALLS;
}

static void *map(size_t size, int flags);

static int start_kernel(void)
{
    alternate = map(ALTERNATE, MAP_PRIVATE);
    child_alternate = map(ALTERNATE, MAP_PRIVATE);
    child_stack = map(ALTERNATE, MAP_PRIVATE);
    stack_t stack = {.ss_sp = alternate, .ss_size = ALTERNATE};
    struct sigaction action = {.sa_sigaction = trap,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    return sigaltstack(&stack, NULL) == 0 && sigaction(SIGTRAP, &action, NULL) == 0;
}
#endif

/* ---- the lab ---- */

/*
 * long watched_call(struct call *, stub, top of stack, struct seen *): calls the stub with SP =
 * top - 16 and a pattern in each callee-saved register, and reports the registers afterwards.
 */
#if defined(__x86_64__)
enum { CALLEE_SAVED = 6, FRAME = 32 }; /* 16 bytes of this function, the return address, and rbx */
static const int register_names[CALLEE_SAVED] = {0xb0, 0xb1, 0x12, 0x13, 0x14, 0x15};
#else
enum { CALLEE_SAVED = 11, FRAME = 16 }; /* of this function; the stub uses no stack */
static const int register_names[CALLEE_SAVED] =
    {0x19, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29};
#endif
struct seen {
    u64 sp;
    u64 registers[CALLEE_SAVED];
};
long watched_call(struct call *, const void *stub, unsigned char *top, struct seen *);
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
    ".globl watched_call\n"
    ".type watched_call, @function\n"
    "watched_call:\n"
    "	endbr64\n"
    "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rcx\n"
    "	mov %rsp, -8(%rdx)\n"
    "	lea -16(%rdx), %rsp\n"
    "	movabs $0xc0de0000000000b0, %rbx\n"
    "	movabs $0xc0de0000000000b1, %rbp\n"
    "	movabs $0xc0de000000000012, %r12\n"
    "	movabs $0xc0de000000000013, %r13\n"
    "	movabs $0xc0de000000000014, %r14\n"
    "	movabs $0xc0de000000000015, %r15\n"
    "	call *%rsi\n"
    "	mov %rsp, %rdx\n"
    "	mov 8(%rsp), %rsp\n"
    "	pop %rcx\n"
    "	mov %rdx, (%rcx)\n"
    "	mov %rbx, 8(%rcx)\n"
    "	mov %rbp, 16(%rcx)\n"
    "	mov %r12, 24(%rcx)\n"
    "	mov %r13, 32(%rcx)\n"
    "	mov %r14, 40(%rcx)\n"
    "	mov %r15, 48(%rcx)\n"
    "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "	ret\n"
    ".popsection\n");
#else
__asm__(".pushsection .text\n"
    ".globl watched_call\n"
    ".type watched_call, %function\n"
    "watched_call:\n"
    "	stp x29, x30, [sp, #-112]!\n"
    "	stp x19, x20, [sp, #16]\n"
    "	stp x21, x22, [sp, #32]\n"
    "	stp x23, x24, [sp, #48]\n"
    "	stp x25, x26, [sp, #64]\n"
    "	stp x27, x28, [sp, #80]\n"
    "	str x3, [sp, #96]\n"
    "	mov x9, sp\n"
    "	str x9, [x2, #-8]\n"
    "	sub sp, x2, #16\n"
    "	ldr x10, =0xc0de000000000000\n"
    "	mov x19, #0x19\n	add x19, x19, x10\n"
    "	mov x20, #0x20\n	add x20, x20, x10\n"
    "	mov x21, #0x21\n	add x21, x21, x10\n"
    "	mov x22, #0x22\n	add x22, x22, x10\n"
    "	mov x23, #0x23\n	add x23, x23, x10\n"
    "	mov x24, #0x24\n	add x24, x24, x10\n"
    "	mov x25, #0x25\n	add x25, x25, x10\n"
    "	mov x26, #0x26\n	add x26, x26, x10\n"
    "	mov x27, #0x27\n	add x27, x27, x10\n"
    "	mov x28, #0x28\n	add x28, x28, x10\n"
    "	mov x29, #0x29\n	add x29, x29, x10\n"
    "	blr x1\n"
    "	mov x9, sp\n"
    "	ldr x10, [sp, #8]\n"
    "	ldr x3, [x10, #96]\n"
    "	str x9, [x3]\n"
    "	str x19, [x3, #8]\n"
    "	str x20, [x3, #16]\n"
    "	str x21, [x3, #24]\n"
    "	str x22, [x3, #32]\n"
    "	str x23, [x3, #40]\n"
    "	str x24, [x3, #48]\n"
    "	str x25, [x3, #56]\n"
    "	str x26, [x3, #64]\n"
    "	str x27, [x3, #72]\n"
    "	str x28, [x3, #80]\n"
    "	str x29, [x3, #88]\n"
    "	mov sp, x10\n"
    "	ldp x19, x20, [sp, #16]\n"
    "	ldp x21, x22, [sp, #32]\n"
    "	ldp x23, x24, [sp, #48]\n"
    "	ldp x25, x26, [sp, #64]\n"
    "	ldp x27, x28, [sp, #80]\n"
    "	ldp x29, x30, [sp], #112\n"
    "	ret\n"
    "	.ltorg\n"
    ".popsection\n");
#endif

enum { BELOW = 16384, ABOVE = 256, CANARY = 0xa5 };
static struct call *c;
static unsigned char *stack;
static const void *stub;
static const char *test = "?", *how = "?";
static char self[4096]; /* the path of this program, for children to execute */
static char *env[] = {"LC_ALL=C", NULL};

static void verdict(int ok, int line, const char *format, ...)
{
    if (ok) {
        shared->passed++;
        return;
    }
    shared->failed++;
    va_list list;
    va_start(list, format);
    printf("FAILED  %s, %s (line %d): ", test, how, line);
    vprintf(format, list);
    printf("\n");
    va_end(list);
}
#define SAME(actual, expected)                                                                  \
    do {                                                                                        \
        s64 a_ = (s64)(actual), e_ = (s64)(expected);                                           \
        verdict(a_ == e_, __LINE__, "%s is %lld, not %lld", #actual, (long long)a_,             \
            (long long)e_);                                                                     \
    } while (0)
#define CHECK(ok) verdict(ok, __LINE__, "%s", #ok)
#define P(pointer) ((u64)(uintptr_t)(pointer))

static u64 current_mask(void)
{
    u64 mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8);
    return mask;
}

static int descriptor; /* process descriptor of the child */
static int ends[2];    /* the pipe that reports the exec of a copied child */
static u64 creator;

static void begin(const char *name)
{
    test = name;
    memset(c, 0, sizeof *c);
    c->block[0] = c->block[1] = ~0ULL;
    c->saved[1] = UNTOUCHED;
    c->failed = -1;
    c->create.number = creator;
    c->create.args[0] = P(&descriptor);
    c->create.args[1] = 2; /* PD_CLOEXEC */
    c->create.args[2] = creator == F_pdrfork ? F_RFSPAWN : GARBAGE;
    c->create.result = UNTOUCHED;
    descriptor = -1;
}

static struct step *add(const u64 words[7])
{
    struct step *s = &c->steps[c->count++];
    s->number = words[0];
    memcpy(s->args, words + 1, sizeof s->args);
    s->tolerated = 0;
    s->target = NULL;
    s->result = UNTOUCHED;
    return s;
}
#define STEP(...) add((u64[7]){__VA_ARGS__})

/* Calls the stub; if the child is a copy, waits until it has executed a program or exited. */
static long call(void)
{
    struct seen seen;
    unsigned char *top = stack + BELOW;
    u64 before = current_mask();
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    memset(stack, CANARY, BELOW + ABOVE);
    memset(&seen, 0, sizeof seen);
    long r = watched_call(c, stub, top, &seen);
    char byte;
    close(ends[1]);
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    close(ends[0]);
    SAME(current_mask(), before);
    SAME(seen.sp, P(top) - 16);
    for (int i = 0; i < CALLEE_SAVED; i++)
        SAME(seen.registers[i], 0xc0de000000000000ULL | (u64)register_names[i]);
    size_t low = 0, high = BELOW;
    while (low < BELOW && stack[low] == CANARY)
        low++;
    while (high < BELOW + ABOVE && stack[high] == CANARY)
        high++;
    CHECK(low >= BELOW - FRAME);
    SAME(high, BELOW + ABOVE);
    return r;
}

/* Ends a test with a child, and returns its exit status as a shell does. */
static int end(long pid)
{
    siginfo_t info;
    int r;
    memset(&info, 0, sizeof info);
    CHECK(pid > 0);
    CHECK(descriptor >= 0);
    SAME(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    do {
        r = waitid(P_PIDFD, (id_t)descriptor, &info, WEXITED | __WALL);
    } while (r != 0 && errno == EINTR);
    SAME(r, 0);
    SAME(info.si_pid, pid);
    close(descriptor);
    SAME(c->create.result, pid);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void no_child(void)
{
    SAME(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    SAME(errno, ECHILD);
    SAME(descriptor, -1);
}

static const u64 no_signals[2];

static void mask_step(void)
{
    STEP(F_sigprocmask, F_SIG_SETMASK, P(no_signals), 0);
}

static void tests(void)
{
    char *exit_7[] = {"sh", "-c", "exit 7", NULL};
    char *mask_is_empty[] = {self, "--mask-is-empty", NULL};
    char *descriptors[] = {self, "--descriptors", NULL};
    struct step *s;

    begin("a program");
    mask_step();
    STEP(F_execve, P("/bin/sh"), P(exit_7), P(env));
    SAME(end(call()), 7);
    SAME(c->failed, -1);
    SAME(c->steps[0].result, 0);
    SAME(c->steps[1].result, UNTOUCHED);

    begin("a program by descriptor");
    int sh = open("/bin/sh", O_RDONLY | O_CLOEXEC);
    mask_step();
    STEP(F_fexecve, (u64)sh, P(exit_7), P(env));
    SAME(end(call()), 7);
    SAME(c->failed, -1);
    close(sh);

    begin("no program");
    SAME(end(call()), 127);
    SAME(c->failed, 0);

    begin("a program that is missing");
    mask_step();
    STEP(F_execve, P("/nonexistent"), P(exit_7), P(env));
    STEP(F_getpid);
    SAME(end(call()), 127);
    SAME(c->failed, 1);
    SAME(c->steps[1].result, -ENOENT);
    SAME(c->steps[2].result, UNTOUCHED);

    begin("a search");
    s = STEP(F_execve, P("/nonexistent"), P(exit_7), P(env));
    s->tolerated = 1ULL << ENOENT | 1ULL << EACCES;
    s = STEP(F_execve, P("/"), P(exit_7), P(env));
    s->tolerated = 1ULL << ENOENT | 1ULL << EACCES;
    STEP(F_execve, P("/bin/sh"), P(exit_7), P(env));
    SAME(end(call()), 7);
    SAME(c->steps[0].result, -ENOENT);
    SAME(c->steps[1].result, -EACCES);

    begin("an error that is not the tolerated one");
    s = STEP(F_close, 4711);
    s->tolerated = ~(1ULL | 1ULL << EBADF);
    SAME(end(call()), 127);
    SAME(c->failed, 0);
    SAME(s->result, -EBADF);

    begin("an unknown call is ENOSYS, whose number has no bit");
    s = STEP(F_unknown);
    s->tolerated = ~1ULL;
    SAME(end(call()), 127);
    SAME(c->failed, 0);
    SAME(s->result, -F_ENOSYS);

    begin("any error is tolerated");
    STEP(F_unknown)->tolerated = 1;
    STEP(F_close, 4711)->tolerated = 1;
    s = STEP(F_getpid);
    long pid = call();
    SAME(end(pid), 127);
    SAME(c->failed, 3);
    SAME(c->steps[0].result, -F_ENOSYS);
    SAME(c->steps[1].result, -EBADF);
    SAME(s->result, pid);

    begin("results are not errors, whatever their value");
    for (u64 value = 0; value < 128; value += 9)
        STEP(F_umask, value);
    SAME(end(call()), 127);
    SAME(c->failed, c->count);
    for (u64 i = 1; i < c->count; i++)
        SAME(c->steps[i].result, 9 * (i - 1));

    begin("a result becomes an argument");
    s = STEP(F_umask, 0123);
    s->target = &c->steps[1].args[0];
    STEP(F_umask, 0777);
    STEP(F_umask, 0);
    SAME(end(call()), 127);
    SAME(c->steps[1].result, 0123);
    SAME(c->steps[2].result, c->steps[0].result);

    begin("an error goes to its target, too");
    u64 *target = &c->steps[1].args[0];
    s = STEP(F_close, 4711);
    s->target = target;
    s->tolerated = 1;
    STEP(F_getpid, 0);
    SAME(end(call()), 127);
    SAME(*target, -EBADF);

    begin("the program's mask");
    mask_step();
    STEP(F_execve, P(self), P(mask_is_empty), P(env));
    SAME(end(call()), 0);

    begin("all signals are blocked until then");
    STEP(F_execve, P(self), P(mask_is_empty), P(env));
    SAME(end(call()), 1);

    begin("descriptors");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int high = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
    STEP(F_dup2, (u64)null, 0);
    STEP(F_dup2, (u64)null, 1);
    STEP(F_dup2, (u64)null, 2);
    STEP(F_dup2, (u64)null, 5);
    STEP(F_close_range, 3, 4, 0);
    STEP(F_close_range, 6, ~0U, 0);
    mask_step();
    STEP(F_execve, P(self), P(descriptors), P(env));
    SAME(end(call()), 1 << 5 | 7);
    SAME(c->steps[3].result, 5);
    close(null);
    close(high);

    begin("dispositions and privileges");
    u64 action[4] = {1 /* SIG_IGN */, 0, 0, 0};
    u64 one = 1;
    char *ignores[] = {self, "--ignores-term", NULL};
    STEP(F_sigaction, 15, P(action), 0);
    STEP(F_sigaction, 7, P(action), 0); /* SIGEMT */
    STEP(F_procctl, 0, 0, 19, P(&one));
    mask_step();
    STEP(F_execve, P(self), P(ignores), P(env));
    SAME(end(call()), 0);

    begin("six arguments, and none of the garbage");
    s = STEP(F_umask, 022, GARBAGE, GARBAGE, GARBAGE, GARBAGE, GARBAGE);
    STEP(F_umask, 022);
    SAME(end(call()), 127);
    SAME(c->steps[1].result, 022);

    begin("no child");
    c->create.args[1] = 0x100;
    STEP(F_getpid);
    SAME(call(), -F_EINVAL);
    SAME(c->create.result, -F_EINVAL);
    SAME(c->failed, -1);
    SAME(c->steps[0].result, UNTOUCHED);
    no_child();

    begin("a creating call that the kernel does not have");
    c->create.number = F_unknown;
    STEP(F_getpid);
    SAME(call(), -F_ENOSYS);
    SAME(c->create.result, -F_ENOSYS);
    no_child();

    begin("signals cannot be blocked");
    STEP(F_getpid);
    shared->refuse_mask = 1;
    SAME(call(), -F_EINVAL);
    shared->refuse_mask = 0;
    SAME(c->create.result, UNTOUCHED);
    SAME(c->failed, -1);
    no_child();

    begin("the caller's mask");
    u64 odd = 1ULL << (SIGWINCH - 1) | 1ULL << (SIGUSR2 - 1), old = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &odd, &old, 8);
    SAME(end(call()), 127);
    SAME(current_mask(), odd);
    SAME(c->saved[0], 1ULL << 27 | 1ULL << 30); /* FreeBSD's SIGWINCH and SIGUSR2 */
    SAME(c->saved[1], 0);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
}

static int open_descriptors(void)
{
    int found = 0;
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            found |= fd < 7 ? 1 << fd : 1 << 7;
    return found;
}

enum { FEW = 64 }; /* pages */

#if defined(__x86_64__)
/* Returns the number of pages of a process; 0 if it is unknown. */
static long pages(long pid)
{
    char path[64];
    long size = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        if (fscanf(f, "%ld", &size) != 1)
            size = 0;
        fclose(f);
    }
    return size;
}
#endif

static void unmap(u64 start, u64 end)
{
    STEP(F_munmap, start, end - start)->tolerated = 1;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

enum errors_of_kernel { NO_EXTENDED_ERRORS, ENABLED, DISABLED_BY_STEP };

/*
 * Tests a child that never executes a program, with the steps of GroupKiller.java: it unmaps all
 * memory except the stub and its script, reports by a pipe that it is ready, waits for EOF on
 * another, and kills a process group. Where the kernel has extended errors it must disable them.
 */
static void group_killer(u64 script_end, enum errors_of_kernel extended)
{
    static const u64 no_core[2];
    static char error_buffer;
    int lifeline[2], ready[2], held[2], leader_descriptor;
    char byte;
    begin(extended == NO_EXTENDED_ERRORS ? "a group killer"
        : extended == ENABLED ? "a group killer with extended errors"
        : "a group killer that disables extended errors");
    if (pipe2(lifeline, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0 ||
        pipe2(held, O_CLOEXEC) != 0)
        abort();
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        fork();
        close(lifeline[1]);
        close(ready[1]);
        (void)!write(held[1], "x", 1);
        for (;;)
            pause();
    }
#if defined(__x86_64__)
    shared->forks += 2;
#endif
    close(held[1]);
    for (int i = 0; i < 2; i++)
        SAME(read(held[0], &byte, 1), 1);
    leader_descriptor = (int)syscall(SYS_pidfd_open, leader, 0);
    STEP(F_setsid);
    STEP(F_setrlimit, 4 /* RLIMIT_CORE */, P(no_core));
    int kept[3] = {lifeline[0], ready[1], leader_descriptor};
    qsort(kept, 3, sizeof kept[0], compare);
    u64 next = 0;
    for (int i = 0; i < 3; i++) {
        if ((u64)kept[i] > next)
            STEP(F_close_range, next, (u64)kept[i] - 1, 0);
        next = (u64)kept[i] + 1;
    }
    STEP(F_close_range, next, 0xffffffff, 0);
    if (extended == DISABLED_BY_STEP)
        STEP(F_exterrctl, F_EXTERRCTL_DISABLE, 0, 0)->tolerated = 1;
    u64 low = P(stub) < P(c) ? P(stub) : P(c), low_end = low == P(c) ? script_end : low + 4096;
    u64 high = P(stub) < P(c) ? P(c) : P(stub), high_end = high == P(c) ? script_end : high + 4096;
    unmap(4096, low);
    if (low_end < high)
        unmap(low_end, high);
    unmap(high_end, USER_END);
    unmap(high_end, 0xffffffffff000); /* beyond the address space: fails */
    struct step *refused = &c->steps[c->count - 1];
    struct step *report = STEP(F_write, (u64)ready[1], P(&c->create.args[5]), 1);
    report->tolerated = 1;
    struct step *wait = STEP(F_read, (u64)lifeline[0], P(&c->create.args[5]), 1);
    struct step *kill_group = STEP(F_kill, (u64)-(s64)leader, SIGKILL);
    kill_group->tolerated = 1;
    struct step *kill_leader = STEP(F_pdkill, (u64)leader_descriptor, SIGKILL);
    kill_leader->tolerated = 1;
    /* The last call fails: its result must not matter. */
    struct step *kill_none = STEP(F_kill, (u64)-0x3fffffff, SIGKILL);
    kill_none->tolerated = 1;
    shared->error_buffer = extended != NO_EXTENDED_ERRORS ? P(&error_buffer) : 0;
    long unknown = shared->unknown, pid = call();
    close(ready[1]);
    if (extended == ENABLED) { /* it is killed when the call beyond the address space fails */
        SAME(read(ready[0], &byte, 1), 0);
        SAME(end(pid), 128 + SIGKILL);
        SAME(refused->result, UNTOUCHED);
        SAME(kill(-leader, SIGKILL), 0);
    } else {
        SAME(read(ready[0], &byte, 1), 1);
        SAME(refused->result, -F_EINVAL);
#if defined(__x86_64__)
        CHECK(pages(getpid()) > FEW);
        CHECK(pages(pid) > 0 && pages(pid) <= FEW);
#endif
        SAME(wait->result, UNTOUCHED);
        SAME(fcntl(held[0], F_SETFL, O_NONBLOCK), 0);
        SAME(read(held[0], &byte, 1), -1); /* the group is alive */
        SAME(errno, EAGAIN);
        fcntl(held[0], F_SETFL, 0);
    }
    close(lifeline[0]);
    close(lifeline[1]);
    SAME(read(held[0], &byte, 1), 0); /* no process is left */
    if (extended != ENABLED) {
        SAME(end(pid), 127);
        SAME(report->result, 1);
        SAME(wait->result, 0);
        SAME(kill_group->result, 0);
        CHECK(kill_leader->result == 0 || kill_leader->result == -ESRCH);
        SAME(kill_none->result, -ESRCH);
        SAME(c->failed, c->count);
    }
    SAME(shared->unknown, unknown); /* on FreeBSD, such a call sends SIGSYS */
    shared->error_buffer = 0;
    SAME(waitpid(leader, NULL, 0), leader);
    close(leader_descriptor);
    close(ready[0]);
    close(held[0]);
}

static void *map(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

static int lab(const char *file)
{
    unsigned char bytes[4096];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (size <= 0) {
        perror(file);
        return 1;
    }
    close(fd);
    unsigned char *p = map(4096, MAP_PRIVATE);
    memcpy(p, bytes, (size_t)size);
#if defined(__aarch64__)
    if (!replace(p, (size_t)size)) {
        printf("FAILED  the stub makes no five system calls\n");
        return 1;
    }
#endif
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0) {
        perror("mprotect");
        return 1;
    }
    stub = p;
    c = map(sizeof(struct call) + MAX_STEPS * sizeof(struct step), MAP_SHARED);
    stack = map(BELOW + ABOVE, MAP_SHARED); /* shows the writes of a copied child too */
    shared->stub_size = (u64)size;
    shared->stub = P(p);
    creator = F_pdfork;
    how = "pdfork";
    tests();
    u64 script_end = (P(c) + sizeof *c + MAX_STEPS * sizeof(struct step) + 4095) & ~4095ULL;
    group_killer(script_end, NO_EXTENDED_ERRORS);
    group_killer(script_end, ENABLED);
    group_killer(script_end, DISABLED_BY_STEP);
    creator = F_pdrfork;
    how = "pdrfork(RFSPAWN)";
    tests();
    test = how = "at the end";
    CHECK(shared->calls > 100);
    CHECK(shared->children > 30);
    SAME(shared->told_child, shared->children - shared->forks);
    printf("%s  %ld checks passed, %ld failed; %ld system calls translated, %ld children\n",
        shared->failed != 0 ? "FAILED" : "ok", shared->passed, shared->failed, shared->calls,
        shared->children);
    fflush(stdout);
    return shared->failed != 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--mask-is-empty") == 0)
        return current_mask() != 0;
    if (argc == 2 && strcmp(argv[1], "--descriptors") == 0)
        return open_descriptors();
    if (argc == 2 && strcmp(argv[1], "--ignores-term") == 0) {
        struct sigaction action;
        sigaction(SIGTERM, NULL, &action);
        return action.sa_handler != SIG_IGN || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
    }
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: stubharness FILE [PROGRAM]\n");
        return 2;
    }
    if (realpath(argv[argc == 3 ? 2 : 0], self) == NULL) {
        perror(argv[argc == 3 ? 2 : 0]);
        return 1;
    }
#if defined(__x86_64__)
    /* Linux writes to glibc's rseq area, which a child that unmaps its memory no longer has. */
    if (getenv("GLIBC_TUNABLES") == NULL) {
        setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
        execv("/proc/self/exe", argv);
    }
#endif
    setvbuf(stdout, NULL, _IOLBF, 0);
    shared = map(sizeof *shared, MAP_SHARED);
#if defined(__aarch64__)
    return start_kernel() ? lab(argv[1]) : 1;
#else
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
            perror("skipped: ptrace");
            return 77;
        }
        raise(SIGSTOP);
        return lab(argv[1]);
    }
    return kernel(pid);
#endif
}
#endif
