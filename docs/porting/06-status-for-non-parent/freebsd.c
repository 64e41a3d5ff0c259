/* Reports the status of a process to its parent and to another holder. Needs FreeBSD 11 (EVFILT_PROCDESC). */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

/* Waits for the end; every holder gets the status, before and after the reap. */
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

static void print_end(const char *who, int fd) {
    int status = wait_for(fd);
    printf("%s: %s %d\n", who, WIFEXITED(status) ? "exited" : "killed by signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int main(void) {
    int input[2], child, observer;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(input, O_CLOEXEC) != 0)
        err(1, "pipe2");
    pid_t pid = pdfork(&child, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        if (dup2(input[0], STDIN_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", "read line; exit 7", (char *)NULL); /* At the end of the input. */
        _exit(127);
    }
    close(input[0]);
    pid = pdfork(&observer, PD_CLOEXEC | PD_NOWAITPID); /* It inherits the descriptor of the child. */
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        close(input[1]);
        print_end("observer", child);
        _exit(0);
    }
    close(input[1]);
    int status = wait_for(observer);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        errx(1, "the observer failed");
    print_end("parent", child);
    return 0;
}
