/* socketpair(2), sendmsg(2), recvmsg(2), CMSG_DATA(3), unix(4) */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H
#include <sys/types.h>

#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_SEQPACKET 5
#define SOCK_CLOEXEC 0x10000000
#define SOL_SOCKET 0xffff
#define SCM_RIGHTS 1
#define MSG_EOR 0x8
#define MSG_CTRUNC 0x20
#define MSG_NOSIGNAL 0x20000
#define MSG_CMSG_CLOEXEC 0x40000

struct iovec { void *iov_base; size_t iov_len; };
struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};
struct cmsghdr { socklen_t cmsg_len; int cmsg_level, cmsg_type; };
_Static_assert(sizeof(struct msghdr) == 48 && sizeof(struct cmsghdr) == 12, "15.1, amd64");

#define DECLARED_ALIGN(size) (((size) + 7UL) & ~7UL)
#define CMSG_LEN(size) (DECLARED_ALIGN(sizeof(struct cmsghdr)) + (size))
#define CMSG_SPACE(size) (DECLARED_ALIGN(sizeof(struct cmsghdr)) + DECLARED_ALIGN(size))
#define CMSG_DATA(c) ((unsigned char *)(c) + DECLARED_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_FIRSTHDR(m) \
    ((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control : (struct cmsghdr *)NULL)
_Static_assert(CMSG_LEN(4) == 20 && CMSG_SPACE(4) == 24, "15.1, amd64");

int socketpair(int, int, int, int *);
ssize_t sendmsg(int, const struct msghdr *, int);
ssize_t recvmsg(int, struct msghdr *, int);

#endif
