/* Starts a worker that can use what it has open, and nothing else. Needs FreeBSD 12.2 (close_range). */
#include <sys/types.h>
#include <sys/capsicum.h>
#include <sys/event.h>
#include <sys/procdesc.h>
#include <sys/wait.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

static void limit(int fd, cap_rights_t *rights) {
    if (cap_rights_limit(fd, rights) != 0)
        err(1, "cap_rights_limit");
}

/* Reads a line, and writes it in capital letters. */
static void work(int input, int output) {
    static const char refused[] = "worker: opening a file is refused\n", prefix[] = "worker: ";
    char line[64];
    cap_rights_t rights;
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0
        || close_range(STDERR_FILENO + 1, ~0U, 0) != 0) /* The kernel refuses what has no name only if it is closed. */
        err(1, "descriptors");
    limit(STDIN_FILENO, cap_rights_init(&rights, CAP_READ));
    limit(STDOUT_FILENO, cap_rights_init(&rights, CAP_WRITE));
    limit(STDERR_FILENO, cap_rights_init(&rights, CAP_WRITE));
    if (cap_enter() != 0)
        err(1, "cap_enter");
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1 || errno != ECAPMODE)
        errx(1, "it can open a file");
    ssize_t size = read(STDIN_FILENO, line, sizeof line); /* One write of a line; larger input needs a loop. */
    for (ssize_t i = 0; i < size; i++)
        line[i] = (char)toupper((unsigned char)line[i]);
    if (size <= 0 || write(STDOUT_FILENO, refused, sizeof refused - 1) < 0
        || write(STDOUT_FILENO, prefix, sizeof prefix - 1) < 0 || write(STDOUT_FILENO, line, (size_t)size) < 0)
        err(1, "worker");
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
    int input[2], output[2], worker;
    char text[256];
    ssize_t size;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        err(1, "pipe2");
    if (write(input[1], "hello\n", 6) != 6) /* Fits into the pipe. */
        err(1, "write");
    close(input[1]);
    pid_t pid = pdfork(&worker, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        work(input[0], output[1]);
        _exit(0);
    }
    close(input[0]);
    close(output[1]);
    while ((size = read(output[0], text, sizeof text)) > 0)
        fwrite(text, 1, (size_t)size, stdout);
    if (size < 0)
        err(1, "read");
    close(output[0]);
    int status = wait_for(worker);
    printf("owner: %s %d\n", WIFEXITED(status) ? "exited" : "killed by signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return 0;
}
