/*
 * The part of the Linux kernel's interface that the guardian and the launcher use, and no other.
 *
 * No kernel or C library header is included: the guardian must build to the same bytes with headers
 * of any age, and half of these numbers are newer than the oldest kernel on which it runs. Each
 * number has a comment with the uapi header that defines it and the version that introduced it; no
 * version means "before 2.6.32".
 * `make guardian-abi` compares every #define below with the headers of the build machine, for both
 * architectures.
 */
#ifndef PROCDESC_GUARDIAN_KERNEL_H
#define PROCDESC_GUARDIAN_KERNEL_H

#include <stdint.h>
#include <stddef.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "the layouts below, and the offsets in the seccomp filter, are little-endian LP64"
#endif

/* ---- system calls ------------------------------------------------------------------------- */

#if defined(__x86_64__)                /* asm/unistd_64.h */
#define SYS_write               1
#define SYS_close               3
#define SYS_mmap                9
#define SYS_rt_sigprocmask      14
#define SYS_ioctl               16
#define SYS_sendto              44
#define SYS_recvmsg             47
#define SYS_fstatfs             138
#define SYS_prctl               157
#define SYS_exit_group          231
#define SYS_epoll_ctl           233
#define SYS_epoll_pwait         281
#define SYS_epoll_create1       291
#define SYS_prlimit64           302    /* since 2.6.36 */
#elif defined(__aarch64__)             /* asm-generic/unistd.h; all since 3.7, the port's first */
#define SYS_epoll_create1       20
#define SYS_epoll_ctl           21
#define SYS_epoll_pwait         22
#define SYS_ioctl               29
#define SYS_fstatfs             44
#define SYS_close               57
#define SYS_write               64
#define SYS_exit_group          94
#define SYS_rt_sigprocmask      135
#define SYS_prctl               167
#define SYS_sendto              206
#define SYS_recvmsg             212
#define SYS_mmap                222
#define SYS_prlimit64           261
#else
#error "no guardian for this architecture yet"
#endif
#define SYS_pidfd_send_signal   424    /* asm-generic/unistd.h, since 5.1 */
#define SYS_close_range         436    /* asm-generic/unistd.h, since 5.9 */

#if defined(__x86_64__)
#define AUDIT_ARCH_SELF         0xC000003E  /* linux/audit.h AUDIT_ARCH_X86_64, since 2.6.15 */
#else
#define AUDIT_ARCH_SELF         0xC00000B7  /* linux/audit.h AUDIT_ARCH_AARCH64, since 3.7 */
#endif

/* ---- errors: asm-generic/errno-base.h, asm-generic/errno.h --------------------------------- */

#define ESRCH                   3
#define EINTR                   4
#define EBADF                   9
#define EAGAIN                  11
#define EEXIST                  17
#define EINVAL                  22
#define EMFILE                  24
#define ENOSYS                  38
#define ENOTSOCK                88
#define EOPNOTSUPP              95

/* ---- signals, processes -------------------------------------------------------------------- */

#define SIGKILL                 9      /* asm-generic/signal.h */
#define SIG_SETMASK             2      /* asm-generic/signal-defs.h */
#define PR_SET_DUMPABLE         4      /* linux/prctl.h */
#define PR_SET_NAME             15     /* linux/prctl.h */
#define PR_SET_SECCOMP          22     /* linux/prctl.h */
#define PR_SET_NO_NEW_PRIVS     38     /* linux/prctl.h, since 3.5 */
#define RLIMIT_NOFILE           7      /* asm-generic/resource.h */
#define PIDFD_SIGNAL_PROCESS_GROUP 4   /* linux/pidfd.h, since 6.9 */

struct rlimit64 { uint64_t cur, max; };                        /* linux/resource.h */

/* ---- memory: asm-generic/mman-common.h; MAP_SHARED is in linux/mman.h ----------------------- */

