/*
 * Tests the spawn stubs. Not part of the library.
 *
 *     stubtest FILE            FILE: the flat bytes of the stub for this machine
 *
 * Maps the bytes as the library does (first writable, then executable, never both), calls them with
 * various scripts and checks the child, the results, and the caller: every call is made on a separate
 * stack, filled with a pattern, with known values in the callee-saved registers and an unusual signal
 * mask, all of which are compared afterwards.
 *
 * The call structures are in shared mappings, so that results can be read even if vfork is emulated
 * by fork (qemu-user). Tests that are impossible there are skipped by name. As process 1 of a virtual
 * machine the program mounts /proc, runs the tests, and powers off.
 *
 * Exit status: 0 all passed (skips are counted), 1 a test failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <unistd.h>

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
_Static_assert(offsetof(struct step, args) == 8, "args");
_Static_assert(offsetof(struct step, tolerated) == 56, "tolerated");
_Static_assert(offsetof(struct step, target) == 64, "target");
_Static_assert(offsetof(struct step, result) == 72, "result");
_Static_assert(offsetof(struct call, saved) == 16, "saved");
_Static_assert(offsetof(struct call, failed) == 32, "failed");
_Static_assert(offsetof(struct call, count) == 40, "count");
_Static_assert(offsetof(struct call, create) == 48, "create");
_Static_assert(offsetof(struct call, steps) == 128, "steps");

/* Not defined by every libc's headers. */
enum {
    NR_pidfd_open = 434,
    NR_clone3 = 435,
    ID_PIDFD = 3,
    ALL_CHILDREN = 0x40000000, /* __WALL: also those with an exit signal other than SIGCHLD */
};
#define F_VM 0x100ULL
#define F_PIDFD 0x1000ULL
#define F_VFORK 0x4000ULL
#define F_CLEAR_SIGHAND 0x100000000ULL

enum { MAX_STEPS = 2048, UNTOUCHED = 0x5ca1ab1e };

/* ---- the observed call ---- */

/*
 * long watched_call(struct call *, stub, top of stack, struct seen *): calls the stub with SP =
 * top - 16 and a pattern in each callee-saved register, and stores their values afterwards.
 */
#if defined(__x86_64__)
enum { CALLEE_SAVED = 6, FRAME = 32 }; /* 16 of watched_call, the return address, and rbx */
static const int register_names[CALLEE_SAVED] = {0xb0, 0xb1, 0x12, 0x13, 0x14, 0x15};
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
#elif defined(__aarch64__)
enum { CALLEE_SAVED = 11, FRAME = 16 }; /* that of watched_call; the stub has none */
static const int register_names[CALLEE_SAVED] =
    {0x19, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29};
__asm__(".pushsection .text\n"
    ".globl watched_call\n"
    ".type watched_call, %function\n"
    "watched_call:\n"
    "	hint #34\n"
    "	stp x29, x30, [sp, #-112]!\n"
    "	stp x19, x20, [sp, #16]\n"
    "	stp x21, x22, [sp, #32]\n"
    "	stp x23, x24, [sp, #48]\n"
    "	stp x25, x26, [sp, #64]\n"
    "	stp x27, x28, [sp, #80]\n"
    "	str x3, [sp, #96]\n"
    "	mov x9, sp\n"
    "	str x9, [x2, #-16]!\n"
    "	mov sp, x2\n"
    "	.irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29\n"
    "	movz x\\n, #0x\\n\n"
    "	movk x\\n, #0xc0de, lsl #48\n"
    "	.endr\n"
    "	blr x1\n"
    "	mov x9, sp\n"
    "	ldr x10, [sp]\n"
    "	mov sp, x10\n"
    "	ldr x3, [sp, #96]\n"
    "	stp x9, x19, [x3]\n"
    "	stp x20, x21, [x3, #16]\n"
    "	stp x22, x23, [x3, #32]\n"
    "	stp x24, x25, [x3, #48]\n"
    "	stp x26, x27, [x3, #64]\n"
    "	stp x28, x29, [x3, #80]\n"
    "	ldp x19, x20, [sp, #16]\n"
    "	ldp x21, x22, [sp, #32]\n"
    "	ldp x23, x24, [sp, #48]\n"
    "	ldp x25, x26, [sp, #64]\n"
    "	ldp x27, x28, [sp, #80]\n"
    "	ldp x29, x30, [sp], #112\n"
    "	ret\n"
    ".popsection\n");
#else
#error "no spawn stub for this architecture"
#endif

struct seen {
    u64 sp;
    u64 registers[CALLEE_SAVED];
};
long watched_call(struct call *, const void *stub, unsigned char *top, struct seen *);

