/* Ends a process and what it started: SIGTERM to its group, and after a while SIGKILL. Needs FreeBSD 9 (pdgetpid). */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

enum { PATIENCE = 1000 }; /* milliseconds */

/* The shell ends by SIGTERM, its child ignores it; both have the standard output open as long as they live. */
static const char script[] = "trap '' TERM; sleep 1000 & trap - TERM; echo ready; wait";

static int start(int output) {
    int fd;
    pid_t pid = pdfork(&fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        if (setpgid(0, 0) == 0 && dup2(output, STDOUT_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return fd;
}

/* Signals the group. No other process or group gets its number while the descriptor of the leader is open. */
static void signal_group(int leader, int signal) {
    pid_t group;
    if (pdgetpid(leader, &group) != 0 || (killpg(group, signal) != 0 && errno != ESRCH))
        err(1, "killpg");
}

static int wait_for(int fd) {
    struct kevent end;
    int queue = kqueue();
    EV_SET(&end, fd, EVFILT_PROCDESC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (queue < 0 || kevent(queue, &end, 1, NULL, 0, NULL) != 0 || kevent(queue, NULL, 0, &end, 1, NULL) != 1)
        err(1, "kevent");
    close(queue);
    close(fd); /* The number of the group is free from here on. */
    return (int)end.data;
}

int main(void) {
    int output[2];
    char text[6];
    if (pipe2(output, O_CLOEXEC) != 0)
        err(1, "pipe2");
    int leader = start(output[1]);
    close(output[1]);
    if (read(output[0], text, sizeof text) != sizeof text || memcmp(text, "ready\n", sizeof text) != 0)
        errx(1, "it is not ready");
    signal_group(leader, SIGTERM);
    if (poll(&(struct pollfd){.fd = leader}, 1, PATIENCE) == 1) /* POLLHUP */
        puts("TERM: the leader has ended");
    if (poll(&(struct pollfd){.fd = output[0], .events = POLLIN}, 1, PATIENCE) == 0) /* Somebody still has the pipe. */
        signal_group(leader, SIGKILL);
    if (read(output[0], text, sizeof text) != 0) /* The end of the file: all members have ended. */
        err(1, "read");
    puts("KILL: nobody is left");
    int status = wait_for(leader);
    printf("leader: killed by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    close(output[0]);
    return 0;
}
