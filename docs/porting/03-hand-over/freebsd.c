/* Hands a process to another process, which then is its only holder. Needs FreeBSD 11 (EVFILT_PROCDESC). */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

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
    if (sendmsg(socket, &m, MSG_NOSIGNAL | MSG_EOR) != 1) /* FreeBSD 15 ends a record by MSG_EOR only. */
        err(1, "sendmsg");
}

static int receive_descriptor(int socket) {
    union control control;
    char byte;
    int fd;
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1)
        err(1, "recvmsg");
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c == NULL || (m.msg_flags & MSG_CTRUNC) || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS
        || c->cmsg_len != CMSG_LEN(sizeof fd))
        errx(1, "not one descriptor");
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* Waits for the end; every holder gets the status, before and after the reap. */
static int wait_for(int fd) {
    struct kevent end;
    int queue = kqueue();
    EV_SET(&end, fd, EVFILT_PROCDESC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (queue < 0 || kevent(queue, &end, 1, NULL, 0, NULL) != 0 || kevent(queue, NULL, 0, &end, 1, NULL) != 1)
        err(1, "kevent");
    close(queue);
    return (int)end.data;
}

static void receiver(int socket) {
    int fd = receive_descriptor(socket);
    if (pdkill(fd, 0) != 0)
        err(1, "pdkill");
    puts("receiver: the process runs");
    if (pdkill(fd, SIGTERM) != 0)
        err(1, "pdkill");
    int status = wait_for(fd);
    puts("receiver: it has ended");
    printf("status: killed by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    close(fd);
    close(socket);
}

int main(void) {
    int pair[2], other, child;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        err(1, "socketpair");
    pid_t pid = pdfork(&other, PD_CLOEXEC | PD_NOWAITPID); /* Before the child: it inherits nothing of it. */
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        close(pair[0]);
        receiver(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    pid = pdfork(&child, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    send_descriptor(pair[0], child);
    close(child); /* The message holds the process until it is received. */
    close(pair[0]);
    int status = wait_for(other);
    close(other);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
