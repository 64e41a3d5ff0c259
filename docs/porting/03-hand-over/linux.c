/* Hands a process to another process. The sender remains the parent, and reaps. Needs Linux 5.4 (P_PIDFD). */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int socket, int fd) {
    union control control = {.bytes = {0}};
    struct iovec data = {"", 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(socket, &m, MSG_NOSIGNAL) != 1)
        err(1, "sendmsg");
}

static int receive_descriptor(int socket) {
    union control control;
    char byte;
    int fd;
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1) /* 2.6.23 */
        err(1, "recvmsg");
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c == NULL || (m.msg_flags & MSG_CTRUNC) || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS
        || c->cmsg_len != CMSG_LEN(sizeof fd))
        errx(1, "not one descriptor");
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static void receiver(int socket) {
    int fd = receive_descriptor(socket);
    if (pidfd_send_signal(fd, 0, NULL, 0) != 0) /* 5.1 */
        err(1, "pidfd_send_signal");
    puts("receiver: the process runs");
    if (pidfd_send_signal(fd, SIGTERM, NULL, 0) != 0)
        err(1, "pidfd_send_signal");
    if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) != 1) /* 5.3 */
        err(1, "poll");
    puts("receiver: it has ended");
    close(fd);
    close(socket);
}

/* Not clone3, because a child that goes on in C needs what fork does in the C library. */
static pid_t fork_held(int *fd) {
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid > 0 && (*fd = pidfd_open(pid, 0)) < 0) /* 5.3; always close-on-exec; no race, as nobody else reaps it */
        err(1, "pidfd_open");
    return pid;
}

static siginfo_t reap(int fd) {
    siginfo_t end;
    if (waitid(P_PIDFD, fd, &end, WEXITED) != 0) /* 5.4; for the parent only */
        err(1, "waitid");
    close(fd);
    return end;
}

int main(void) {
    int pair[2], other = -1, child = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) /* 2.6.27 */
        err(1, "socketpair");
    if (fork_held(&other) == 0) { /* Before the child: it inherits nothing of it. */
        close(pair[0]);
        receiver(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    if (fork_held(&child) == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    send_descriptor(pair[0], child);
    close(pair[0]);
    siginfo_t end = reap(other);
    if (end.si_code != CLD_EXITED || end.si_status != 0)
        errx(1, "the receiver failed");
    end = reap(child); /* Parenthood is not handed over: nobody else can reap it. */
    printf("status: killed by signal %d\n", end.si_code == CLD_KILLED ? end.si_status : 0);
    return 0;
}
