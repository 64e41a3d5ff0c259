/* Watches a process of another parent, by an event of its number. Needs FreeBSD 9 (pdfork); see freebsd-16.c. */
#include <sys/param.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/sysctl.h>
#include <sys/user.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

/* Starts a shell, the other parent, which writes the number of its child; that ends at the end of the input. */
static pid_t start(int input, int output, int *fd) {
    pid_t pid = pdfork(fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", "exec 3<&0; cat <&3 & echo $!; wait", (char *)NULL);
        _exit(127);
    }
    return pid;
}

int main(void) {
    int input[2], output[2], parent, pid;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        err(1, "pipe2");
    pid_t shell = start(input[0], output[1], &parent);
    close(input[0]);
    close(output[1]);
    FILE *lines = fdopen(output[0], "r");
    if (lines == NULL || fscanf(lines, "%d", &pid) != 1)
        errx(1, "no number");

    struct kevent end;
    int queue = kqueue();
    EV_SET(&end, pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL); /* Stays with this process from here on. */
    if (queue < 0 || kevent(queue, &end, 1, NULL, 0, NULL) != 0)
        err(1, "kevent");
    struct kinfo_proc info;
    size_t size = sizeof info;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    if (sysctl(name, 4, &info, &size, NULL, 0) != 0 || size != sizeof info)
        err(1, "sysctl");
    if (kevent(queue, NULL, 0, &end, 1, &(struct timespec){0, 0}) != 0) /* Not ended: what was read is about it. */
        errx(1, "it has ended");
    if (info.ki_ppid != shell)
        errx(1, "it is another process");
    puts("opened: the child of the shell\nit runs");
    close(input[1]);
    if (kevent(queue, NULL, 0, &end, 1, NULL) != 1)
        err(1, "kevent");
    puts("it has ended");
    close(queue);
    fclose(lines);
    if (poll(&(struct pollfd){.fd = parent}, 1, -1) != 1) /* POLLHUP */
        err(1, "poll");
    close(parent);
    return 0;
}