enum { BELOW = 16384, ABOVE = 256, CANARY = 0xa5 };

struct lab { /* one per thread */
    struct call *c;
    unsigned char *stack;
};

static const void *stub, *stub_elsewhere;
static char *self;
static atomic_long *tally; /* shared: passed, failed, skipped */
static __thread const char *test = "?";

static void verdict(int ok, int line, const char *format, ...)
{
    long before = atomic_fetch_add(&tally[ok ? 0 : 1], 1);
    if (ok || before >= 30) /* enough for a diagnosis */
        return;
    va_list list;
    va_start(list, format);
    printf("FAILED  %s (line %d): ", test, line);
    vprintf(format, list);
    printf("\n");
    fflush(stdout);
    va_end(list);
}
#define CHECK(ok, ...) verdict(ok, __LINE__, __VA_ARGS__)
#define SAME(actual, expected)                                                                  \
    do {                                                                                        \
        s64 a_ = (s64)(actual), e_ = (s64)(expected);                                           \
        verdict(a_ == e_, __LINE__, "%s is %lld, not %lld", #actual, (long long)a_,             \
            (long long)e_);                                                                     \
    } while (0)

static void skip(const char *what, const char *why)
{
    atomic_fetch_add(&tally[2], 1);
    printf("skipped %s: %s\n", what, why);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *map(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        die("mmap");
    return p;
}

static struct lab new_lab(void)
{
    return (struct lab){
        map(sizeof(struct call) + MAX_STEPS * sizeof(struct step), MAP_SHARED),
        map(BELOW + ABOVE, MAP_PRIVATE),
    };
}

static u64 current_mask(void) /* libc's function would hide its two internal signals */
{
    u64 mask = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8) != 0)
        die("rt_sigprocmask");
    return mask;
}

static long call_at(struct lab *l, const void *entry)
{
    struct seen seen;
    struct call *c = l->c;
    unsigned char *top = l->stack + BELOW;
    u64 before = current_mask();
    memset(l->stack, CANARY, BELOW + ABOVE);
    memset(&seen, 0, sizeof seen);

    long r = watched_call(c, entry, top, &seen);

    SAME(current_mask(), before);
    SAME(seen.sp, (u64)(uintptr_t)top - 16);
    for (int i = 0; i < CALLEE_SAVED; i++)
        SAME(seen.registers[i], 0xc0de000000000000ULL | (u64)register_names[i]);
    size_t low = 0, high = BELOW;
    while (low < BELOW && l->stack[low] == CANARY)
        low++;
    while (high < BELOW + ABOVE && l->stack[high] == CANARY)
        high++;
    CHECK(low >= BELOW - FRAME, "stack written %zu bytes below its top", BELOW - low);
    CHECK(high == BELOW + ABOVE, "stack written above its top");
    return r;
}

/* ---- scripts ---- */

static void begin(struct lab *l)
{
    struct call *c = l->c;
    memset(c, 0, sizeof *c);
    c->block[0] = ~0ULL;
    c->block[1] = c->saved[1] = UNTOUCHED;
    c->failed = -1;
    c->create.result = UNTOUCHED;
}

#define STEP(l, ...) add_step(l, (u64[7]){__VA_ARGS__})
static struct step *add_step(struct lab *l, const u64 words[7])
{
    struct step *s = &l->c->steps[l->c->count++];
    s->number = words[0];
    memcpy(s->args, words + 1, sizeof s->args);
    s->tolerated = 0;
    s->target = NULL;
    s->result = UNTOUCHED;
    return s;
}
#define P(pointer) ((u64)(uintptr_t)(pointer))

/* ---- creating calls ---- */

enum creator { CLONE3, CLONE, CLONE_EMULATED, CREATORS };
static const char *const creator_names[] = {"clone3", "clone", "clone without a pidfd"};
static int have[CREATORS];
static int emulated; /* vfork is emulated by fork */

struct child {
    long pid;
    int pidfd;
    u64 clone_args[11];
};

static void set_creator(struct lab *l, enum creator how, struct child *child, u64 more_flags)
{
    struct step *s = &l->c->create;
    memset(child, 0, sizeof *child);
    child->pidfd = -1;
    memset(s->args, 0, sizeof s->args);
    if (how == CLONE3) {
        child->clone_args[0] = F_PIDFD | F_VM | F_VFORK | F_CLEAR_SIGHAND | more_flags;
        child->clone_args[1] = P(&child->pidfd);
        s->number = NR_clone3;
        s->args[0] = P(child->clone_args);
        s->args[1] = 64; /* as in Linux 5.3 */
    } else {
        s->number = SYS_clone; /* flags, stack, parent_tid; the others are unused */
        s->args[0] = F_VM | F_VFORK | more_flags | (how == CLONE ? F_PIDFD : SIGCHLD);
        s->args[2] = how == CLONE ? P(&child->pidfd) : 0;
    }
}

