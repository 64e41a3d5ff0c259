/*
 * The spawn stub of procdesc for FreeBSD on amd64.
 *
 *     long spawn_stub(struct call *c);        System V ABI: c in rdi, result in rax
 *
 * Creates a child that executes a list of system calls (the "child script"; its last step is
 * normally an execve), and returns the child's pid or -errno. The stub does not know the purpose of
 * the script, which Java prepares before the call.
 *
 *     1. sigprocmask(SIG_SETMASK, &c->block, &c->saved); if refused, return its -errno.
 *     2. The creating call, c->create: pdfork, or pdrfork with RFSPAWN.
 *     3. Parent: store the result, sigprocmask(SIG_SETMASK, &c->saved, NULL), return the result.
 *     4. Child: for each step, make the call, store the result, stop at the first failure that is
 *        not tolerated; exit(127). c->failed is then the index of that step.
 *
 * Special properties of the child
 *
 *     After pdfork it is a copy of the process with one thread: it must not run code that takes a
 *     lock, so neither libc nor Java. It runs at the same time as the parent; call and steps are in
 *     a shared mapping, so that the parent sees the results, and a close-on-exec pipe reports when
 *     they are complete.
 *
 *     After pdrfork with RFSPAWN it uses the parent's memory and, because it has no separate stack,
 *     also the parent's stack, at the same stack pointer, while the parent's thread is suspended
 *     until the child execs or exits and all other threads continue to run. Hence, in the child:
 *
 *     - No push, pop, call, ret, and no red zone. All values are in registers.
 *     - Registers, in contrast, are separate: the child need not restore any. For this reason only
 *       rbx is saved below, although the child also uses rbp, r12 and r13.
 *     - No signal handler: pdfork leaves the parent's handlers installed. All signals stay blocked
 *       (the child inherits the mask of step 1) until the script has made the dispositions
 *       harmless and sets the mask of the new program.
 *
 * Differences of system calls from Linux
 *
 *     - The carry flag indicates an error, with the positive errno in rax. Results are stored in
 *       the form of all scripts: a non-negative value, or -errno.
 *     - rdx is the second result: overwritten by every call. In a child, rdx is 1; but the stub
 *       tests rax, which is 0 in a child only, because arm64 has no such second result.
 *     - The kernel destroys rcx, r11, rdx, r8, r9 and r10.
 *     - A number that the kernel does not know returns ENOSYS and sends SIGSYS, which is blocked
 *       here, so that a script can probe it.
 *
 * Guarantees by the caller
 *
 *     - c and all memory to which it points are readable and writable until the call returns; for
 *       pdfork, c is in a shared mapping and stays mapped until the child has executed its program
 *       or ended.
 *     - c->failed is preset to a negative number. A child that execs, or is killed before, does not
 *       change it.
 *
 * Rejected: the alternatives in spawnstub-x86_64.S of the Linux backend, for the same reasons.
 *
 * The bytes are position independent, without data and relocations; they may be mapped anywhere,
 * read and execute only. The resource spawnstub-amd64.bin is the .text section of this file; see
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
 *     rax                   number of a system call, then its result; carry flag: it is an errno
 *     rdi rsi rdx r10 r8 r9 its arguments
 *     rcx                   scratch
 *     rbx                   c                             the caller's, saved on entry
 *     rbp                   child: the current step       the caller's, but in the child only
 *     r12                   child: its index              likewise
 *     r13                   child: count                  likewise
 *     rsp                   written only by push, pop and ret of the parent
 */

        .text
        .globl  spawn_stub
        .type   spawn_stub, @function
spawn_stub:
        endbr64                         /* reached by an indirect call */
        pushq   %rbx                    /* also aligns rsp to 16 */
        movq    %rdi, %rbx

        /* 1. Block signals. */
        movl    $SYS_sigprocmask, %eax
        movl    $SIG_SETMASK, %edi
        leaq    CALL_BLOCK(%rbx), %rsi
        leaq    CALL_SAVED(%rbx), %rdx
        syscall
        jnc     .Lblocked
        negq    %rax
        jmp     .Lreturn
.Lblocked:

        /* 2. Create the child. */
        movq    CALL_CREATE+STEP_NUMBER(%rbx), %rax
        movq    CALL_CREATE+STEP_ARGS+0(%rbx), %rdi
        movq    CALL_CREATE+STEP_ARGS+8(%rbx), %rsi
        movq    CALL_CREATE+STEP_ARGS+16(%rbx), %rdx
        movq    CALL_CREATE+STEP_ARGS+24(%rbx), %r10
        movq    CALL_CREATE+STEP_ARGS+32(%rbx), %r8
        movq    CALL_CREATE+STEP_ARGS+40(%rbx), %r9
        syscall
        jnc     .Lcreated
        negq    %rax
        jmp     .Lparent
.Lcreated:
        testq   %rax, %rax
        jz      .Lchild

        /* 3. The parent. Signals that became pending are handled on return from this call; so the
              result is stored before. */
.Lparent:
        movq    %rax, CALL_CREATE+STEP_RESULT(%rbx)
        movl    $SYS_sigprocmask, %eax
        movl    $SIG_SETMASK, %edi
        leaq    CALL_SAVED(%rbx), %rsi
        xorl    %edx, %edx
        syscall
        movq    CALL_CREATE+STEP_RESULT(%rbx), %rax
.Lreturn:
        popq    %rbx
        ret

        /* 4. The child. From here on rsp is neither used nor changed. */
.Lchild:
        leaq    CALL_STEPS(%rbx), %rbp
        xorl    %r12d, %r12d
        movq    CALL_COUNT(%rbx), %r13
.Lstep:
        cmpq    %r13, %r12
        jae     .Lstop                  /* past the last step: failed = count */
        movq    STEP_NUMBER(%rbp), %rax
        movq    STEP_ARGS+0(%rbp), %rdi
        movq    STEP_ARGS+8(%rbp), %rsi
        movq    STEP_ARGS+16(%rbp), %rdx
        movq    STEP_ARGS+24(%rbp), %r10
        movq    STEP_ARGS+32(%rbp), %r8
        movq    STEP_ARGS+40(%rbp), %r9
        syscall
        sbbq    %rdx, %rdx              /* -1 if it failed, else 0 */
        xorq    %rdx, %rax              /* two's complement: (rax ^ -1) + 1 = -rax */
        subq    %rdx, %rax
        movq    %rax, STEP_RESULT(%rbp) /* success or failure, ... */
        movq    STEP_TARGET(%rbp), %rcx
        testq   %rcx, %rcx
        jz      .Ljudge
        movq    %rax, (%rcx)            /* ... also at the target of the script */
.Ljudge:
        testq   %rdx, %rdx
        jz      .Lnext
        movq    STEP_TOLERATED(%rbp), %rcx
        testb   $1, %cl
        jnz     .Lnext                  /* any errno is tolerated */
        negq    %rax
        cmpq    $63, %rax
        ja      .Lstop                  /* has no bit; bt would use errno modulo 64 */
        btq     %rax, %rcx
        jnc     .Lstop
.Lnext:
        addq    $STEP_SIZE, %rbp
        incq    %r12
        jmp     .Lstep

.Lstop:
        movq    %r12, CALL_FAILED(%rbx)
.Lexit:
        movl    $SYS_exit, %eax
        movl    $EXIT_FAILED, %edi
        syscall
        ud2                             /* never continue */
        jmp     .Lexit
        .size   spawn_stub, . - spawn_stub
