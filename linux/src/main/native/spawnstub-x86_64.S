/*
 * The spawn stub of procdesc for Linux on x86-64.
 *
 *     long spawn_stub(struct call *c);        System V ABI: c in rdi, result in rax
 *
 * It creates a child that shares this process's memory, lets it walk a list of system calls (the
 * "child script"; its last step is normally an execve), and returns the child's pid or -errno.
 * What the script does is none of its business: that is decided, in Java, before the call.
 *
 *     1. rt_sigprocmask(SIG_SETMASK, &c->block, &c->saved, 8); if refused, return its -errno.
 *     2. The creating call, c->create: clone3 or clone with CLONE_VM | CLONE_VFORK and stack 0.
 *     3. Parent: store the result, rt_sigprocmask(SIG_SETMASK, &c->saved, NULL, 8), return it.
 *     4. Child: for each step, make the call, store the result, stop at the first failure that is
 *        not tolerated; exit_group(127). c->failed then says which step it was.
 *
 * What is special about the child
 *
 *     It runs on the parent's memory, and, as its stack is 0, on the parent's very stack, at the
 *     same stack pointer. The parent's thread is suspended until the child execs or exits; all the
 *     other threads of the process run on. Hence, in the child:
 *
 *     - No push, pop, call, ret, and no red zone. At and above the stack pointer is the frame to
 *       which the parent comes back; below it, what the child may rely on depends on the parent,
 *       too. Not to touch the stack at all is the rule that can be checked. Everything is in
 *       registers.
 *     - Registers, in contrast, are its own: it need not restore any. This is why only rbx is
 *       saved below, although the child also uses rbp, r12 and r13.
 *     - No libc: its locks may be held by another thread, errno and the thread control block are
 *       the parent's, and it caches things (pids, cancellation state) that are wrong here.
 *     - No signal handler: it would run the parent's code, on the parent's stack, in the wrong
 *       process. All signals stay blocked (the child inherits the mask of step 1) until the
 *       script has made the dispositions harmless and sets the mask of the new program.
 *     - No death by a signal that dumps core (a bad target, a system call that a seccomp filter
 *       answers with SIGSYS): before Linux 5.16 it ends every process that shares the memory, so
 *       the parent.
 *     - It may write to struct call, and that is how the parent learns the outcome: the memory is
 *       shared, and the parent can only look when the child is gone from it. No pipe is needed.
 *
 * What the caller guarantees
 *
 *     - c and all it points to are readable and writable, and stay so until the call returns.
 *     - c->failed is preset to a negative number. A child that execs, or is killed on the way,
 *       leaves it so; "no step failed" is therefore not yet "the program runs", but the wait
 *       status tells these apart.
 *     - create has both CLONE_VM and CLONE_VFORK. With CLONE_VM alone two threads would return on
 *       one stack; with neither, the results would stay in the child's copy (unless c is in a
 *       shared mapping) and the parent would not wait for them.
 *
 * Rejected
 *
 *     - C, compiled: nothing in the language keeps a compiler from spilling to the stack, calling
 *       memcpy, or using the red zone across the creating call; it would have to be inspected
 *       again with each compiler. At this size assembly is the more readable proof.
 *     - A stack of its own for the child: would make the rule above unnecessary, but costs a
 *       mapping per concurrent spawn and brings back the question who frees it. Nothing here
 *       needs a stack.
 *     - fork: safe, but copies the page tables (a heap of gigabytes makes it slow and, under
 *       strict overcommit, impossible), and results need a pipe.
 *     - libc's vfork and posix_spawn: vfork cannot be called through a foreign-function layer, as
 *       its frames would be gone when the parent returns through them; posix_spawn neither gives
 *       a descriptor nor knows most of the steps that are wanted.
 *     - A helper program that finishes the job after its exec (OpenJDK's jspawnhelper): a second
 *       exec, a file to install and to keep in step with the library, and a protocol.
 *     - A richer script (conditions, loops): anything but "next" and "stop" has no user. The one
 *       extension that pays is `target`, which copies a result to where a later step finds it.
 *
 * The bytes: position independent, no data, no relocation; may be mapped anywhere, read and
 * execute only. The resource spawnstub-x86_64.bin is the .text section of this file; see
 * README.md.
 */

/* struct call, 128 bytes and the steps. Signal sets have 16 bytes; Linux uses the first 8. */
        .equ    CALL_BLOCK,       0     /* in:  signals to block during the call */
        .equ    CALL_SAVED,      16     /* out: the mask to go back to */
        .equ    CALL_FAILED,     32     /* out: index of the failed step; count: none failed */
        .equ    CALL_COUNT,      40     /* in:  number of steps; read once */
        .equ    CALL_CREATE,     48     /* in:  the creating call, a step; only its number, */
                                        /*      args and result are used */
        .equ    CALL_STEPS,     128     /* in:  the steps */

