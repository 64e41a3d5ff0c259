/*
 * guardian: kills the children of a JVM when the JVM dies, by any cause.
 *
 * One process per JVM, where CLONE_PIDFD_AUTOKILL is absent, refused or not enough. It holds a pidfd of every
 * kill-on-close child ("registration") and waits. It never identifies a process by its PID.
 *
 * Start: by execveat from a sealed memfd, with these descriptors and no other:
 *     fd 3   one end of an AF_UNIX SOCK_SEQPACKET pair. The JVM holds the other end, and so do its
 *            starting children until they exec. SO_PASSPIDFD is set on it if the kernel has that.
 *     fd 4   a pidfd of the JVM
 * It runs in a separate session, with working directory "/".
 *
 * Protocol: every message is one packet of exactly 16 bytes, in the byte order of the machine:
 *     struct message { u32 type; u32 flags; u64 id; }
 * and may contain descriptors (SCM_RIGHTS). The JVM assigns the id of a registration, and never
 * reuses it.
 *
 *   to the guardian
 *      1  REGISTER    id, flags     guard a process. Descriptors, in this order:
 *                                      its pidfd            unless SENDER
 *                                      a lifeline           if LIFELINE
 *                                      a cgroup.kill file   if CGROUP
 *                     1 LIFELINE    kill when the last holder has closed the lifeline's other end
 *                                   (hang-up or end of file), and not when the JVM dies
 *                     2 GROUP       kill its process group too                   (kernel >= 6.9)
 *                     4 CGROUP      write "1" to that file too                   (kernel >= 5.14)
 *                     8 SENDER      the process is the sender, by SCM_PIDFD      (kernel >= 6.5)
 *      2  RELEASE     id            discard the registration; the process lives on
 *      3  SHARE       id            one descriptor: from now on this is the registration's lifeline
 *
 *   from the guardian
 *     16  READY       id, flags     once, first: it can hold at least id registrations with a
 *                                   lifeline each (twice as many without)
 *                     1 GROUPS      GROUP works on this kernel
 *                     2 CONFINED    the seccomp filter is installed
 *     17  LOST        id, flags     REGISTER failed with errno = flags: the process is NOT guarded
 *                                     EINVAL      unknown flags, wrong number or kind of descriptors
 *                                     EBADF       not a pidfd
 *                                     EEXIST      the id is already registered; that one is retained
 *                                     EMFILE      too many registrations
 *                                     EOPNOTSUPP  this kernel does not support GROUP, or SENDER
 *                                     ESRCH       the leader of a GROUP was reaped too early to
 *                                                 find the group; send its pidfd
 *                                     or an error of the kernel (EPERM, ENFILE, ENOMEM, ENOSPC...)
 *     18  INVALID     id, flags     not understood; flags and id are its type and id if it had them
 *     19  UNSHARED    id, flags     SHARE failed with errno = flags: the registration is unchanged
 *
 * REGISTER or RELEASE for a process that has already exited is not an error and has no answer. An
 * answer that does not fit into the JVM's queue is dropped: the guardian must not block on a JVM
 * that does not read.
 *
 * Guarantees:
 *   - A message that is in the queue before the JVM's death is processed. So a child that sends
 *     REGISTER before exec, or a JVM that sends SHARE before it hands out a descriptor, needs no
 *     answer.
 *   - The JVM is dead when fd 4 reports it, or when no process holds the other end of fd 3 any more.
 *     There are two conditions because each can be late: a foreign fork may hold the socket for
 *     hours, and a JVM may close it and live on.
 *   - After the JVM's death a process that is registered without a lifeline is killed on arrival.
 *   - The guardian exits (status 0) when no process can send any more and no registration is left.
 *   - No answer, event, or wrong message costs more than constant time and memory.
 *
 * Exit status: 0 the work is done; 1 not started as above; 2 epoll failed (cannot happen).
 */
#include "guardian_kernel.h"

/*
 * The kernel enters here with the arguments on an aligned stack. The guardian takes no arguments
 * (argv[0] is there for ps), so only a frame must be set up before the call.
 */