static int await(struct child *child, siginfo_t *info) /* returns si_status, with si_code in info */
{
    int r;
    memset(info, 0, sizeof *info);
    do
        r = child->pidfd >= 0
                ? waitid((idtype_t)ID_PIDFD, (id_t)child->pidfd, info, WEXITED | ALL_CHILDREN)
                : waitid(P_PID, (id_t)child->pid, info, WEXITED | ALL_CHILDREN);
    while (r < 0 && errno == EINTR);
    CHECK(r == 0, "waitid: %s", strerror(errno));
    SAME(info->si_pid, child->pid);
    if (child->pidfd >= 0)
        close(child->pidfd);
    return info->si_status;
}

static void no_child(void)
{
    siginfo_t info;
    int r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | ALL_CHILDREN);
    CHECK(r == -1 && errno == ECHILD, "there is a child");
}

/* Spawns a child that must end by exit(status), and makes the common checks. */
static long run_at(struct lab *l, enum creator how, int status, const void *entry)
{
    struct child child;
    siginfo_t info;
    set_creator(l, how, &child, 0);
    u64 mask = current_mask();
    child.pid = call_at(l, entry);
    SAME(l->c->create.result, child.pid);
    SAME(l->c->saved[0], mask);
    SAME(l->c->saved[1], UNTOUCHED);
    if (child.pid <= 0) {
        CHECK(0, "%s: %s", creator_names[how], strerror((int)-child.pid));
        return child.pid;
    }
    CHECK(how == CLONE_EMULATED || child.pidfd >= 0, "no descriptor");
    if (!emulated && l->c->failed >= 0) /* vfork: known on return, without waiting */
        CHECK((u64)l->c->failed <= l->c->count, "failed > count");
    SAME(await(&child, &info), status);
    SAME(info.si_code, CLD_EXITED);
    return child.pid;
}

static long run(struct lab *l, enum creator how, int status)
{
    return run_at(l, how, status, stub);
}

/* ---- the program to execute: this one, or a shell where that is impossible (qemu-user) ---- */

static char *env[] = {"PROBE=1", NULL};
static char *arguments[4];

static struct step *exec_step(struct lab *l, const char *self_option, const char *shell)
{
    if (shell == NULL || !emulated) {
        arguments[0] = self;
        arguments[1] = (char *)(uintptr_t)self_option;
        arguments[2] = NULL;
        return STEP(l, SYS_execve, P(self), P(arguments), P(env));
    }
    arguments[0] = "sh";
    arguments[1] = "-c";
    arguments[2] = (char *)(uintptr_t)shell;
    return STEP(l, SYS_execve, P("/bin/sh"), P(arguments), P(env));
}

/* ---- tests ---- */

static void test_exec(struct lab *l, enum creator how)
{
    test = "exec";
    begin(l);
    struct step *s = exec_step(l, "--exit-42", "exit 42");
    run(l, how, 42);
    SAME(l->c->failed, -1);
    SAME(s->result, UNTOUCHED);

    test = "exec, stub at another address";
    begin(l);
    exec_step(l, "--exit-42", "exit 42");
    run_at(l, how, 42, stub_elsewhere);

    test = "exec fails";
    begin(l);
    STEP(l, SYS_getpid);
    s = STEP(l, SYS_execve, P("/nowhere/nothing"), P(arguments), P(env));
    struct step *after = STEP(l, SYS_getpid);
    run(l, how, 127);
    SAME(l->c->failed, 1);
    SAME(s->result, -ENOENT);
    SAME(after->result, UNTOUCHED);

    test = "exec fails, is tolerated, and the next is tried";
    begin(l);
    STEP(l, SYS_execve, P("/nowhere/nothing"), P(arguments), P(env))->tolerated = 1u << ENOENT;
    exec_step(l, "--exit-42", "exit 42");
    run(l, how, 42);
    SAME(l->c->failed, -1);
    SAME(l->c->steps[0].result, -ENOENT);
}