/* struct step, 80 bytes. */
        .equ    STEP_NUMBER,      0     /* in:  system call number */
        .equ    STEP_ARGS,        8     /* in:  six arguments */
        .equ    STEP_TOLERATED,  56     /* in:  bit 0: any errno; bit e, 1 <= e <= 63: errno e */
        .equ    STEP_TARGET,     64     /* in:  null, or where else to store the result */
        .equ    STEP_RESULT,     72     /* out: what the kernel returned */
        .equ    STEP_SIZE,       80

/* Linux on x86-64. */
        .equ    SYS_rt_sigprocmask,  14
        .equ    SYS_exit_group,     231
        .equ    SIG_SETMASK,          2
        .equ    SIGSET_SIZE,          8
        .equ    MAX_ERRNO,         4095 /* -4095..-1 are errors, all else is a result */
        .equ    EXIT_FAILED,        127 /* the shell's "could not be executed" */

/*
 * Registers
 *
 *     rax                   number of a system call, then its result
 *     rdi rsi rdx r10 r8 r9 its arguments
 *     rcx r11               destroyed by the syscall instruction; rcx is also the scratch register
 *     rbx                   c                             the caller's, saved on entry
 *     rbp                   child: the current step       the caller's, but in the child only
 *     r12                   child: its index              likewise
 *     r13                   child: count                  likewise
 *     rsp                   written only by push, pop and ret of the parent
 *
 * The kernel preserves all but rax, rcx and r11.
 */

        .text
        .globl  spawn_stub
        .type   spawn_stub, @function
spawn_stub:
        endbr64                         /* reached by an indirect call */
        pushq   %rbx                    /* also aligns rsp to 16 */
        movq    %rdi, %rbx

        /* 1. Block signals. */
        movl    $SYS_rt_sigprocmask, %eax
        movl    $SIG_SETMASK, %edi
        leaq    CALL_BLOCK(%rbx), %rsi
        leaq    CALL_SAVED(%rbx), %rdx
        movl    $SIGSET_SIZE, %r10d
        syscall
        testq   %rax, %rax
        jnz     .Lreturn

        /* 2. Create the child. */
        movq    CALL_CREATE+STEP_NUMBER(%rbx), %rax
        movq    CALL_CREATE+STEP_ARGS+0(%rbx), %rdi
        movq    CALL_CREATE+STEP_ARGS+8(%rbx), %rsi
        movq    CALL_CREATE+STEP_ARGS+16(%rbx), %rdx
        movq    CALL_CREATE+STEP_ARGS+24(%rbx), %r10
        movq    CALL_CREATE+STEP_ARGS+32(%rbx), %r8
        movq    CALL_CREATE+STEP_ARGS+40(%rbx), %r9
        syscall
        testq   %rax, %rax
        jz      .Lchild

        /* 3. The parent: the child has left our memory, or there is none. Signals that came in
              the meantime are handled on the way out of this call; so first store the result. */
        movq    %rax, CALL_CREATE+STEP_RESULT(%rbx)
        movl    $SYS_rt_sigprocmask, %eax
        movl    $SIG_SETMASK, %edi
        leaq    CALL_SAVED(%rbx), %rsi
        xorl    %edx, %edx
        movl    $SIGSET_SIZE, %r10d
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
        movq    %rax, STEP_RESULT(%rbp) /* whether good or bad, ... */
        movq    STEP_TARGET(%rbp), %rcx
        testq   %rcx, %rcx
        jz      .Ljudge
        movq    %rax, (%rcx)            /* ... and to where the script wants it */
.Ljudge:
        cmpq    $-MAX_ERRNO, %rax
        jb      .Lnext                  /* unsigned: not in -4095..-1 */
        movq    STEP_TOLERATED(%rbp), %rcx
        testb   $1, %cl
        jnz     .Lnext                  /* any errno is tolerated */
        negq    %rax
        cmpq    $63, %rax
        ja      .Lstop                  /* has no bit; bt would take errno modulo 64 */
        btq     %rax, %rcx
        jnc     .Lstop
.Lnext:
        addq    $STEP_SIZE, %rbp
        incq    %r12
        jmp     .Lstep

.Lstop:
        movq    %r12, CALL_FAILED(%rbx)
.Lexit:
        movl    $SYS_exit_group, %eax
        movl    $EXIT_FAILED, %edi
        syscall
        ud2                             /* refused (seccomp)? Never run on: SIGILL, though */
        jmp     .Lexit                  /* blocked, ends the child */
        .size   spawn_stub, . - spawn_stub