#if defined(__x86_64__)
__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	call guardian\n"
	"	hlt\n");
#else
__asm__(".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	mov x29, xzr\n"
	"	mov x30, xzr\n"
	"	b guardian\n");
#endif

typedef uint32_t u32;
typedef uint64_t u64;

enum { REGISTER = 1, RELEASE = 2, SHARE = 3, READY = 16, LOST = 17, INVALID = 18, UNSHARED = 19 };
enum { LIFELINE = 1, GROUP = 2, CGROUP = 4, SENDER = 8, LAST_FLAG = SENDER };
enum { GROUPS = 1, CONFINED = 2 };

struct message { u32 type, flags; u64 id; };

/*
 * Descriptor numbers. The epoll set is opened first and gets 0, the lowest free number. So no
 * registration ever has a descriptor 0, and 0 can mean "none" in a table that starts as untouched
 * zero pages of .bss: no initialisation, and no memory before it is needed.
 */
enum { EPOLL = 0, SOCKET = 3, JVM = 4, FIRST_STRAY = 5 };

/*
 * Room for ancillary data: one SCM_RIGHTS with three descriptors, and one SCM_PIDFD; not more. The
 * kernel closes descriptors that do not fit, so a message can never contain more than MAX_CARGO of
 * them (all of the room filled with SCM_RIGHTS).
 */
enum { CONTROL_SIZE = (16 + 3 * 4 + 4) + (16 + 4 + 4), MAX_CARGO = (CONTROL_SIZE - 16) / 4 };

/*
 * Limits. The guardian limits the descriptors of its registrations so that one more message can
 * always be received completely: RESERVE counts its own five numbers and the cargo of that message.
 * So the guardian reports EMFILE itself, and never gets it from the kernel in the middle of a
 * message. MAX_DESCRIPTORS only bounds the tables (4.5 MiB of address space, touched as far as used),
 * for systems where the limit is a billion.
 */
enum { MAX_DESCRIPTORS = 1 << 17, RESERVE = 5 + MAX_CARGO + 1 };

/*
 * The number of messages that are read before other events are processed (BURST), and the maximum
 * between the JVM's death and the killing (LAST_BURST). The latter must exceed the capacity of a
 * socket's queue, so that every message of the JVM is processed, and must be finite, because another
 * process may continue to send.
 */
enum { BURST = 64, LAST_BURST = 1 << 16, EVENTS = 64 };

struct registration {
	u64 id;
	int pidfd;      /* 0: the process had exited before the message arrived (CGROUP only) */
	int lifeline;   /* 0: killed at the JVM's death */
	int cgroup;     /* 0: none */
	u32 group;      /* kill the process group too */
	u32 next;       /* in its hash bucket, or in the list of free entries; 0 ends both */
};

/* The descriptors of a message. An entry is set to 0 when it is taken; the rest is closed. */
struct cargo {
	int count;          /* of SCM_RIGHTS descriptors */
	int fd[MAX_CARGO];
	int sender;         /* SCM_PIDFD: a pidfd; 0 none was sent; < 0 the kernel's -errno instead */
	int truncated;      /* some ancillary data was lost */
};

/*
 * All memory of the guardian. Aligned to the largest page size of either architecture: kernels before 6.7
 * mishandle a segment without file content that starts in the middle of a page.
 */
static struct {
	struct registration registrations[MAX_DESCRIPTORS]; /* [0] is unused: index 0 means "none" */
	u32 buckets[MAX_DESCRIPTORS];
	struct epoll_event events[EVENTS];
	u32 used;               /* registrations[1..used] have been in use at some time */
	u32 free;               /* head of the list of free entries among them */
	u32 live;               /* number of registrations */
	u32 level, split;       /* see bucket() */
	u32 held;               /* descriptors in registrations[] */
	u32 limit;              /* bound for held */
	int groups;             /* the kernel has PIDFD_SIGNAL_PROCESS_GROUP */
	int orphaned;           /* the JVM is dead, or has closed its end */
	int ended;              /* no process can send any more; SOCKET is closed */
} g __attribute__((aligned(65536)));

