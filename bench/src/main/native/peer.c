/*
 * The C side of the benchmarks: what a C program does on Linux, with nothing in between.
 *
 *   peer spawn PROGRAM [ARG...]   vfork + execve + waitpid
 *   peer spawn-pipes PROGRAM [ARG...]
 *                                 the same with three pipes
 *   peer threads N PROGRAM [ARG...]
 *                                 the same in N threads at once, BATCH children in all; the
 *                                 nanoseconds of each batch
 *   peer exit                     SIGKILL through a pidfd until an epoll + waitid loop has its status
 *   peer adopt                    pidfd_open, waitid and fcntl on the pidfd of a live child
 *   peer hand-over N              a name, a pidfd and the write end of a pipe in each of N messages
 *                                 from one thread to another, which recognizes them
 *   peer read PROGRAM [ARG...]    a program's standard output, read to its end
 *   peer loop N PROGRAM [ARG...]  the standard outputs of N programs at once, read to their ends by an
 *                                 epoll loop
 *   peer death N PROGRAM [ARG...] SIGKILL through N pidfds until the last of N children has let go
 *                                 of a pipe that all of them hold
 *   peer pause                    writes one byte, then waits for a signal
 *
 * All but the last write an empty line when they are ready. They read numbers from standard input, one a
 * line: how many samples to take. They answer with as many lines of nanoseconds, and an empty line.
 * Options before the word make a process that has more than that:
 *
 *   -d COUNT   open descriptors that are closed on exec
 *   -c COUNT   live children
 *   -m MIB     memory
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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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
#define PIPES 0x50495045

/* The first 64 bytes of struct pidfd_info, which Linux 6.13 has. */
struct first_info {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t pid, tgid, others[10];
};
#ifndef PIDFD_GET_INFO
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct first_info)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#define CHUNK (64 * 1024)

/* A multiple of the numbers of threads, and the same as in ThreadsBenchmark. */
#define BATCH 128

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

/* As a library does that hands out three pipes: each has one end in the child. */
static int64_t spawn_pipes_once(char **command) {
  int ends[3][2];
  int64_t start = now();
  for (int i = 0; i < 3; i++) {
    if (pipe2(ends[i], O_CLOEXEC) != 0) {
      die("pipe2");
    }
  }
  int of_child[] = {ends[0][0], ends[1][1], ends[2][1]};
  int of_parent[] = {ends[0][1], ends[1][0], ends[2][0]};
  pid_t pid = vfork();
  if (pid < 0) {
    die("vfork");
  }
  if (pid == 0) {
    for (int i = 0; i < 3; i++) {
      dup2(of_child[i], i);
    }
    execve(command[0], command, environ);
    _exit(127);
  }
  for (int i = 0; i < 3; i++) {
    close(of_child[i]);
  }
  reap(pid);
  for (int i = 0; i < 3; i++) {
    close(of_parent[i]);
  }
  return now() - start;
}

static void raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    die("getrlimit");
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    die("setrlimit");
  }
}

static void open_descriptors(long count) {
  raise_limit();
  for (long i = 0; i < count; i++) {
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) {
      die("open");
    }
  }
}

/* They read from a pipe, whose other end is closed when this process ends. */
static void start_children(long count) {
  char *command[] = {"/bin/cat", NULL};
  int lifeline[2];
  if (count > 0 && pipe2(lifeline, O_CLOEXEC) != 0) {
    die("pipe2");
  }
  for (long i = 0; i < count; i++) {
    pid_t pid = vfork();
    if (pid < 0) {
      die("vfork");
    }
    if (pid == 0) {
      dup2(lifeline[0], 0);
      execve(command[0], command, environ);
      _exit(127);
    }
  }
}

static void use_memory(long mib) {
  size_t size = (size_t) mib << 20;
  if (size == 0) {
    return;
  }
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    die("mmap");
  }
  memset(memory, 1, size);
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

/* Starts a child that reads from a pipe, and returns its ID; the pipe's other end is its lifeline. */
static pid_t start_reader(char **command, int *lifeline) {
  int ends[2];
  pid_t pid;
  if (pipe2(ends, O_CLOEXEC) != 0 || (pid = vfork()) < 0) {
    die("the child");
  }
  if (pid == 0) {
    dup2(ends[0], 0);
    execve(command[0], command, environ);
    _exit(127);
  }
  *lifeline = ends[1];
  return pid;
}

