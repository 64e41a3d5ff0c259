/* Opens a process of another parent by its number, and watches it. Needs Linux 5.4 (P_PIDFD). */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts a shell, the other parent, which writes the number of its child; that ends at the end of the input. */
static long start(int input, int output, int *fd) {
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)fd, .exit_signal = SIGCHLD}; /* 5.2 */
    long pid = syscall(SYS_clone3, &args, sizeof args);                        /* 5.3 */
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", "exec 3<&0; cat <&3 & echo $!; wait", (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Returns the parent of a process, as /proc has it now; -1 if it has none. */
static long parent_of(int pid) {
    char path[64], line[128];
    long parent = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    if (status == NULL)
        return -1;
    while (parent < 0 && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "PPid: %ld", &parent);
    fclose(status);
    return parent;
}

int main(void) {
    int input[2], output[2], parent = -1, pid;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    long shell = start(input[0], output[1], &parent);
    close(input[0]);
    close(output[1]);
    FILE *lines = fdopen(output[0], "r");
    if (lines == NULL || fscanf(lines, "%d", &pid) != 1)
        errx(1, "no number");

    int fd = pidfd_open(pid, 0); /* 5.3; close-on-exec */
    if (fd < 0)
        err(1, "pidfd_open");
    long found = parent_of(pid);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    if (poll(&end, 1, 0) != 0) /* 5.3; not ended: what was read is about it. */
        errx(1, "it has ended");
    if (found != shell)
        errx(1, "it is another process");
    puts("opened: the child of the shell\nit runs");
    close(input[1]);
    if (poll(&end, 1, -1) != 1)
        err(1, "poll");
    puts("it has ended");
    close(fd); /* Never kills, not on 7.1 either. */
    fclose(lines);
    siginfo_t status;
    if (waitid(P_PIDFD, parent, &status, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    close(parent);
    return 0;
}