static void test_masks(struct lab *l, enum creator how)
{
    const u64 all_signals = emulated ? ~0ULL >> 2 : ~0ULL; /* qemu-user reserves two */
    test = "the child's mask";
    begin(l);
    u64 *mask = &l->c->steps[100].args[0]; /* any place in shared memory */
    *mask = 0;
    STEP(l, SYS_rt_sigprocmask, SIG_SETMASK, 0, P(mask), 8);
    run(l, how, 127);
    SAME(l->c->failed, 1);
    SAME(*mask, all_signals & ~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1)));

    test = "only the given set is blocked";
    begin(l);
    l->c->block[0] = 1ULL << (SIGHUP - 1) | 1ULL << 63;
    STEP(l, SYS_rt_sigprocmask, SIG_SETMASK, 0, P(mask), 8);
    run(l, how, 127);
    SAME(*mask, all_signals & (1ULL << (SIGHUP - 1) | 1ULL << 63));

    test = "the program's mask";
    if (emulated) {
        skip(test, "cannot exec this program under emulation");
        return;
    }
    static const u64 empty;
    begin(l);
    STEP(l, SYS_rt_sigprocmask, SIG_SETMASK, P(&empty), 0, 8);
    exec_step(l, "--mask-is-empty", NULL);
    run(l, how, 0);
    begin(l);
    exec_step(l, "--mask-is-empty", NULL);
    run(l, how, 1);
}

static void test_script(struct lab *l, enum creator how)
{
    test = "no steps";
    begin(l);
    run(l, how, 127);
    SAME(l->c->failed, 0);

    test = "all steps done";
    begin(l);
    struct step *a = STEP(l, SYS_getpid), *b = STEP(l, SYS_getppid);
    long pid = run(l, how, 127);
    SAME(l->c->failed, 2);
    SAME(a->result, pid);
    SAME(b->result, getpid());

    test = "2000 steps";
    begin(l);
    static u64 *targets;
    if (targets == NULL)
        targets = map(2000 * sizeof *targets, MAP_SHARED);
    memset(targets, 0, 2000 * sizeof *targets);
    for (int i = 0; i < 2000; i++)
        if (i % 3 == 2) { /* a third of them fail, and are tolerated */
            a = STEP(l, SYS_close, (u64)-1);
            a->tolerated = 1u << EBADF;
            a->target = &targets[i];
        } else {
            STEP(l, SYS_getpid)->target = &targets[i];
        }
    pid = run(l, how, 127);
    SAME(l->c->failed, 2000);
    int wrong = 0;
    for (int i = 0; i < 2000; i++) {
        s64 expected = i % 3 == 2 ? -EBADF : pid;
        wrong += l->c->steps[i].result != expected || (s64)targets[i] != expected;
    }
    SAME(wrong, 0);

    test = "last of 2000 steps fails";
    begin(l);
    for (int i = 0; i < 1999; i++)
        STEP(l, SYS_getpid);
    STEP(l, SYS_close, (u64)-1);
    run(l, how, 127);
    SAME(l->c->failed, 1999);

    test = "count is read once";
    begin(l);
    STEP(l, SYS_getpid)->target = &l->c->count;
    a = STEP(l, SYS_getpid);
    l->c->steps[2].number = ~0ULL;
    l->c->steps[2].result = UNTOUCHED;
    pid = run(l, how, 127);
    SAME(l->c->failed, 2);
    SAME(l->c->count, pid);
    SAME(l->c->steps[2].result, UNTOUCHED);
}

static void test_tolerance(struct lab *l, enum creator how)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        die("pipe");
    const struct {
        const char *name;
        u64 number, args[2], tolerated;
        int errno_, passes;
    } cases[] = {
        {"EBADF", SYS_close, {(u64)-1}, 0, EBADF, 0},
        {"EBADF, any", SYS_close, {(u64)-1}, 1, EBADF, 1},
        {"EBADF, its bit", SYS_close, {(u64)-1}, 1u << EBADF, EBADF, 1},
        {"EBADF, all other bits", SYS_close, {(u64)-1}, ~(1ULL | 1u << EBADF), EBADF, 0},
        {"ENOTSOCK", SYS_listen, {(u64)pipes[0], 1}, 0, ENOTSOCK, 0},
        {"ENOTSOCK, any", SYS_listen, {(u64)pipes[0], 1}, 1, ENOTSOCK, 1},
        {"ENOTSOCK, its bit modulo 64", SYS_listen, {(u64)pipes[0], 1}, 1u << (ENOTSOCK - 64),
         ENOTSOCK, 0},
        {"ENOTSOCK, all bits but any", SYS_listen, {(u64)pipes[0], 1}, ~1ULL, ENOTSOCK, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        u64 *target = &l->c->steps[100].args[0];
        test = cases[i].name;
        begin(l);
        struct step *s = STEP(l, cases[i].number, cases[i].args[0], cases[i].args[1]);
        struct step *next = STEP(l, SYS_getpid);
        s->tolerated = cases[i].tolerated;
        s->target = target;
        *target = UNTOUCHED;
        long pid = run(l, how, 127);
        SAME(s->result, -cases[i].errno_);
        SAME(*target, -cases[i].errno_);
        SAME(l->c->failed, cases[i].passes ? 2 : 0);
        SAME(next->result, cases[i].passes ? pid : UNTOUCHED);
    }
    close(pipes[0]);
    close(pipes[1]);
}

