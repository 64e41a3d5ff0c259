/* Starts a worker that can use what it has open, and nothing else. Needs Linux 5.9 (close_range). */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Allows what the worker needs, and refuses the rest: a list of what is forbidden would age with each kernel. */
static void confine(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), /* 4.14 */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(read), ALLOW(write), ALLOW(exit_group), ALLOW(rt_sigreturn), ALLOW(restart_syscall),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0                          /* 3.5 */
        || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) /* 3.17; this thread, the only one */
        err(1, "seccomp");
}

/* Reads a line, and writes it in capital letters. */
static void work(int input, int output) {
    static const char refused[] = "worker: opening a file is refused\n", prefix[] = "worker: ";
    char line[64];
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0
        || close_range(STDERR_FILENO + 1, ~0U, 0) != 0) /* 5.9; the filter cannot refuse what is open */
        err(1, "descriptors");
    confine();
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1 || errno != EPERM)
        errx(1, "it can open a file");
    ssize_t size = read(STDIN_FILENO, line, sizeof line); /* One write of a line; larger input needs a loop. */
    for (ssize_t i = 0; i < size; i++)
        line[i] = (char)toupper((unsigned char)line[i]);
    if (size <= 0 || write(STDOUT_FILENO, refused, sizeof refused - 1) < 0
        || write(STDOUT_FILENO, prefix, sizeof prefix - 1) < 0 || write(STDOUT_FILENO, line, (size_t)size) < 0)
        err(1, "worker");
}

int main(void) {
    int input[2], output[2];
    char text[256];
    ssize_t size;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    if (write(input[1], "hello\n", 6) != 6) /* Fits into the pipe. */
        err(1, "write");
    close(input[1]);
    pid_t pid = fork(); /* Not clone3, because a child that goes on in C needs what fork does in the C library. */
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        work(input[0], output[1]);
        _exit(0);
    }
    int worker = pidfd_open(pid, 0); /* 5.3; always close-on-exec; no race, as nobody else reaps it */
    if (worker < 0)
        err(1, "pidfd_open");
    close(input[0]);
    close(output[1]);
    while ((size = read(output[0], text, sizeof text)) > 0)
        fwrite(text, 1, (size_t)size, stdout);
    if (size < 0)
        err(1, "read");
    close(output[0]);
    siginfo_t end;
    if (waitid(P_PIDFD, worker, &end, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    close(worker);
    printf("owner: %s %d\n", end.si_code == CLD_EXITED ? "exited" : "killed by signal", end.si_status);
    return 0;
}
