/* memcpy(3), memcmp(3) */
#include <sys/types.h>
void *memcpy(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