/* ---- helpers ------------------------------------------------------------------------------ */

static void close(int fd)
{
	syscall(SYS_close, fd, 0, 0, 0, 0, 0);  /* never retried: the number is free even after EINTR */
}

__attribute__((noreturn)) static void exit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static long pidfd_send_signal(int pidfd, int signal, u32 flags)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, 0, flags, 0, 0);
}

static long answer(u32 type, u32 flags, u64 id)
{
	struct message m = { type, flags, id };
	return syscall(SYS_sendto, SOCKET, &m, sizeof m, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
}

/*
 * The subject of an epoll event: twice the index of the registration, plus one for its lifeline.
 * Index 0 is not a registration, so its two values denote the socket and the JVM.
 */
static u64 about_process(u32 index) { return (u64)index * 2; }
static u64 about_lifeline(u32 index) { return (u64)index * 2 + 1; }
enum { ABOUT_SOCKET = 0, ABOUT_JVM = 1 };

static long watch(int fd, u32 events, u64 about)
{
	struct epoll_event e = { .events = events, .data = about };
	return syscall(SYS_epoll_ctl, EPOLL, EPOLL_CTL_ADD, fd, &e, 0, 0);
}

/*
 * Needed before close(): the open file behind a descriptor from SCM_RIGHTS is shared with its
 * sender, and epoll reports it as long as any process has it open.
 */
static void unwatch(int fd)
{
	syscall(SYS_epoll_ctl, EPOLL, EPOLL_CTL_DEL, fd, 0, 0, 0);
}

/* ---- the registrations, by id -------------------------------------------------------------- */

/*
 * Linear hashing: level + split buckets, level a power of two. For each registration above one per
 * bucket the bucket `split` is divided in two, so the table grows by four bytes at a time, never in
 * one large step, and 1,000 registrations touch 1,000 buckets: one page. (A table of the final size
 * would touch a page per registration.) It does not shrink; the tables keep the size for the largest
 * number of registrations so far.
 */
static u32 bucket(u64 id)
{
	u32 hash = (u32)((id * 0x9E3779B97F4A7C15u) >> 32);  /* Fibonacci hashing, 2^64 / golden ratio */
	u32 b = hash & (2 * g.level - 1);
	return b < g.level + g.split ? b : b - g.level;
}

/* Returns the link to the registration with that id, or the 0 at the end of its bucket. */
static u32 *find(u64 id)
{
	u32 *link = &g.buckets[bucket(id)];
	while (*link && g.registrations[*link].id != id)
		link = &g.registrations[*link].next;
	return link;
}

static void grow(void)
{
	u32 old = g.split, new = g.level + g.split;
	if (++g.split == g.level) {
		g.level *= 2;
		g.split = 0;
	}
	u32 *stay = &g.buckets[old], *go = &g.buckets[new];
	for (u32 i = *stay; i; i = g.registrations[i].next) {
		u32 **end = bucket(g.registrations[i].id) == new ? &go : &stay;
		**end = i;
		*end = &g.registrations[i].next;
	}
	*stay = *go = 0;
}

/* There is always room: every registration holds a descriptor, and those are counted before. */
static u32 add(u64 id)
{
	u32 i = g.free;
	if (i)
		g.free = g.registrations[i].next;
	else
		i = ++g.used;
	if (++g.live > g.level + g.split)
		grow();
	u32 *head = &g.buckets[bucket(id)];
	g.registrations[i].id = id;
	g.registrations[i].next = *head;
	*head = i;
	return i;
}

static int in_use(const struct registration *c)
{
	return c->pidfd | c->cgroup;
}

static void drop(int *fd)
{
	if (*fd) {
		unwatch(*fd);
		close(*fd);
		*fd = 0;
		g.held--;
	}
}

static void forget(u32 i)
{
	struct registration *c = &g.registrations[i];
	*find(c->id) = c->next;
	drop(&c->pidfd);
	drop(&c->lifeline);
	drop(&c->cgroup);
	c->group = 0;
	c->next = g.free;
	g.free = i;
	g.live--;
}

/* ---- killing ------------------------------------------------------------------------------- */

/*
 * Errors are ignored: ESRCH means that the process is already dead, and the others cannot be
 * handled. The leader's pidfd finds the group even after the leader was reaped.
 */
static void kill(int pidfd, u32 group, int cgroup)
{
	if (pidfd > 0) {
		pidfd_send_signal(pidfd, SIGKILL, 0);
		if (group)
			pidfd_send_signal(pidfd, SIGKILL, PIDFD_SIGNAL_PROCESS_GROUP);
	}
	if (cgroup > 0)
		syscall(SYS_write, cgroup, "1", 1, 0, 0, 0);
}

/*
 * Handles the JVM's death. All signals are sent first, in a loop that does nothing else; the
 * bookkeeping can wait, and is not needed at all if the guardian exits then.
 */
static void orphan(void)
{
	u32 shared = 0;
	if (g.orphaned)
		return;
	g.orphaned = 1;
	for (u32 i = 1; i <= g.used; i++) {
		struct registration *c = &g.registrations[i];
		if (c->lifeline)
			shared++;
		else
			kill(c->pidfd, c->group, c->cgroup);
	}
	if (g.ended && !shared)
		exit(0);
	for (u32 i = 1; i <= g.used; i++)
		if (in_use(&g.registrations[i]) && !g.registrations[i].lifeline)
			forget(i);
}

/* ---- events of the registrations ----------------------------------------------------------- */

/*
 * A batch of events may contain a registration that an earlier event of the batch has ended, hence
 * in_use(). It cannot contain a newer registration in the same entry: messages, the only source of
 * new registrations, are read after the batch.
 */
static void process_exited(u32 i)
{
	struct registration *c = &g.registrations[i];
	if (!in_use(c))
		return;
	if (c->group || c->cgroup)
		unwatch(c->pidfd);  /* its descendants may live on, and the pidfd finds the group */
	else
		forget(i);
}

static void lifeline_ended(u32 i)
{
	struct registration *c = &g.registrations[i];
	if (!in_use(c))
		return;
	kill(c->pidfd, c->group, c->cgroup);
	forget(i);
}

/* ---- messages ------------------------------------------------------------------------------ */

/*
 * write() to a cgroup.kill file never blocks; to a full pipe it would block forever. So a file that
 * does not belong to a cgroup is refused here, instead of being detected at the time of killing.
 */
static int is_cgroup_file(int fd)
{
	struct statfs s;
	return syscall(SYS_fstatfs, fd, &s, 0, 0, 0, 0) == 0 && s.type == CGROUP2_SUPER_MAGIC;
}

/* A lifeline is not read: data in it is ignored, and only its end is watched. */
static long watch_lifeline(int fd, u32 index)
{
	return watch(fd, EPOLLRDHUP, about_lifeline(index));  /* EPOLLHUP, EPOLLERR are implied */
}

static int take(int *fd)
{
	int taken = *fd;
	*fd = 0;
	g.held++;
	return taken;
}

/* Returns 0 if the process is registered, or has exited and need not be; else an errno. */
static int register_process(const struct message *m, struct cargo *cargo)
{
	u32 flags = m->flags;
	int next = !(flags & SENDER);
	int *pidfd = next ? &cargo->fd[0] : &cargo->sender;
	int *lifeline = &cargo->fd[next];
	next += !!(flags & LIFELINE);
	int *cgroup = &cargo->fd[next];
	next += !!(flags & CGROUP);

	int error = 0, gone = 0;
	if (flags >= 2 * LAST_FLAG || cargo->count > next)
		error = EINVAL;
	else if (cargo->count < next)
		error = cargo->truncated ? EMFILE : EINVAL;
	else if (flags & CGROUP && !is_cgroup_file(*cgroup))
		error = EINVAL;
	else if (*pidfd == 0)
		error = EOPNOTSUPP;
	else if (*pidfd < 0) {
		/* reaped before the message was read: EINVAL on 6.12, ESRCH on 6.16, a pidfd on 6.17 */
		gone = *pidfd == -ESRCH || *pidfd == -EINVAL;
		if (!gone)
			error = -*pidfd;
		else if (flags & GROUP)
			error = ESRCH;
		*pidfd = 0;
	} else {
		long result = pidfd_send_signal(*pidfd, 0, 0);
		gone = result == -ESRCH;
		if (result < 0 && !gone)
			error = (int)-result;
	}
	if (flags & GROUP && !g.groups && !error)
		error = EOPNOTSUPP;

	/*
	 * The JVM is dead, so it cannot be informed that the process is not guarded: kill it. The pidfd
	 * is the right one even if something else is wrong with the message, or the call does nothing.
	 */
	if (g.orphaned && (error || !(flags & LIFELINE))) {
		kill(*pidfd, flags & GROUP, flags & CGROUP && !error ? *cgroup : 0);
		return error;
	}
	if (error)
		return error;
	if (gone && !(flags & (GROUP | CGROUP)))
		return 0;
	if (*find(m->id))
		return EEXIST;
	if (g.held + (u32)next + !!(flags & SENDER) > g.limit)
		return EMFILE;

	u32 i = add(m->id);
	struct registration *c = &g.registrations[i];
	if (*pidfd)
		c->pidfd = take(pidfd);
	if (flags & LIFELINE)
		c->lifeline = take(lifeline);
	if (flags & CGROUP)
		c->cgroup = take(cgroup);
	c->group = flags & GROUP;

	long result = 0;
	if (!gone)
		result = watch(c->pidfd, EPOLLIN, about_process(i));
	if (result == 0 && c->lifeline)
		result = watch_lifeline(c->lifeline, i);
	if (result < 0) {
		if (g.orphaned)
			kill(c->pidfd, c->group, c->cgroup);
		forget(i);
	}
	return (int)-result;
}

/* Returns 0 if done, or if there is no such registration any more; else an errno. */
static int share(const struct message *m, struct cargo *cargo)
{
	if (m->flags || cargo->count != 1)
		return cargo->truncated && cargo->count < 1 ? EMFILE : EINVAL;
	u32 i = *find(m->id);
	if (!i)
		return 0;
	if (g.held + 1 > g.limit)
		return EMFILE;
	long result = watch_lifeline(cargo->fd[0], i);
	if (result < 0)
		return (int)-result;
	drop(&g.registrations[i].lifeline);
	g.registrations[i].lifeline = take(&cargo->fd[0]);
	return 0;
}

static void release(const struct message *m)
{
	u32 i = *find(m->id);
	if (i)
		forget(i);
}

static void obey(const struct message *m, struct cargo *cargo)
{
	int error;
	switch (m->type) {
	case REGISTER:
		if ((error = register_process(m, cargo)))
			answer(LOST, (u32)error, m->id);
		return;
	case SHARE:
		if ((error = share(m, cargo)))
			answer(UNSHARED, (u32)error, m->id);
		return;
	case RELEASE:
		if (m->flags == 0 && cargo->count == 0) {
			release(m);
			return;
		}
	}
	answer(INVALID, m->type, m->id);
}

/* Collects the descriptors of a message. The kernel wrote this data, so it is well-formed. */
static void unpack(const char *control, size_t size, struct cargo *cargo)
{
	while (size >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *h = (const void *)control;
		const int *fd = (const void *)(h + 1);
		if (h->len < sizeof *h || h->len > size)
			return;
		if (h->level == SOL_SOCKET && h->type == SCM_PIDFD)
			cargo->sender = *fd;
		else if (h->level == SOL_SOCKET && h->type == SCM_RIGHTS)
			for (size_t n = (h->len - sizeof *h) / sizeof *fd; n; n--)
				cargo->fd[cargo->count++] = *fd++;
		size_t step = (h->len + 7) & ~(size_t)7;
		if (step >= size)
			return;
		control += step;
		size -= step;
	}
}

static void discard(struct cargo *cargo)
{
	if (cargo->sender > 0)
		close(cargo->sender);
	for (int i = 0; i < cargo->count; i++)
		if (cargo->fd[i])
			close(cargo->fd[i]);
}

static int bytes_queued(void)
{
	int bytes = 0;
	syscall(SYS_ioctl, SOCKET, FIONREAD, &bytes, 0, 0, 0);
	return bytes;
}

/*
 * Reads and processes up to `budget` messages. `hung_up`: epoll reported that no process can send any
 * more. Returns 1 if then nothing is left to read.
 *
 * There are two pitfalls. A packet may be empty, and recvmsg returns 0 for it as at the end of file:
 * it is the end if, after a hang-up, the queue has no bytes either (empty packets behind it are
 * irrelevant). And a JVM that dies with an unread answer causes ECONNRESET, which is reported before
 * the messages that are still in the queue: no error ends the reading, only an empty queue does.
 */
static int receive(int budget, int hung_up)
{
	while (budget-- > 0) {
		struct message m = { 0, 0, 0 };
		_Alignas(8) char control[CONTROL_SIZE];
		struct iovec iov = { &m, sizeof m };
		struct msghdr h = { 0, 0, &iov, 1, control, sizeof control, 0 };
		struct cargo cargo = { 0 };

		long length = syscall(SYS_recvmsg, SOCKET, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, 0, 0, 0);
		if (length == -EAGAIN)
			return 0;
		if (length < 0)
			continue;
		unpack(control, h.controllen, &cargo);
		cargo.truncated = h.flags & MSG_CTRUNC;
		if (length == sizeof m && !(h.flags & MSG_TRUNC)) {
			obey(&m, &cargo);
		} else if (length == 0 && h.controllen == 0 && bytes_queued() == 0) {
			if (hung_up)
				return 1;
			answer(INVALID, 0, 0);
			return 0;  /* an empty packet; or the end, which epoll will report */
		} else {
			answer(INVALID, m.type, m.id);
		}
		discard(&cargo);
	}
	return 0;
}

/* ---- locking down -------------------------------------------------------------------------- */

#define LOAD(field) { 0x20, 0, 0, offsetof(struct seccomp_data, field) }  /* BPF_LD | BPF_W | BPF_ABS */
#define JUMP_EQ(value, then, otherwise) { 0x15, then, otherwise, value }  /* BPF_JMP | BPF_JEQ | BPF_K */
#define RETURN(action) { 0x06, 0, 0, SECCOMP_RET_##action }               /* BPF_RET | BPF_K */

#define ALLOW(call) JUMP_EQ(SYS_##call, 0, 1), RETURN(ALLOW)
/* The arguments checked are 32 bits wide, or small enough that the low half suffices. */
#define ALLOW_IF(call, argument, value) \
	JUMP_EQ(SYS_##call, 0, 4), LOAD(args[argument]), JUMP_EQ(value, 0, 1), \
	RETURN(ALLOW), RETURN(KILL_PROCESS)
#define ALLOW_IF_EITHER(call, argument, value1, value2) \
	JUMP_EQ(SYS_##call, 0, 5), LOAD(args[argument]), JUMP_EQ(value1, 1, 0), \
	JUMP_EQ(value2, 0, 1), RETURN(ALLOW), RETURN(KILL_PROCESS)

/*
 * The calls of the main loop, the most frequent first. An attacker in control of this process could
 * kill the registered processes by their pidfds, and nothing else: open no file, start no program,
 * send no other signal.
 * (A stopped and continued guardian needs no restart_syscall: epoll_pwait then fails with EINTR.)
 */
static const struct sock_filter filter[] = {
	LOAD(arch),
	JUMP_EQ(AUDIT_ARCH_SELF, 1, 0),
	RETURN(KILL_PROCESS),
	LOAD(nr),
	ALLOW_IF_EITHER(pidfd_send_signal, 1, SIGKILL, 0),
	ALLOW(epoll_pwait),
	ALLOW_IF(recvmsg, 0, SOCKET),
	ALLOW(epoll_ctl),
	ALLOW(close),
	ALLOW_IF(sendto, 0, SOCKET),
	ALLOW_IF(write, 2, 1),
	ALLOW_IF(ioctl, 1, FIONREAD),
	ALLOW(fstatfs),
	ALLOW(exit_group),
	RETURN(KILL_PROCESS),
};

static long prctl(int option, unsigned long a, unsigned long b)
{
	return syscall(SYS_prctl, option, a, b, 0, 0, 0);
}

/*
 * Not dumpable: no core dump with descriptors of other processes, no debugger of the same user. The
 * children are guarded even if the kernel does not support one of these; READY reports the filter.
 */
static u32 lock_down(void)
{
	struct sock_fprog program = { sizeof filter / sizeof filter[0], filter };
	prctl(PR_SET_DUMPABLE, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (unsigned long)&program) == 0 ? CONFINED : 0;
}

/* Raises the soft limit to the hard one. Returns the number of descriptors for registrations. */
static u32 descriptor_limit(void)
{
	struct rlimit64 old = { 0, 0 };
	syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &old, 0, 0);
	struct rlimit64 new = { old.max, old.max };
	u64 limit = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &new, 0, 0, 0) == 0 ? new.cur : old.cur;
	if (limit > MAX_DESCRIPTORS)
		limit = MAX_DESCRIPTORS;
	return limit > RESERVE ? (u32)limit - RESERVE : 0;
}

/* ---- start and main loop ------------------------------------------------------------------- */

static void start(void)
{
	/* First, so that from now on only SIGKILL and SIGSTOP are delivered. */
	u64 all = ~(u64)0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all, 0, 0);
	prctl(PR_SET_NAME, (unsigned long)"procdesc-guard", 0);

	/* There should be nothing to close; but a stray pipe end would stay open for a long time. */
	for (int fd = 0; fd < SOCKET; fd++)
		close(fd);
	syscall(SYS_close_range, FIRST_STRAY, ~0u, 0, 0, 0, 0);

	if (syscall(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0) != EPOLL
	    || watch(SOCKET, EPOLLIN | EPOLLRDHUP, ABOUT_SOCKET) < 0
	    || watch(JVM, EPOLLIN, ABOUT_JVM) < 0)
		exit(1);
	long able = pidfd_send_signal(JVM, 0, 0);
	if (able == -EBADF || able == -ENOSYS)
		exit(1);
	/* Probed by a call: with an unknown flag it fails, regardless of the JVM's group. */
	g.groups = pidfd_send_signal(JVM, 0, PIDFD_SIGNAL_PROCESS_GROUP) != -EINVAL;
	g.level = 1;
	g.limit = descriptor_limit();
	u32 confined = lock_down();
	if (answer(READY, (g.groups ? GROUPS : 0) | confined, g.limit / 2) == -ENOTSOCK)
		exit(1);
}

__attribute__((noreturn, used)) void guardian(void)
{
	start();
	while (!g.ended || g.live) {
		long count = syscall(SYS_epoll_pwait, EPOLL, g.events, EVENTS, -1, 0, 8);
		if (count < 0 && count != -EINTR)
			exit(2);

		u32 socket = 0, jvm = 0;
		for (long n = 0; n < count; n++) {
			u64 about = g.events[n].data;
			if (about == ABOUT_SOCKET)
				socket = g.events[n].events;
			else if (about == ABOUT_JVM)
				jvm = 1;
			else if (about == about_process((u32)(about / 2)))
				process_exited((u32)(about / 2));
			else
				lifeline_ended((u32)(about / 2));
		}

		/* Messages are read after the batch (see process_exited), before the JVM's death is handled. */
		if ((socket || jvm) && !g.ended
		    && receive(jvm ? LAST_BURST : BURST, !!(socket & (EPOLLHUP | EPOLLRDHUP)))) {
			g.ended = 1;
			unwatch(SOCKET);
			close(SOCKET);
		}
		if (jvm) {
			unwatch(JVM);
			close(JVM);
		}
		if (jvm || g.ended)
			orphan();
	}
	exit(0);
}
