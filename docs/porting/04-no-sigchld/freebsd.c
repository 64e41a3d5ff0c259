/* Supervises a worker in a program that discards the status of all its children. Needs FreeBSD 11 (EVFILT_PROCDESC). */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

static int start(const char *script) {
    int fd;
    pid_t pid = pdfork(&fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL); /* exec keeps what is ignored. */
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        errx(1, "waitpid(-1) sees the child");
    return fd;
}

static int wait_for(int fd) {
    struct kevent end;
    int queue = kqueue();
    EV_SET(&end, fd, EVFILT_PROCDESC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (queue < 0 || kevent(queue, &end, 1, NULL, 0, NULL) != 0 || kevent(queue, NULL, 0, &end, 1, NULL) != 1)
        err(1, "kevent");
    close(queue);
    close(fd);
    return (int)end.data;
}

int main(void) {
    static const char *const runs[] = {"exit 1", "kill -KILL $$", "exit 0"}; /* The worker works in its third run. */
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) /* A host program that wants to know of no child. */
        err(1, "signal");
    int status = -1;
    for (int run = 1; status != 0; run++) {
        status = wait_for(start(runs[run - 1]));
        if (WIFEXITED(status))
            printf("run %d: exited %d\n", run, WEXITSTATUS(status));
        else
            printf("run %d: killed by signal %d\n", run, WTERMSIG(status));
    }
    return 0;
}