static void test_wiring(struct lab *l, enum creator how)
{
    test = "a result becomes an argument";
    begin(l);
    struct step *self_pid = STEP(l, SYS_getpid);
    struct step *open = STEP(l, NR_pidfd_open, UNTOUCHED);
    struct step *dup = STEP(l, SYS_dup3, UNTOUCHED, 250, O_CLOEXEC);
    struct step *kill = STEP(l, SYS_kill, UNTOUCHED, 0);
    struct step *again = STEP(l, SYS_getpid);
    self_pid->target = &open->args[0];
    open->target = &dup->args[0];
    again->target = &again->args[5];
    long pid = run(l, how, 127);
    SAME(l->c->failed, 3); /* pid UNTOUCHED: no such process */
    SAME(open->args[0], pid);
    CHECK(open->result >= 0, "pidfd_open: %lld", (long long)open->result);
    SAME(dup->result, 250);
    SAME(kill->result, -ESRCH);

    begin(l);
    self_pid = STEP(l, SYS_getpid);
    kill = STEP(l, SYS_kill, UNTOUCHED, 0);
    self_pid->target = &kill->args[0];
    run(l, how, 127);
    SAME(l->c->failed, 2);
    SAME(kill->result, 0);

    test = "a result becomes a system call number";
    begin(l);
    static u64 *number;
    if (number == NULL)
        number = map(sizeof *number, MAP_SHARED);
    int fd[2];
    if (pipe(fd) != 0)
        die("pipe");
    char bytes[SYS_getppid];
    memset(bytes, 0, sizeof bytes);
    if (write(fd[1], bytes, sizeof bytes) != (ssize_t)sizeof bytes)
        die("write");
    static char *buffer;
    if (buffer == NULL)
        buffer = map(4096, MAP_SHARED);
    struct step *read = STEP(l, SYS_read, (u64)fd[0], P(buffer), 4096);
    struct step *ppid = STEP(l, ~0ULL);
    read->target = &ppid->number;
    run(l, how, 127);
    SAME(ppid->result, getpid());
    close(fd[0]);
    close(fd[1]);
}

static void test_six_arguments(struct lab *l, enum creator how)
{
    /* mmap needs all six; the contents of a pipe then prove that each was passed correctly. */
    test = "six arguments of a step";
    long page = sysconf(_SC_PAGESIZE);
    char name[] = "/tmp/stubtest-XXXXXX", content[] = "the second page", got[sizeof content] = "";
    int fd = mkstemp(name), pipes[2];
    if (fd < 0 || unlink(name) != 0 || ftruncate(fd, 2 * page) != 0 || pipe(pipes) != 0 ||
        pwrite(fd, content, sizeof content, page) != (ssize_t)sizeof content)
        die(name);
    void *place = map((size_t)page, MAP_PRIVATE);
    begin(l);
    struct step *mmap_ = STEP(l, SYS_mmap, P(place), (u64)page, PROT_READ, MAP_PRIVATE | MAP_FIXED,
                  (u64)fd, (u64)page);
    struct step *write_ = STEP(l, SYS_write, (u64)pipes[1], 0, sizeof content);
    mmap_->target = &write_->args[1];
    run(l, how, 127);
    SAME(l->c->failed, 2);
    SAME(mmap_->result, P(place));
    SAME(write_->result, sizeof content);
    SAME(read(pipes[0], got, sizeof got), sizeof got);
    CHECK(memcmp(got, content, sizeof content) == 0, "other content: %.15s", got);

    /* Any system call can be used as the creating call to check its arguments. */
    test = "six arguments of the creating call";
    begin(l);
    l->c->create = (struct step){.number = SYS_mmap, .result = UNTOUCHED,
        .args = {P(place), (u64)page, PROT_READ, MAP_PRIVATE | MAP_FIXED, (u64)fd, (u64)page}};
    long r = call_at(l, stub);
    SAME(r, P(place));
    SAME(l->c->create.result, P(place));
    CHECK(memcmp(place, content, sizeof content) == 0, "other content");
    SAME(l->c->failed, -1);
    munmap(place, (size_t)page);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_boundary(struct lab *l, enum creator how)
{
    /* lseek on this file may return any offset, negative ones included. */
    test = "-4096 is a result, -4095 an errno";
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || lseek(fd, -4096, SEEK_SET) != -4096) {
        skip(test, "no file with negative offsets");
        close(fd);
        return;
    }
    begin(l);
    STEP(l, SYS_lseek, (u64)fd, (u64)-4096, SEEK_SET);
    STEP(l, SYS_lseek, (u64)fd, (u64)INT64_MIN, SEEK_SET);
    STEP(l, SYS_lseek, (u64)fd, INT64_MAX, SEEK_SET);
    STEP(l, SYS_lseek, (u64)fd, (u64)-4095, SEEK_SET)->tolerated = ~1ULL;
    run(l, how, 127);
    SAME(l->c->failed, 3);
    SAME(l->c->steps[0].result, -4096);
    SAME(l->c->steps[1].result, INT64_MIN);
    SAME(l->c->steps[2].result, INT64_MAX);
    SAME(l->c->steps[3].result, -4095);
    close(fd);
}