/* Opens a pidfd of a child that reads from a pipe, recognizes it, and makes it close-on-exec. */
static int64_t adopt_once(char **command) {
  static pid_t pid;
  if (pid == 0) {
    int lifeline;
    pid = start_reader(command, &lifeline);
  }
  siginfo_t info;
  int64_t start = now();
  int fd = (int) syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0
      || waitid(BY_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG | WNOWAIT) != 0
      || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    die("pidfd_open, waitid, fcntl");
  }
  int64_t taken = now() - start;
  close(fd);
  return taken;
}

static int children;

/* The control data of a message with two descriptors, aligned as the kernel wants them. */
union two_descriptors {
  char bytes[CMSG_SPACE(2 * sizeof(int))];
  struct cmsghdr header;
};

static int handed_process, handed_lifeline, predecessor;

static void *hand_over(void *unused) {
  (void) unused;
  for (int i = 0; i < children; i++) {
    char name[16];
    union two_descriptors control;
    int length = snprintf(name, sizeof name, "child%d", i);
    struct iovec data = {.iov_base = name, .iov_len = (size_t) length};
    struct msghdr message = {.msg_iov = &data,
      .msg_iovlen = 1,
      .msg_control = control.bytes,
      .msg_controllen = sizeof control.bytes};
    int fds[] = {handed_process, handed_lifeline};
    memset(&control, 0, sizeof control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(&control.header), fds, sizeof fds);
    if (sendmsg(predecessor, &message, MSG_NOSIGNAL) != length) {
      die("sendmsg");
    }
  }
  return NULL;
}

struct taken {
  uint32_t pid;
  int process, lifeline;
};

/*
 * Receives a process and its lifeline. They are a pidfd, not of a single thread, and the write end of a
 * pipe. An older kernel does not report the ID.
 */
static struct taken take_over(int socket) {
  char name[16];
  int fds[2];
  union two_descriptors control;
  struct iovec data = {.iov_base = name, .iov_len = sizeof name};
  struct msghdr message = {.msg_iov = &data,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes};
  siginfo_t info;
  struct first_info first = {.mask = 1};
  struct statfs file_system;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0
      || message.msg_controllen != sizeof control.bytes) {
    die("recvmsg");
  }
  memcpy(fds, CMSG_DATA(&control.header), sizeof fds);
  if (waitid(BY_PIDFD, (id_t) fds[0], &info, WEXITED | WNOHANG | WNOWAIT) != 0
      || (fcntl(fds[0], F_GETFL) & PIDFD_THREAD) != 0
      || (fcntl(fds[1], F_GETFL) & O_ACCMODE) != O_WRONLY
      || fstatfs(fds[1], &file_system) != 0
      || file_system.f_type != PIPES) {
    die("the descriptors that arrived");
  }
  ioctl(fds[0], PIDFD_GET_INFO, &first);
  return (struct taken) {first.tgid, fds[0], fds[1]};
}

static int64_t hand_over_once(char **command) {
  static pid_t pid;
  if (pid == 0) {
    pid = start_reader(command, &handed_lifeline);
    handed_process = (int) syscall(SYS_pidfd_open, pid, 0);
  }
  int ends[2];
  pthread_t thread;
  struct taken *taken = calloc((size_t) children, sizeof *taken);
  if (taken == NULL || handed_process < 0
      || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    die("the hand-over");
  }
  predecessor = ends[0];
  int64_t start = now();
  errno = pthread_create(&thread, NULL, hand_over, NULL);
  if (errno != 0) {
    die("pthread_create");
  }
  for (int i = 0; i < children; i++) {
    taken[i] = take_over(ends[1]);
  }
  int64_t time = now() - start;
  pthread_join(thread, NULL);
  for (int i = 0; i < children; i++) {
    close(taken[i].process);
    close(taken[i].lifeline);
  }
  free(taken);
  close(ends[0]);
  close(ends[1]);
  return time;
}

static int threads;
static char **batch_command;
static pthread_barrier_t begin, end;

static void *run_batches(void *unused) {
  (void) unused;
  for (;;) {
    pthread_barrier_wait(&begin);
    for (int i = 0; i < BATCH / threads; i++) {
      reap(spawn(batch_command, -1));
    }
    pthread_barrier_wait(&end);
  }
  return NULL;
}

static void start_threads(char **command) {
  batch_command = command;
  pthread_barrier_init(&begin, NULL, (unsigned) threads + 1);
  pthread_barrier_init(&end, NULL, (unsigned) threads + 1);
  for (int i = 0; i < threads; i++) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, run_batches, NULL);
    if (errno != 0) {
      die("pthread_create");
    }
  }
}

static int64_t batch_once(char **unused) {
  (void) unused;
  int64_t start = now();
  pthread_barrier_wait(&begin);
  pthread_barrier_wait(&end);
  return now() - start;
}

