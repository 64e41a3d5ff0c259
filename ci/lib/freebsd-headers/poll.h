/* poll(2) */
#define POLLIN 0x1
#define POLLHUP 0x10
struct pollfd { int fd; short events, revents; };
typedef unsigned int nfds_t;
int poll(struct pollfd *, nfds_t, int);
