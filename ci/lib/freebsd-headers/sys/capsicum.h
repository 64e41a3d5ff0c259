/* cap_enter(2), cap_rights_limit(2), cap_rights_init(3), rights(4) */
#ifndef SYS_CAPSICUM_H
#define SYS_CAPSICUM_H
#include <sys/types.h>

typedef struct cap_rights { uint64_t cr_rights[2]; } cap_rights_t;
_Static_assert(sizeof(cap_rights_t) == 16, "15.1, amd64");

#define CAP_READ 0x200000000000001ULL
#define CAP_WRITE 0x200000000000002ULL
#define CAP_EVENT 0x400000000000020ULL
#define CAP_PDGETPID 0x400000000000200ULL
#define CAP_PDWAIT 0x400000000000400ULL
#define CAP_PDKILL 0x400000000000800ULL

/* A list of rights, which the macro of the real header ends. */
cap_rights_t *declared_cap_rights_init(cap_rights_t *, ...);
#define cap_rights_init(...) declared_cap_rights_init(__VA_ARGS__, 0ULL)

int cap_enter(void);
int cap_rights_limit(int, const cap_rights_t *);

#endif