static int64_t death_once(char **command) {
  int ends[2];
  char end_of_file;
  pid_t *pids = calloc((size_t) children, sizeof *pids);
  int *fds = calloc((size_t) children, sizeof *fds);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (pids == NULL || fds == NULL || null < 0 || pipe(ends) != 0) {
    die("the children");
  }
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  for (int i = 0; i < children; i++) {
    pids[i] = spawn(command, null);
    fds[i] = (int) syscall(SYS_pidfd_open, pids[i], 0);
    if (fds[i] < 0) {
      die("pidfd_open");
    }
  }
  close(ends[1]);
  int64_t start = now();
  for (int i = 0; i < children; i++) {
    if (syscall(SYS_pidfd_send_signal, fds[i], SIGKILL, NULL, 0) != 0) {
      die("pidfd_send_signal");
    }
  }
  if (read(ends[0], &end_of_file, 1) != 0) {
    die("the pipe of the children");
  }
  int64_t taken = now() - start;
  for (int i = 0; i < children; i++) {
    waitpid(pids[i], NULL, 0);
    close(fds[i]);
  }
  close(ends[0]);
  close(null);
  free(fds);
  free(pids);
  return taken;
}

static int64_t loop_once(char **command) {
  static char chunk[CHUNK];
  int64_t start = now();
  int loop = epoll_create1(EPOLL_CLOEXEC);
  pid_t *pids = calloc((size_t) children, sizeof *pids);
  if (loop < 0 || pids == NULL) {
    die("the loop");
  }
  for (int i = 0; i < children; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
      die("pipe2");
    }
    pids[i] = spawn(command, ends[1]);
    close(ends[1]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = ends[0]};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, ends[0], &event) != 0) {
      die("epoll_ctl");
    }
  }
  for (int open = children; open > 0;) {
    struct epoll_event events[64];
    int ready = epoll_wait(loop, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      ssize_t count = read(events[i].data.fd, chunk, sizeof chunk);
      if (count == 0) {
        close(events[i].data.fd);
        open--;
      } else if (count < 0 && errno != EAGAIN) {
        die("read");
      }
    }
  }
  for (int i = 0; i < children; i++) {
    reap(pids[i]);
  }
  free(pids);
  close(loop);
  return now() - start;
}

/* Makes the process as big as the options before the mode demand; returns their number. */
static int take_options(int argc, char **argv) {
  long children = 0;
  int option;
  while ((option = getopt(argc, argv, "+c:d:m:")) != -1) {
    switch (option) {
    case 'c':
      children = atol(optarg);
      break;
    case 'd':
      open_descriptors(atol(optarg));
      break;
    case 'm':
      use_memory(atol(optarg));
      break;
    default:
      exit(2);
    }
  }
  start_children(children);
  return optind - 1;
}

int main(int argc, char **argv) {
  char *program = argv[0];
  int options = take_options(argc, argv);
  argc -= options;
  argv += options;
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
  char *paused[] = {program, "pause", NULL};
  char *reading[] = {"/bin/cat", NULL};
  if (strcmp(mode, "spawn") == 0 && argc > 2) {
    once = spawn_once;
  } else if (strcmp(mode, "spawn-pipes") == 0 && argc > 2) {
    once = spawn_pipes_once;
  } else if (strcmp(mode, "read") == 0 && argc > 2) {
    once = read_once;
  } else if (strcmp(mode, "threads") == 0 && argc > 3) {
    once = batch_once;
    threads = atoi(argv[2]);
    start_threads(argv + 3);
  } else if (strcmp(mode, "death") == 0 && argc > 3) {
    once = death_once;
    children = atoi(argv[2]);
    command = argv + 3;
  } else if (strcmp(mode, "loop") == 0 && argc > 3) {
    once = loop_once;
    children = atoi(argv[2]);
    command = argv + 3;
    raise_limit();
  } else if (strcmp(mode, "adopt") == 0) {
    once = adopt_once;
    command = reading;
  } else if (strcmp(mode, "hand-over") == 0 && argc > 2) {
    once = hand_over_once;
    children = atoi(argv[2]);
    command = reading;
    raise_limit();
  } else if (strcmp(mode, "exit") == 0) {
    once = exit_once;
    command = paused;
    start_loop();
  } else {
    fprintf(stderr, "usage: peer [-c COUNT] [-d COUNT] [-m MIB]"
        " spawn|spawn-pipes|threads|exit|adopt|hand-over|read|loop|death|pause\n");
    return 2;
  }
  printf("\n");
  fflush(stdout);
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
    printf("\n");
    fflush(stdout);
    free(samples);
  }
  return 0;
}
