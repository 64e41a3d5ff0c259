/* Notes a process, and tells it later from another one with the same number. Needs FreeBSD 9 (pdfork). */
#include <sys/param.h>
#include <sys/procdesc.h>
#include <sys/sysctl.h>
#include <sys/user.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifndef PD_NOWAITPID /* Since FreeBSD 16 a zombie stays until waitpid too, unless this flag is passed. */
#define PD_NOWAITPID 0
#endif

/* What identifies a process without a descriptor: FreeBSD has no number that is never used again. */
struct identity {
    pid_t pid;
    int64_t started; /* microseconds since the boot */
};

static pid_t start(int *fd) {
    pid_t pid = pdfork(fd, PD_CLOEXEC | PD_NOWAITPID);
    if (pid < 0)
        err(1, "pdfork");
    if (pid == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    return pid;
}

static struct identity identify(pid_t pid) {
    struct kinfo_proc info;
    struct timeval boot;
    size_t size = sizeof info, boot_size = sizeof boot;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid}, boot_name[] = {CTL_KERN, KERN_BOOTTIME};
    if (sysctl(boot_name, 2, &boot, &boot_size, NULL, 0) != 0)
        err(1, "kern.boottime");
    if (sysctl(name, 4, &info, &size, NULL, 0) != 0 || size != sizeof info)
        return (struct identity){.pid = 0}; /* ESRCH: no process has the number. */
    /* The kernel has added the boot time, which changes when the clock is set. */
    return (struct identity){pid,
        (int64_t)(info.ki_start.tv_sec - boot.tv_sec) * 1000000 + (info.ki_start.tv_usec - boot.tv_usec)};
}

static const char *find(struct identity noted) {
    struct identity found = identify(noted.pid);
    return found.pid != 0 && found.started == noted.started ? "found" : "gone";
}

static void end(int fd) {
    if (pdkill(fd, SIGKILL) != 0 || poll(&(struct pollfd){.fd = fd}, 1, -1) != 1) /* POLLHUP */
        err(1, "pdkill");
    close(fd); /* The number is free from here on, not before. */
}

int main(void) {
    int first, second;
    struct identity noted = identify(start(&first));
    if (noted.pid == 0)
        err(1, "sysctl");
    printf("while it runs: %s\n", find(noted));
    end(first);
    printf("after its end: %s\n", find(noted));
    struct identity reused = {start(&second), noted.started}; /* As if this process had got its number. */
    printf("when another process has its number: %s\n", find(reused));
    end(second);
    return 0;
}
