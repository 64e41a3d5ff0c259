/*
 * Runs the FreeBSD spawn stub for amd64 on Linux. Not part of the library.
 *
 *     stubharness FILE         FILE: the flat bytes of the stub
 *
 * The bytes are FreeBSD's: their system calls have FreeBSD's numbers, and expect errors in the carry
 * flag. Here two processes work together. The lab maps the bytes as the library does, calls them
 * with scripts of all sorts, and looks at what became of the child, of the results, and of the
 * caller. The kernel traces it with ptrace and stops at every system call that is made from the
 * stub's bytes: it translates number, arguments and structures on the way in, and the result, the
 * carry flag and the second result (rdx) on the way out. Registers that FreeBSD's kernel destroys
 * are filled with garbage. So the very bytes create a child, walk a script and report errors.
 * What the lab does elsewhere, with its own libc, passes untouched.
 *
 * What it does not show: that FreeBSD's kernel behaves as translated here.
 *
 * Exit status: 0 all passed, 1 something failed, 77 processes cannot be traced here.
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
#include <unistd.h>

#if !defined(__x86_64__)
int main(void)
{
    puts("skipped: the stub is for x86-64");
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
    F_exit = 1, F_close = 6, F_chdir = 12, F_getpid = 20, F_ioctl = 54, F_execve = 59, F_umask = 60,
    F_setpgid = 82, F_dup2 = 90, F_setsid = 147, F_setrlimit = 195, F_sigprocmask = 340,
    F_sigaction = 416, F_fexecve = 492, F_pdfork = 518, F_procctl = 544, F_close_range = 575,
    F_pdrfork = 600, F_unknown = 4000,
    F_EINVAL = 22, F_EAGAIN = 35, F_ELOOP = 62, F_ENAMETOOLONG = 63, F_ENOSYS = 78, F_ENOTSOCK = 38,
    F_SIG_SETMASK = 3,
};
#define F_RFSPAWN 0x80000000ULL
#define F_RFMASK 0xffffffffULL

enum { NR_close_range = 436, NR_execveat = 322, FLAG_PIDFD = 0x1000, MAX_STEPS = 128, SLOTS = 64 };
enum { UNTOUCHED = 0x5ca1ab1e };
#define CARRY 1ULL
#define GARBAGE 0xdeadbeefcafef00dULL

/* ---- what both processes share ---- */

struct slot { /* room in the lab for structures in Linux's form, one for each traced task */
    u64 set, old;
    u64 action[4];
    char empty[8];
};

struct shared {
    u64 stub, stub_size;     /* where the lab mapped the bytes */
    int refuse_mask;         /* the test wants sigprocmask refused, with EINVAL */
    long calls, children;    /* system calls that were translated; children seen */
    long child_rdx;          /* children that were given rdx = 1 */
    long passed, failed;
    struct slot slots[SLOTS];
};
static struct shared *shared;

/* ---- the kernel ---- */

static const int signals[32] = { /* by FreeBSD's numbers: Linux's, 0 if it has none */
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
    default: return e; /* 1 to 34 are the same, but for EAGAIN */
    }
}