static void test_create_fails(struct lab *l)
{
    struct child child;
    const struct {
        const char *name;
        enum creator how;
        u64 number, flags;
        long expected;
    } cases[] = {
        {"clone3: unknown flag", CLONE3, NR_clone3, 1ULL << 63, -EINVAL},
        {"clone: thread without sighand", CLONE, SYS_clone, 0x10000, -EINVAL},
        {"no such call", CLONE, 4000, 0, -ENOSYS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test = cases[i].name;
        if (cases[i].how == CLONE3 && !have[CLONE3]) {
            skip(test, "no clone3");
            continue;
        }
        begin(l);
        struct step *s = STEP(l, SYS_getpid);
        set_creator(l, cases[i].how, &child, cases[i].flags);
        l->c->create.number = cases[i].number;
        SAME(call_at(l, stub), cases[i].expected);
        SAME(l->c->create.result, cases[i].expected);
        SAME(l->c->saved[0], current_mask());
        SAME(l->c->failed, -1);
        SAME(s->result, UNTOUCHED);
        SAME(child.pidfd, -1);
        no_child();
    }
}

static void test_shared_memory(struct lab *l, enum creator how)
{
    test = "the child shares memory, and the parent waits for it";
    if (emulated) {
        skip(test, "vfork is emulated by fork");
        return;
    }
    const size_t size = sizeof(struct call) + 4 * sizeof(struct step);
    struct lab private = {map(size, MAP_PRIVATE), l->stack};
    struct timespec time = {.tv_nsec = 30000000};
    u64 result = UNTOUCHED; /* on this stack */
    struct child child;
    siginfo_t info;
    begin(&private);
    STEP(&private, SYS_nanosleep, P(&time), 0);
    struct step *s = STEP(&private, SYS_getpid);
    s->target = &result;
    set_creator(&private, how, &child, 0);
    child.pid = call_at(&private, stub);
    SAME(private.c->failed, 2); /* now, before any wait */
    SAME(s->result, child.pid);
    SAME(result, child.pid);
    SAME(await(&child, &info), 127);
    munmap(private.c, size);
}

/* ---- tests in a separate process ---- */

static void isolated(const char *name, void (*body)(void))
{
    fflush(stdout);
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        test = name;
        body();
        fflush(stdout);
        syscall(SYS_exit, 0); /* exit_group may be forbidden here */
    }
    test = name;
    SAME(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with wait status %#x", status);
}

static int filter(struct sock_filter *code, unsigned short length)
{
    struct sock_fprog program = {length, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
        return 1;
    skip(test, "no seccomp filter");
    return 0;
}
#define LENGTH(code) (unsigned short)(sizeof(code) / sizeof *(code))

static struct sock_filter refuse[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the number */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void mask_refused(void)
{
    struct lab l = new_lab();
    struct child child;
    struct seen seen;
    begin(&l);
    set_creator(&l, CLONE, &child, 0);
    refuse[1].k = SYS_rt_sigprocmask;
    if (!filter(refuse, LENGTH(refuse)))
        return;
    SAME(watched_call(l.c, stub, l.stack + BELOW, &seen), -EPERM);
    SAME(l.c->create.result, UNTOUCHED);
    SAME(child.pidfd, -1);
    for (int i = 0; i < CALLEE_SAVED; i++)
        SAME(seen.registers[i], 0xc0de000000000000ULL | (u64)register_names[i]);
    no_child();
}

static void exit_refused(void)
{
    struct lab l = new_lab();
    struct child child;
    siginfo_t info;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* before Linux 5.16 a core dump also ended the parent */
    begin(&l);
    set_creator(&l, CLONE, &child, 0);
    refuse[1].k = SYS_exit_group;
    if (!filter(refuse, LENGTH(refuse)))
        return;
    child.pid = call_at(&l, stub);
    CHECK(child.pid > 0, "clone: %ld", child.pid);
    SAME(l.c->failed, 0);
    SAME(await(&child, &info), SIGILL);
}

static void every_errno(void)
{
    struct lab l = new_lab();
    struct sock_filter code[] = { /* getppid(e) fails with errno e */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), /* low half of the first argument */
        BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    if (!filter(code, LENGTH(code)))
        return;
    enum creator how = have[CLONE3] ? CLONE3 : CLONE;

    begin(&l); /* all that must be tolerated, in one script each */
    for (u64 e = 1; e < 64; e++)
        STEP(&l, SYS_getppid, e)->tolerated = 1ULL << e;
    run(&l, how, 127);
    SAME(l.c->failed, 63);
    for (u64 from = 1; from <= 4095; from += MAX_STEPS) {
        begin(&l);
        for (u64 e = from; e < from + MAX_STEPS && e <= 4095; e++)
            STEP(&l, SYS_getppid, e)->tolerated = 1;
        run(&l, how, 127);
        SAME(l.c->failed, l.c->count);
        for (u64 i = 0; i < l.c->count; i++)
            SAME(l.c->steps[i].result, -(s64)(from + i));
    }
    for (u64 e = 1; e <= 4095; e++) { /* all that must not be tolerated */
        begin(&l);
        STEP(&l, SYS_getpid);
        STEP(&l, SYS_getppid, e)->tolerated = e < 64 ? ~(1ULL | 1ULL << e) : ~1ULL;
        STEP(&l, SYS_getpid);
        run(&l, how, 127);
        SAME(l.c->failed, 1);
        SAME(l.c->steps[1].result, -(s64)e);
        SAME(l.c->steps[2].result, UNTOUCHED);
    }
    begin(&l);
    STEP(&l, SYS_getppid, ESTALE)->tolerated = 1ULL << (ESTALE - 64);
    run(&l, how, 127);
    SAME(l.c->failed, 0);
    SAME(l.c->steps[0].result, -ESTALE);
}

/* ---- signals ---- */

enum { SPAWNERS = 4, ROUNDS = 300 };
static pid_t storm_pid;
static atomic_long handled, astray;
static atomic_int running;
static pthread_t spawners[SPAWNERS];

static void handler(int signal)
{
    (void)signal;
    if (syscall(SYS_getpid) == storm_pid)
        atomic_fetch_add(&handled, 1);
    else
        atomic_fetch_add(&astray, 1); /* called in a child */
}

static void *spawner(void *which)
{
    struct lab l = new_lab();
    stack_t stack = {.ss_sp = map(65536, MAP_PRIVATE), .ss_size = 65536}; /* keeps l.stack clean */
    sigaltstack(&stack, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    test = "signal storm";
    for (int i = 0; i < ROUNDS; i++) {
        enum creator how = have[CLONE3] && i % 2 ? CLONE3 : CLONE;
        begin(&l);
        struct step *s = STEP(&l, SYS_getpid);
        if (i % 3) { /* the program also has all signals blocked, so only its exit status matters */
            char *argv[] = {self, "--exit-42", NULL};
            STEP(&l, SYS_execve, P(self), P(argv), P(env));
            long pid = run(&l, how, 42);
            SAME(s->result, pid);
            SAME(l.c->failed, -1);
        } else {
            STEP(&l, SYS_sched_yield);
            long pid = run(&l, how, 127);
            SAME(s->result, pid);
            SAME(l.c->failed, 2);
        }
    }
    (void)which;
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void storm(void)
{
    storm_pid = getpid();
    setpgid(0, 0); /* kill(0) then affects this process and its children only */
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    running = SPAWNERS;
    for (int i = 0; i < SPAWNERS; i++)
        if (pthread_create(&spawners[i], NULL, spawner, NULL) != 0)
            die("pthread_create");
    while (running > 0) {
        for (int i = 0; i < SPAWNERS; i++)
            pthread_kill(spawners[i], SIGUSR1);
        kill(0, SIGUSR2);
        usleep(50);
    }
    for (int i = 0; i < SPAWNERS; i++)
        pthread_join(spawners[i], NULL);
    SAME(astray, 0);
    CHECK(handled > 0, "no signal was ever handled");
    printf("        signal storm: %d spawns, %ld signals handled\n", SPAWNERS * ROUNDS, handled);
    no_child();
}

static struct call *held_call;
static s64 held_result;
static int held_handled;

static void held_handler(int signal)
{
    (void)signal;
    held_handled++;
    held_result = held_call->create.result;
}

static void held_back(void)
{
    struct lab l = new_lab();
    stack_t stack = {.ss_sp = map(65536, MAP_PRIVATE), .ss_size = 65536};
    struct sigaction action = {.sa_handler = held_handler, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    held_call = l.c;
    for (enum creator how = CLONE3; how <= CLONE; how++) {
        if (!have[how])
            continue;
        held_handled = 0;
        begin(&l);
        STEP(&l, SYS_kill, (u64)getpid(), SIGUSR1); /* the parent, during its call */
        STEP(&l, SYS_getpid);
        STEP(&l, SYS_kill, UNTOUCHED, SIGUSR1); /* the child itself: never delivered */
        l.c->steps[1].target = &l.c->steps[2].args[0];
        long pid = run(&l, how, 127);
        SAME(l.c->failed, 3);
        SAME(held_handled, 1);
        SAME(held_result, pid); /* was already stored when the handler ran */
    }
}

/* ---- */

static void load(const char *name)
{
    unsigned char bytes[4096];
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (size <= 0 || size > 1024)
        die(name);
    close(fd);
    unsigned char *p = map(4096, MAP_PRIVATE);
    memset(p, 0, 4096);
    memcpy(p, bytes, (size_t)size);
    memcpy(p + 2052, bytes, (size_t)size);
    if (mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0)
        die("mprotect");
    stub = p;
    stub_elsewhere = p + 2052;
    printf("        %s: %zd bytes\n", name, size);
}

static void find_creators(struct lab *l)
{
    test = "creating calls";
    for (enum creator how = 0; how < CREATORS; how++) {
        struct child child;
        siginfo_t info;
        if (how == CLONE_EMULATED && (have[CLONE3] || have[CLONE]))
            break;
        begin(l);
        set_creator(l, how, &child, 0);
        child.pid = call_at(l, stub);
        if (child.pid < 0) {
            skip(creator_names[how], strerror((int)-child.pid));
            continue;
        }
        await(&child, &info);
        have[how] = 1;
    }
    emulated = have[CLONE_EMULATED];
    if (!have[CLONE3] && !have[CLONE] && !have[CLONE_EMULATED])
        CHECK(0, "none works");
}

static int tests(const char *file)
{
    /* An unusual mask, including libc's internal signals, which each call must preserve. */
    u64 odd = 1ULL << (SIGWINCH - 1) | 1ULL << 32 | 1ULL << 40 | 1ULL << 61;
    tally = map(3 * sizeof *tally, MAP_SHARED);
    load(file);
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &odd, NULL, 8) != 0)
        die("rt_sigprocmask");
    struct lab l = new_lab();
    find_creators(&l);
    for (enum creator how = 0; how < CREATORS; how++) {
        if (!have[how])
            continue;
        printf("        with %s\n", creator_names[how]);
        test_exec(&l, how);
        test_masks(&l, how);
        test_script(&l, how);
        test_tolerance(&l, how);
        test_wiring(&l, how);
        test_six_arguments(&l, how);
        test_boundary(&l, how);
        test_shared_memory(&l, how);
        test = "afterwards";
        no_child();
    }
    test_create_fails(&l);
    if (emulated) {
        skip("refused calls, every errno", "no seccomp under emulation");
        skip("signal storm", "threads and vfork do not go together under emulation");
    } else {
        isolated("mask refused", mask_refused);
        isolated("exit refused", exit_refused);
        isolated("every errno", every_errno);
        isolated("signal during the call", held_back);
        isolated("signal storm", storm);
    }
    printf("%s  %ld checks passed, %ld failed, %ld skipped\n", tally[1] ? "FAILED" : "ok    ",
           tally[0], tally[1], tally[2]);
    fflush(stdout);
    return tally[1] != 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--exit-42") == 0)
        return 42;
    if (argc == 2 && strcmp(argv[1], "--mask-is-empty") == 0)
        return current_mask() != 0;
    if (argc != 2) {
        fprintf(stderr, "usage: stubtest FILE\n");
        return 2;
    }
    self = realpath(argv[0], NULL);
    if (self == NULL)
        die(argv[0]);
    if (getpid() != 1)
        return tests(argv[1]);

    /* The first process of a virtual machine. */
    mkdir("/proc", 0755);
    mkdir("/tmp", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(tests(argv[1]));
    int status = -1;
    waitpid(pid, &status, 0);
    printf("stubtest: exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
