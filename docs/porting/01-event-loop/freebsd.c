/* Starts three programs, and waits for all of them in one event loop. Needs FreeBSD 11 (EVFILT_PROCDESC). */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

enum { COUNT = 3 };

static void start(int loop, const char *script, int *status) {
    int fd;
    pid_t pid = pdfork(&fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    struct kevent end;
    EV_SET(&end, fd, EVFILT_PROCDESC, EV_ADD, NOTE_EXIT, 0, status);
    if (kevent(loop, &end, 1, NULL, 0, NULL) != 0)
        err(1, "kevent");
}

int main(void) {
    static const char *const names[COUNT] = {"first", "second", "third"};
    static const char *const scripts[COUNT] = {"exit 3", "kill -TERM $$", "exit 0"};
    int status[COUNT];
    int loop = kqueue(); /* A child of a fork does not inherit it. */
    if (loop < 0)
        err(1, "kqueue");
    for (int i = 0; i < COUNT; i++)
        start(loop, scripts[i], &status[i]);
    for (int left = COUNT; left > 0;) {
        struct kevent end;
        int events = kevent(loop, NULL, 0, &end, 1, NULL);
        if (events < 0 && errno != EINTR)
            err(1, "kevent");
        if (events == 1) {
            *(int *)end.udata = (int)end.data; /* As wait(2) reports it. */
            close((int)end.ident);             /* Reaps, and removes the event. */
            left--;
        }
    }
    close(loop);
    for (int i = 0; i < COUNT; i++) {
        if (WIFEXITED(status[i]))
            printf("%s: exited %d\n", names[i], WEXITSTATUS(status[i]));
        else
            printf("%s: killed by signal %d\n", names[i], WTERMSIG(status[i]));
    }
    return 0;
}