#define PROT_READ               0x1
#define PROT_WRITE              0x2
#define MAP_SHARED              0x01
#define MAP_FIXED_NOREPLACE     0x100000  /* since 4.17 */

/* ---- epoll: linux/eventpoll.h -------------------------------------------------------------- */

#define EPOLL_CLOEXEC           02000000  /* since 2.6.27 */
#define EPOLL_CTL_ADD           1
#define EPOLL_CTL_DEL           2
#define EPOLLIN                 0x001
#define EPOLLERR                0x008
#define EPOLLHUP                0x010
#define EPOLLRDHUP              0x2000    /* since 2.6.17 */

#if defined(__x86_64__)
struct epoll_event { uint32_t events; uint64_t data; } __attribute__((packed));
#else
struct epoll_event { uint32_t events; uint64_t data; };
#endif

/* ---- sockets ------------------------------------------------------------------------------- */

#define SOL_SOCKET              1          /* asm-generic/socket.h */
#define SCM_RIGHTS              1          /* linux/socket.h (kernel-internal header) */
#define SCM_PIDFD               4          /* linux/socket.h (kernel-internal header), since 6.5 */
#define MSG_CTRUNC              0x8        /* linux/socket.h (kernel-internal header) */
#define MSG_TRUNC               0x20       /* the same */
#define MSG_DONTWAIT            0x40       /* the same */
#define MSG_NOSIGNAL            0x4000     /* the same */
#define MSG_CMSG_CLOEXEC        0x40000000 /* the same, since 2.6.23 */
#define FIONREAD                0x541B     /* asm-generic/ioctls.h */

struct iovec { void *base; size_t len; };                      /* linux/uio.h */
struct msghdr {                        /* linux/socket.h (kernel-internal), struct user_msghdr */
	void *name;
	int namelen;
	struct iovec *iov;
	size_t iovlen;
	void *control;
	size_t controllen;
	unsigned flags;
};
struct cmsghdr { size_t len; int level; int type; };           /* the same */

/* ---- file systems -------------------------------------------------------------------------- */

#define CGROUP2_SUPER_MAGIC     0x63677270 /* linux/magic.h, since 4.5 */

struct statfs { long type; long rest[14]; };                   /* asm-generic/statfs.h, 120 bytes */

/* ---- seccomp and classic BPF --------------------------------------------------------------- */

#define SECCOMP_MODE_FILTER     2          /* linux/seccomp.h, since 3.5 */
#define SECCOMP_RET_ALLOW       0x7fff0000 /* linux/seccomp.h, since 3.5 */
#define SECCOMP_RET_KILL_PROCESS 0x80000000 /* linux/seccomp.h, since 4.14; before: like KILL_THREAD */

struct sock_filter { uint16_t code; uint8_t jt, jf; uint32_t k; };  /* linux/filter.h */
struct sock_fprog { uint16_t len; const struct sock_filter *filter; };
/* linux/seccomp.h, struct seccomp_data */
struct seccomp_data { int nr; uint32_t arch; uint64_t instruction_pointer; uint64_t args[6]; };

_Static_assert(sizeof(struct msghdr) == 56, "struct user_msghdr");
_Static_assert(sizeof(struct cmsghdr) == 16, "struct cmsghdr");
_Static_assert(sizeof(struct statfs) == 120, "struct statfs");
_Static_assert(sizeof(struct sock_filter) == 8, "struct sock_filter");
_Static_assert(sizeof(struct seccomp_data) == 64, "struct seccomp_data");
#if defined(__x86_64__)
_Static_assert(sizeof(struct epoll_event) == 12, "packed on x86-64 only");
#else
_Static_assert(sizeof(struct epoll_event) == 16, "packed on x86-64 only");
#endif

/* ---- system call ------------------------------------------------------------- */

/* All calls go through this one function: a result below zero is -errno, as the kernel returns it. */
static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
#endif
}

#define syscall(nr, a, b, c, d, e, f) \
	syscall6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
