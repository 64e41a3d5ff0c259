/*
 * The spawn stub of procdesc for FreeBSD on arm64.
 *
 *     long spawn_stub(struct call *c);        AAPCS64: c in x0, result in x0
 *
 * spawnstub-amd64.S, which this file follows step by step, documents the steps, the rules for the
 * child and their reasons, the guarantees by the caller, and the rejected alternatives.
 *
 * Differences
 *
 *     - The carry flag also indicates an error, with the errno in x0; the second result is x1. In a
 *       child both are 0.
 *     - The kernel preserves x9 and higher registers, and the ABI lets a function change most of
 *       them. No register has to be saved: the stack is not used at all, not even by the parent,
 *       and the link register is never changed, so there is no return address to sign.
 *     - Caches: instructions that were written as data must be made visible to instruction fetch.
 *       The kernel does that when a page becomes executable. So the bytes are written to a new
 *       anonymous mapping, which becomes executable once and is never written again.
 *
 * The bytes are position independent, without data and relocations; they may be mapped anywhere,
 * read and execute only. The resource spawnstub-arm64.bin is the .text section of this file; see
 * README.md.
 */

/* struct call, 128 bytes and the steps. Signal sets have 16 bytes, all of them used. */
        .equ    CALL_BLOCK,       0     /* in:  signals to block during the call */
        .equ    CALL_SAVED,      16     /* out: the mask to restore */
        .equ    CALL_FAILED,     32     /* out: index of the failed step; count: none failed */
        .equ    CALL_COUNT,      40     /* in:  number of steps; read once */
        .equ    CALL_CREATE,     48     /* in:  the creating call, a step; only its number, */
                                        /*      args and result are used */
        .equ    CALL_STEPS,     128     /* in:  the steps */

/* struct step, 80 bytes. */
        .equ    STEP_NUMBER,      0     /* in:  system call number */
        .equ    STEP_ARGS,        8     /* in:  six arguments */
        .equ    STEP_TOLERATED,  56     /* in:  bit 0: any errno; bit e, 1 <= e <= 63: errno e */
        .equ    STEP_TARGET,     64     /* in:  null, or a second place for the result */
        .equ    STEP_RESULT,     72     /* out: the kernel's result, or -errno */
        .equ    STEP_SIZE,       80

/* FreeBSD: sys/syscall.h, sys/signal.h. */
        .equ    SYS_exit,             1
        .equ    SYS_sigprocmask,    340
        .equ    SIG_SETMASK,          3
        .equ    EXIT_FAILED,        127 /* the shell's "could not be executed" */

/*
 * Registers
 *
 *     x8          number of a system call
 *     x0..x5      its arguments; x0 then its result; carry flag: it is an errno
 *     x9          c
 *     x10         parent: result of the creating call; child: the current step
 *     x11         child: its index
 *     x12         child: count
 *     x13 x14     child: scratch
 *     x15         child: nonzero if the step failed
 *     sp x30      neither used nor changed
 *     x16..x29    not used (x16, x17: veneers; x18: the platform's; x19..x29: the caller's)
 */

        .arch   armv8-a
        .text
        .globl  spawn_stub
        .type   spawn_stub, %function
spawn_stub:
        hint    #34                     /* bti c: reached by an indirect call. Encoded as */
                                        /* a hint: assembles, and runs, on ARMv8.0 */
        mov     x9, x0

        /* 1. Block signals. */
        mov     x8, #SYS_sigprocmask
        mov     x0, #SIG_SETMASK
        add     x1, x9, #CALL_BLOCK
        add     x2, x9, #CALL_SAVED
        svc     #0
        b.cc    .Lblocked
        neg     x0, x0
        ret
.Lblocked:

        /* 2. Create the child. */
        ldr     x8, [x9, #CALL_CREATE+STEP_NUMBER]
        ldp     x0, x1, [x9, #CALL_CREATE+STEP_ARGS]
        ldp     x2, x3, [x9, #CALL_CREATE+STEP_ARGS+16]
        ldp     x4, x5, [x9, #CALL_CREATE+STEP_ARGS+32]
        svc     #0
        cneg    x0, x0, cs
        cbz     x0, .Lchild             /* there is no errno 0 */

        /* 3. The parent. Signals that became pending are handled on return from this call; so the
              result is stored before. */
        mov     x10, x0
        str     x10, [x9, #CALL_CREATE+STEP_RESULT]
        mov     x8, #SYS_sigprocmask
        mov     x0, #SIG_SETMASK
        add     x1, x9, #CALL_SAVED
        mov     x2, #0
        svc     #0
        mov     x0, x10
        ret

        /* 4. The child. */
.Lchild:
        add     x10, x9, #CALL_STEPS
        mov     x11, #0
        ldr     x12, [x9, #CALL_COUNT]
.Lstep:
        cmp     x11, x12
        b.hs    .Lstop                  /* past the last step: failed = count */
        ldr     x8, [x10, #STEP_NUMBER]
        ldp     x0, x1, [x10, #STEP_ARGS]
        ldp     x2, x3, [x10, #STEP_ARGS+16]
        ldp     x4, x5, [x10, #STEP_ARGS+32]
        svc     #0
        cset    x15, cs
        cneg    x0, x0, cs
        str     x0, [x10, #STEP_RESULT] /* success or failure, ... */
        ldr     x13, [x10, #STEP_TARGET]
        cbz     x13, .Ljudge
        str     x0, [x13]               /* ... also at the target of the script */
.Ljudge:
        cbz     x15, .Lnext
        ldr     x13, [x10, #STEP_TOLERATED]
        tbnz    x13, #0, .Lnext         /* any errno is tolerated */
        neg     x14, x0
        cmp     x14, #63
        b.hi    .Lstop                  /* has no bit; lsr would shift by errno modulo 64 */
        lsr     x13, x13, x14
        tbz     x13, #0, .Lstop
.Lnext:
        add     x10, x10, #STEP_SIZE
        add     x11, x11, #1
        b       .Lstep

.Lstop:
        str     x11, [x9, #CALL_FAILED]
.Lexit:
        mov     x8, #SYS_exit
        mov     x0, #EXIT_FAILED
        svc     #0
        udf     #0                      /* never continue */
        b       .Lexit
        .size   spawn_stub, . - spawn_stub
