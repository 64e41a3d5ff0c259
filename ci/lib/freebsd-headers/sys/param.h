/* sysctl(3) wants it before sys/sysctl.h. */
#include <sys/types.h>
