/* Kills a process by the last close of its descriptor. Needs FreeBSD 9 (pdfork). */
#include <sys/types.h>
#include <sys/procdesc.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

/* Starts a process that has the writing end of a pipe open as long as it lives. */
static int start(int alive) {
    int fd;
    pid_t pid = pdfork(&fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        if (dup2(alive, STDOUT_FILENO) >= 0)
            execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    return fd;
}

/* Starts a process that owns a process, and returns once it does. */
static int start_owner(const int alive[2]) {
    int fd;
    char ready;
    pid_t pid = pdfork(&fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        start(alive[1]);
        if (write(alive[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    if (read(alive[0], &ready, 1) != 1)
        err(1, "read");
    return fd;
}

static void wait_until_dead(const int alive[2], const char *why) {
    char none;
    if (read(alive[0], &none, 1) != 0) /* The end of the file: nobody has the other end open. */
        err(1, "read");
    close(alive[0]);
    printf("%s: the process has ended\n", why);
}

int main(void) {
    int alive[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(alive, O_CLOEXEC) != 0)
        err(1, "pipe2");
    int first = start(alive[1]);
    close(alive[1]);
    int second = fcntl(first, F_DUPFD_CLOEXEC, 0);
    if (second < 0)
        err(1, "fcntl");
    close(first);
    if (pdkill(second, 0) != 0)
        err(1, "pdkill");
    puts("one of two descriptors is closed: the process lives");
    close(second);
    wait_until_dead(alive, "the last one is closed");

    if (pipe2(alive, O_CLOEXEC) != 0)
        err(1, "pipe2");
    int owner = start_owner(alive);
    close(alive[1]);
    if (pdkill(owner, SIGKILL) != 0) /* Its death closes its descriptors. */
        err(1, "pdkill");
    wait_until_dead(alive, "its owner is killed");
    close(owner);
    return 0;
}
