/* Gives an observer a descriptor that can watch a process and not signal it. Needs FreeBSD 11 (EVFILT_PROCDESC). */
#include <sys/types.h>
#include <sys/capsicum.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

static int wait_for(int fd) { /* Needs CAP_EVENT. */
    struct kevent end;
    int queue = kqueue();
    EV_SET(&end, fd, EVFILT_PROCDESC, EV_ADD, NOTE_EXIT, 0, NULL);
    if (queue < 0 || kevent(queue, &end, 1, NULL, 0, NULL) != 0 || kevent(queue, NULL, 0, &end, 1, NULL) != 1)
        err(1, "kevent");
    close(queue);
    close(fd);
    return (int)end.data;
}

static void observe(int limited, int tried) {
    if (pdkill(limited, SIGKILL) != -1 || errno != ENOTCAPABLE)
        errx(1, "the observer may signal");
    puts("observer: it may not signal");
    close(tried);
    wait_for(limited);
    puts("observer: it sees the end");
}

int main(void) {
    int tried[2], child, observer;
    char none;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(tried, O_CLOEXEC) != 0)
        err(1, "pipe2");
    pid_t pid = pdfork(&child, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    cap_rights_t rights;
    int limited = fcntl(child, F_DUPFD_CLOEXEC, 0);
    if (limited < 0 || cap_rights_limit(limited, cap_rights_init(&rights, CAP_EVENT)) != 0)
        err(1, "cap_rights_limit");
    pid = pdfork(&observer, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        close(child); /* What an observer of SCM_RIGHTS, or one that executes a program, does not have at all. */
        close(tried[0]);
        observe(limited, tried[1]);
        _exit(0);
    }
    close(limited);
    close(tried[1]);
    if (read(tried[0], &none, 1) != 0)
        err(1, "read");
    close(tried[0]);
    if (pdkill(child, SIGKILL) != 0)
        err(1, "pdkill");
    int status = wait_for(observer);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        errx(1, "the observer failed");
    status = wait_for(child);
    printf("owner: killed by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return 0;
}
