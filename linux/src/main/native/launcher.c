/*
 * launcher: executes a child script in a process with separate memory.
 *
 * Where the library cannot map machine code, glibc's pidfd_spawn creates the child, which first
 * executes this program. Like the spawn stub, it makes the system calls of a script, one after the
 * other, between the creation of a child and its program.
 *
 * Start: from a sealed memfd, by its name below /proc/self/fd, with all signals blocked and with
 * these arguments, hexadecimal numbers without a prefix:
 *     1     a descriptor of the file (another memfd) that contains the script
 *     2     a descriptor of the write end of a pipe
 *     3     the address of the call block (README.md has its layout)
 *     4...  pairs: the address and the length of each piece of the file, in the file's order
 *
 * It maps each piece at the address that it has in the JVM, so that all pointers of the script are
 * valid here too, and shared, so that the JVM sees the results. Then it executes the script. The JVM
 * reads the result from the read end of the pipe:
 *     end of file         the script executed a program, or ended: the call block distinguishes
 *                         these. The script itself makes the pipe close-on-exec.
 *     8 bytes, a number   the errno of the mapping that failed: no step of the script was executed.
 *                         EEXIST means that memory of this process is at the address of a piece;
 *                         if addresses are randomized, another process may succeed.
 *
 * Exit status: 127 in every case, like that of the spawn stub.
 */
#include "guardian_kernel.h"

typedef uint64_t u64;
typedef int64_t s64;

enum { EXIT_FAILED = 127, MAX_ERRNO = 4095, ANY = 1 };
enum { FILE = 1, PIPE = 2, CALL = 3, FIRST_PIECE = 4 };

struct step {
	u64 number, args[6];
	u64 tolerated;          /* bit 0: any errno; bit e: errno e */
	s64 *target;            /* null, or a second place for the result */
	s64 result;
};

struct call {
	unsigned char block[16], saved[16];  /* used by the spawn stub only */
	s64 failed;
	u64 count;
	struct step create;                  /* used by the spawn stub only */
	struct step steps[];
};

_Static_assert(sizeof(struct step) == 80, "struct step");
_Static_assert(offsetof(struct call, failed) == 32 && offsetof(struct call, steps) == 128, "struct call");

/*
 * The kernel enters here with the stack pointer at the number of arguments, which the pointers to
 * them follow.
 */
#if defined(__x86_64__)
__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	call launcher\n"
	"	hlt\n");
#else
__asm__(".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	mov x29, xzr\n"
	"	mov x30, xzr\n"
	"	mov x0, sp\n"
	"	b launcher\n");
#endif

__attribute__((noreturn)) static void exit(int status)
{
	for (;;)
		syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static u64 number(const char *text)
{
	u64 n = 0;
	for (; *text; text++)
		n = n * 16 + (u64)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return n;
}

static int is_tolerated(const struct step *s)
{
	u64 error = (u64)-s->result;
	return s->tolerated & ANY || (error < 64 && s->tolerated >> error & 1);
}

/* Returns the index of the step that failed; the number of steps if none did. */
static s64 walk(struct call *c)
{
	u64 i;
	for (i = 0; i < c->count; i++) {
		struct step *s = &c->steps[i];
		s->result = syscall((long)s->number, s->args[0], s->args[1], s->args[2], s->args[3], s->args[4],
				    s->args[5]);
		if (s->target)
			*s->target = s->result;
		if (s->result < 0 && s->result >= -MAX_ERRNO && !is_tolerated(s))
			break;
	}
	return (s64)i;
}

__attribute__((noreturn, used)) void launcher(const u64 *stack)
{
	u64 count = stack[0];
	const char *const *arg = (const void *)&stack[1];

	/* The C library does not block its internal signals. */
	u64 all = ~(u64)0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all, 0, 0);

	if (count < FIRST_PIECE)
		exit(EXIT_FAILED);
	u64 offset = 0;
	for (u64 i = FIRST_PIECE; i + 1 < count; i += 2) {
		u64 address = number(arg[i]), length = number(arg[i + 1]);
		s64 at = syscall(SYS_mmap, address, length, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED_NOREPLACE, number(arg[FILE]), offset);
		if (at != (s64)address) {
			u64 error = at < 0 ? (u64)-at : EEXIST;
			syscall(SYS_write, number(arg[PIPE]), &error, sizeof error, 0, 0, 0);
			exit(EXIT_FAILED);
		}
		offset += length;
	}
	syscall(SYS_close, number(arg[FILE]), 0, 0, 0, 0, 0);

	struct call *c = (struct call *)number(arg[CALL]);
	c->failed = walk(c);
	exit(EXIT_FAILED);
}
