/* The types of POSIX as FreeBSD (64 bits) defines them. */
#ifndef SYS_TYPES_H
#define SYS_TYPES_H

typedef __SIZE_TYPE__ size_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
typedef long ssize_t;
typedef int pid_t;
typedef long time_t;
typedef long suseconds_t;
typedef unsigned short mode_t;
typedef unsigned int u_int;
typedef unsigned short u_short;
typedef unsigned int socklen_t;
typedef unsigned char sa_family_t;

#ifndef NULL
#define NULL ((void *)0)
#endif

struct timespec { time_t tv_sec; long tv_nsec; };
struct timeval { time_t tv_sec; suseconds_t tv_usec; };

#endif