enum { IDLE, PASS, TRANSLATED };
static struct task {
    pid_t pid;
    int state;
    u64 number;            /* FreeBSD's, of the call it is in */
    u64 old_set;           /* where the old signal set goes */
    s64 forced;            /* result of a call that was not made: -errno of FreeBSD */
    int stopped;           /* a child that has stopped before its parent was told of it */
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

#define AT(field) ((u64)(uintptr_t)&(field)) /* the same address in the lab: mapped before the fork */

static void entry(struct task *t, struct user_regs_struct *r)
{
    struct slot *slot = &shared->slots[t - tasks];
    u64 args[6] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
    s64 number = -1; /* Linux's; -1: not made */
    t->number = r->orig_rax;
    t->old_set = 0;
    t->forced = -F_ENOSYS;
    shared->calls++;
    switch (t->number) {
    case F_exit: number = SYS_exit_group; break;
    case F_close: number = SYS_close; break;
    case F_chdir: number = SYS_chdir; break;
    case F_getpid: number = SYS_getpid; break;
    case F_execve: number = SYS_execve; break;
    case F_umask: number = SYS_umask; break;
    case F_setpgid: number = SYS_setpgid; break;
    case F_dup2: number = SYS_dup2; break;
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
            get(t->pid, set, args[1], sizeof set);
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
        if (linux_number == 0) { /* a signal that Linux does not have has its default */
            t->forced = 0;
            break;
        }
        get(t->pid, action, args[1], sizeof action);
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
        number = NR_execveat;
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
    r->orig_rax = (u64)number;
    r->rdi = args[0];
    r->rsi = args[1];
    r->rdx = args[2];
    r->r10 = args[3];
    r->r8 = args[4];
    r->r9 = args[5];
    ptrace(PTRACE_SETREGS, t->pid, 0, r);
}

/* The registers as FreeBSD's kernel leaves them. */
static void returns(pid_t pid, struct user_regs_struct *r, u64 rax, u64 rdx, int error)
{
    r->rax = rax;
    r->rdx = rdx;
    r->eflags = error ? r->eflags | CARRY : r->eflags & ~CARRY;
    r->r8 = r->r9 = r->r10 = GARBAGE;
    r->orig_rax = (u64)-1; /* nothing to be restarted */
    ptrace(PTRACE_SETREGS, pid, 0, r);
}

static void leave(struct task *t, struct user_regs_struct *r)
{
    s64 result = (s64)r->rax;
    if (t->forced <= 0) {
        returns(t->pid, r, (u64)-t->forced, 0, t->forced < 0);
        return;
    }
    if (t->number == F_sigprocmask && result == 0 && t->old_set != 0) {
        u64 set[2];
        mask_to_freebsd(shared->slots[t - tasks].old, set);
        put(t->pid, t->old_set, set, sizeof set);
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
        shared->child_rdx++;
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
            if (pid != lab) { /* the program is its own */
                t->pid = 0;
                ptrace(PTRACE_DETACH, pid, 0, 0);
                continue;
            }
            signal = 0;
        } else if (event != 0) {
            signal = 0;
        } else if (!t->stopped && signal == SIGSTOP) { /* a child begins */
            t->stopped = 1;
            born(t);
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, pid, 0, (long)signal);
    }
}

/* ---- the lab ---- */

/*
 * long watched_call(struct call *, stub, top of stack, struct seen *): calls the stub with SP =
 * top - 16 and a pattern in each callee-saved register, and reports what it finds afterwards.
 */
enum { CALLEE_SAVED = 6, FRAME = 32 }; /* ours 16, the return address, and rbx */
static const int register_names[CALLEE_SAVED] = {0xb0, 0xb1, 0x12, 0x13, 0x14, 0x15};
struct seen {
    u64 sp;
    u64 registers[CALLEE_SAVED];
};
long watched_call(struct call *, const void *stub, unsigned char *top, struct seen *);
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

enum { BELOW = 16384, ABOVE = 256, CANARY = 0xa5 };
static struct call *c;
static unsigned char *stack;
static const void *stub;
static const char *test = "?", *how = "?";
static char self[4096];
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

static int descriptor; /* the child's */
static int ends[2];    /* the pipe that tells of a copy's exec */
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

/* Calls the stub and, for a copy, waits until it has executed or ended. */
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

/* Ends a test that had a child: returns its status in the form of a shell. */
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
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0) {
        perror("mprotect");
        return 1;
    }
    stub = p;
    c = map(sizeof(struct call) + MAX_STEPS * sizeof(struct step), MAP_SHARED);
    stack = map(BELOW + ABOVE, MAP_PRIVATE);
    shared->stub_size = (u64)size;
    shared->stub = P(p);
    creator = F_pdfork;
    how = "pdfork";
    tests();
    creator = F_pdrfork;
    how = "pdrfork(RFSPAWN)";
    tests();
    test = how = "at the end";
    CHECK(shared->calls > 100);
    CHECK(shared->children > 30);
    SAME(shared->child_rdx, shared->children);
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
    if (argc != 2) {
        fprintf(stderr, "usage: stubharness FILE\n");
        return 2;
    }
    if (realpath(argv[0], self) == NULL) {
        perror(argv[0]);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    shared = map(sizeof *shared, MAP_SHARED);
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
}
#endif
