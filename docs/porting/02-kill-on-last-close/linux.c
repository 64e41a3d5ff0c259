/*
 * Kills a process when the last writing end of a pipe, its lifeline, is closed. Needs Linux 5.9 (close_range).
 * A guard, the parent of the process, waits for that. Linux 7.1 needs no guard: see linux-7.1.c.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not clone3, because a child that goes on in C needs what fork does in the C library. */
static pid_t fork_held(int *fd) {
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid > 0 && (*fd = pidfd_open(pid, 0)) < 0) /* 5.3; always close-on-exec; no race, as nobody else reaps it */
        err(1, "pidfd_open");
    return pid;
}

static void reap(int fd) {
    siginfo_t end;
    if (waitid(P_PIDFD, fd, &end, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    close(fd);
}

/* Starts the process, which has standard output open as long as it lives, and kills it at the end of standard input. */
static void guard(void) {
    int fd = -1;
    if (fork_held(&fd) == 0) {
        close(STDIN_FILENO);
        if (open("/dev/null", O_RDONLY) == STDIN_FILENO)
            execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    struct pollfd wait[] = {{.fd = STDIN_FILENO}, {.fd = fd, .events = POLLIN}}; /* 5.3; the first: POLLHUP only */
    if (poll(wait, 2, -1) < 0 || pidfd_send_signal(fd, SIGKILL, NULL, 0) != 0)   /* 5.1; a zombie accepts it */
        err(1, "guard");
    reap(fd);
    _exit(0);
}

/* Returns the lifeline of a new process, and the pidfd of its guard. */
static int start(int alive, int *guard_fd) {
    int lifeline[2];
    if (pipe2(lifeline, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    if (fork_held(guard_fd) == 0) {
        /* Out of reach of the terminal's signals, and with no descriptor of the owner, such as another lifeline. */
        if (setsid() < 0 || dup2(lifeline[0], STDIN_FILENO) < 0 || dup2(alive, STDOUT_FILENO) < 0
            || close_range(STDERR_FILENO + 1, ~0U, 0) != 0) /* 5.9 */
            err(1, "guard");
        guard();
    }
    close(lifeline[0]);
    return lifeline[1];
}

static void wait_until_dead(const int alive[2], const char *why) {
    char none;
    if (read(alive[0], &none, 1) != 0) /* The end of the file: nobody has the other end open. */
        err(1, "read");
    close(alive[0]);
    printf("%s: the process has ended\n", why);
}

int main(void) {
    int alive[2], guard_fd = -1, owner = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(alive, O_CLOEXEC) != 0)
        err(1, "pipe2");
    int first = start(alive[1], &guard_fd);
    close(alive[1]);
    int second = fcntl(first, F_DUPFD_CLOEXEC, 0); /* 2.6.24 */
    if (second < 0)
        err(1, "fcntl");
    close(first);
    if (poll(&(struct pollfd){.fd = guard_fd, .events = POLLIN}, 1, 0) != 0)
        errx(1, "the guard has ended");
    puts("one of two descriptors is closed: the process lives");
    close(second);
    wait_until_dead(alive, "the last one is closed");
    reap(guard_fd);

    if (pipe2(alive, O_CLOEXEC) != 0)
        err(1, "pipe2");
    if (fork_held(&owner) == 0) {
        start(alive[1], &guard_fd);
        if (write(alive[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(alive[1]);
    char ready;
    if (read(alive[0], &ready, 1) != 1 || pidfd_send_signal(owner, SIGKILL, NULL, 0) != 0)
        err(1, "owner");
    wait_until_dead(alive, "its owner is killed");
    reap(owner);
    return 0;
}
