/*
 * The C side of the benchmarks: what a C program does on Linux, with nothing in between.
 *
 *   peer spawn PROGRAM [ARG...]   vfork + execve + waitpid
 *   peer exit                     SIGKILL through a pidfd until an epoll + waitid loop has its status
 *   peer read PROGRAM [ARG...]    a program's standard output, read to its end
 *   peer pause                    writes one byte, then waits for a signal
 *
 * The first three read numbers from standard input, one a line: how many samples to take. They answer
 * with as many lines of nanoseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* For C libraries older than the calls; the numbers are the same on every machine. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define BY_PIDFD ((idtype_t) 3)

#define CHUNK (64 * 1024)

extern char **environ;

static void die(const char *what) {
  fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Starts a program, with its standard output at a descriptor unless that is negative. */
static pid_t spawn(char **command, int out) {
  pid_t pid = vfork();
  if (pid < 0) {
    die("vfork");
  }
  if (pid == 0) {
    if (out >= 0) {
      dup2(out, 1);
    }
    execve(command[0], command, environ);
    _exit(127);
  }
  return pid;
}

static void reap(pid_t pid) {
  int status;
  if (waitpid(pid, &status, 0) != pid) {
    die("waitpid");
  }
  if (status != 0) {
    fprintf(stderr, "peer: the child ended with the status %d\n", status);
    exit(1);
  }
}

static int64_t spawn_once(char **command) {
  int64_t start = now();
  reap(spawn(command, -1));
  return now() - start;
}

static int64_t read_once(char **command) {
  static char chunk[CHUNK];
  int ends[2];
  int64_t start = now();
  if (pipe2(ends, O_CLOEXEC) != 0) {
    die("pipe2");
  }
  pid_t pid = spawn(command, ends[1]);
  close(ends[1]);
  ssize_t count;
  while ((count = read(ends[0], chunk, sizeof chunk)) > 0) {
  }
  if (count < 0) {
    die("read");
  }
  close(ends[0]);
  reap(pid);
  return now() - start;
}

static int epoll;
static int64_t arrived;
static sem_t arrival;

/* Waits for exits in a separate thread, as a program with other work does. */
static void *loop(void *unused) {
  (void) unused;
  for (;;) {
    struct epoll_event event;
    int count = epoll_wait(epoll, &event, 1, -1);
    if (count < 0 && errno != EINTR) {
      die("epoll_wait");
    }
    if (count == 1) {
      siginfo_t info;
      if (waitid(BY_PIDFD, (id_t) event.data.fd, &info, WEXITED) != 0) {
        die("waitid");
      }
      arrived = now();
      sem_post(&arrival);
    }
  }
  return NULL;
}

static void start_loop(void) {
  pthread_t thread;
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    die("epoll_create1");
  }
  sem_init(&arrival, 0, 0);
  errno = pthread_create(&thread, NULL, loop, NULL);
  if (errno != 0) {
    die("pthread_create");
  }
}

static int64_t exit_once(char **command) {
  int ends[2];
  char ready;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    die("pipe2");
  }
  pid_t pid = spawn(command, ends[1]);
  close(ends[1]);
  int fd = (int) syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) {
    die("pidfd_open");
  }
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    die("epoll_ctl");
  }
  if (read(ends[0], &ready, 1) != 1) {
    die("the paused child");
  }
  int64_t start = now();
  if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) != 0) {
    die("pidfd_send_signal");
  }
  while (sem_wait(&arrival) != 0) {
  }
  int64_t taken = arrived - start;
  close(fd);
  close(ends[0]);
  return taken;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "pause") == 0) {
    if (write(1, "r", 1) != 1) {
      return 1;
    }
    for (;;) {
      pause();
    }
  }
  int64_t (*once)(char **);
  char **command = argv + 2;
  char *paused[] = {argv[0], "pause", NULL};
  if (strcmp(mode, "spawn") == 0 && argc > 2) {
    once = spawn_once;
  } else if (strcmp(mode, "read") == 0 && argc > 2) {
    once = read_once;
  } else if (strcmp(mode, "exit") == 0) {
    once = exit_once;
    command = paused;
    start_loop();
  } else {
    fprintf(stderr, "usage: peer spawn|exit|read|pause\n");
    return 2;
  }
  int count;
  while (scanf("%d", &count) == 1) {
    int64_t *samples = calloc((size_t) count + 1, sizeof *samples);
    if (samples == NULL) {
      die("calloc");
    }
    for (int i = 0; i < count; i++) {
      samples[i] = once(command);
    }
    for (int i = 0; i < count; i++) {
      printf("%lld\n", (long long) samples[i]);
    }
    fflush(stdout);
    free(samples);
  }
  return 0;
}
