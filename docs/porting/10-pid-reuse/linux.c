/* Notes a process, and tells it later from another one with the same number. Needs Linux 6.9 (pidfs). */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446 /* linux/magic.h of 6.9 */
#endif

/* No other process ever has both, until the system is restarted. util-linux writes it as PID:INODE. */
struct identity {
    pid_t pid;
    ino_t inode; /* 64 bits; a program of 32 bits needs the generation too (FS_IOC_GETVERSION) */
};

static int start(pid_t *pid) {
    int fd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD}; /* 5.2 */
    *pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);                      /* 5.3 */
    if (*pid < 0)
        err(1, "clone3");
    if (*pid == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    return fd;
}

static ino_t inode(int fd) {
    struct statfs fs;
    struct stat status;
    if (fstatfs(fd, &fs) != 0 || fstat(fd, &status) != 0)
        err(1, "fstat");
    if (fs.f_type != PID_FS_MAGIC) /* 6.9; before it all pidfds have the same inode. */
        errx(1, "pidfs is missing");
    return status.st_ino;
}

/* Opens the noted process, or fails with ESRCH, also if another one has its number. */
static int open_noted(struct identity noted) {
    int fd = pidfd_open(noted.pid, 0); /* 5.3 */
    if (fd >= 0 && inode(fd) != noted.inode) {
        close(fd);
        errno = ESRCH;
        return -1;
    }
    return fd;
}

static const char *find(struct identity noted) {
    int fd = open_noted(noted);
    if (fd < 0 && errno != ESRCH)
        err(1, "pidfd_open");
    if (fd < 0)
        return "gone";
    close(fd); /* A real program continues with it. */
    return "found";
}

static void end(int fd) {
    siginfo_t end;
    if (pidfd_send_signal(fd, SIGKILL, NULL, 0) != 0 || waitid(P_PIDFD, fd, &end, WEXITED) != 0) /* 5.1, 5.4 */
        err(1, "pidfd_send_signal");
    close(fd);
}

int main(void) {
    struct identity noted, reused;
    int first = start(&noted.pid);
    noted.inode = inode(first);
    printf("while it runs: %s\n", find(noted));
    end(first); /* The number is free from the reap on; an open pidfd does not hold it. */
    printf("after its end: %s\n", find(noted));
    int second = start(&reused.pid);
    reused.inode = noted.inode; /* As if this process had got its number. */
    printf("when another process has its number: %s\n", find(reused));
    end(second);
    return 0;
}
