/* nanosleep(2): struct timespec. */
#include <sys/types.h>
