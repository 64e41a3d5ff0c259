/* open(2), fcntl(2) */
#define O_RDONLY 0
#define O_CLOEXEC 0x100000
#define F_DUPFD_CLOEXEC 17
int open(const char *, int, ...);
int fcntl(int, int, ...);
