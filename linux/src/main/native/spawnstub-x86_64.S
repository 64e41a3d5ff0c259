/*
 * The spawn stub of procdesc for Linux on x86-64.
 *
 *     long spawn_stub(struct call *c);        System V ABI: c in rdi, result in rax
 *
 * Creates a child that shares this process's memory and executes a list of system calls (the "child
 * script"; its last step is normally an execve), and returns the child's pid or -errno. The stub
 * does not know the purpose of the script, which Java prepares before the call.
 *
 *     1. rt_sigprocmask(SIG_SETMASK, &c->block, &c->saved, 8); if refused, return its -errno.
 *     2. The creating call, c->create: clone3 or clone with CLONE_VM | CLONE_VFORK and stack 0.
 *     3. Parent: store the result, rt_sigprocmask(SIG_SETMASK, &c->saved, NULL, 8), return it.
 *     4. Child: for each step, make the call, store the result, stop at the first failure that is
 *        not tolerated; exit_group(127). c->failed is then the index of that step.
 *
 * Special properties of the child
 *
 *     It uses the parent's memory, and, because its stack is 0, also the parent's stack, at the
 *     same stack pointer. The parent's thread is suspended until the child execs or exits; all
 *     other threads of the process continue to run. Hence, in the child:
 *
 *     - No push, pop, call, ret, and no red zone. At and above the stack pointer is the frame to
 *       which the parent returns; the use of the memory below it also depends on the parent. The
 *       rule never to access the stack is the one that can be checked. All values are in registers.
 *     - Registers, in contrast, are separate: the child need not restore any. For this reason only
 *       rbx is saved below, although the child also uses rbp, r12 and r13.
 *     - No libc: its locks may be held by another thread, errno and the thread control block belong
 *       to the parent, and it caches values (pids, cancellation state) that are wrong here.
 *     - No signal handler: it would run the parent's code, on the parent's stack, in the wrong
 *       process. All signals stay blocked (the child inherits the mask of step 1) until the
 *       script has made the dispositions harmless and sets the mask of the new program.
 *     - No death by a signal that dumps core (a wrong target, a system call for which a seccomp
 *       filter raises SIGSYS): before Linux 5.16 it ends every process that shares the memory,
 *       including the parent.
 *     - It may write to struct call, from which the parent reads the result: the memory is shared,
 *       and the parent runs only after the child has left it. No pipe is needed.
 *
 * Guarantees by the caller
 *
 *     - c and all memory to which it points are readable and writable until the call returns.
 *     - c->failed is preset to a negative number. A child that execs, or is killed before, does not
 *       change it; so "no step failed" does not imply that the program runs. The results of the
 *       steps, if the caller has preset them to a number that no call returns, and the exit signal,
 *       which exec sets to SIGCHLD, distinguish these cases.
 *     - create has both CLONE_VM and CLONE_VFORK. With CLONE_VM alone two threads would return on
 *       one stack; with neither, the results would stay in the child's copy (unless c is in a
 *       shared mapping) and the parent would not wait for them.
 *
 * Rejected
 *
 *     - C, compiled: the language does not prevent a compiler from spilling to the stack, calling
 *       memcpy, or using the red zone across the creating call; the result would have to be
 *       inspected again with each compiler. At this size assembly is the more readable proof.
 *     - A separate stack for the child: would make the rule above unnecessary, but costs a mapping
 *       per concurrent spawn, which must also be freed. No code here needs a stack.
 *     - fork: safe, but copies the page tables (a heap of gigabytes makes it slow and, under
 *       strict overcommit, impossible), and results need a pipe.
 *     - libc's vfork and posix_spawn: vfork cannot be called through a foreign-function layer, as
 *       its frames would be destroyed when the parent returns through them; posix_spawn neither
 *       returns a descriptor nor supports most of the required steps.
 *     - A helper program that completes the setup after its exec (OpenJDK's jspawnhelper): a second
 *       exec, a file that must be installed and match the library, and a protocol.
 *     - A more powerful script (conditions, loops): no script needs more than "next" and "stop".
 *       The only useful extension is `target`, which copies a result to an argument of a later step.
 *
 * The bytes are position independent, without data and relocations; they may be mapped anywhere,
 * read and execute only. The resource spawnstub-x86_64.bin is the .text section of this file; see
 * README.md.
 */

/* struct call, 128 bytes and the steps. Signal sets have 16 bytes; Linux uses the first 8. */
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
        .equ    STEP_RESULT,     72     /* out: the kernel's result */
        .equ    STEP_SIZE,       80

/* Linux on x86-64. */
        .equ    SYS_rt_sigprocmask,  14
        .equ    SYS_exit_group,     231
        .equ    SIG_SETMASK,          2
        .equ    SIGSET_SIZE,          8
        .equ    MAX_ERRNO,         4095 /* -4095..-1 are errors, others are results */
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

        /* 3. The parent: the child has left the memory, or there is none. Signals that became
              pending are handled on return from this call; so the result is stored before. */
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
        movq    %rax, STEP_RESULT(%rbp) /* success or failure, ... */
        movq    STEP_TARGET(%rbp), %rcx
        testq   %rcx, %rcx
        jz      .Ljudge
        movq    %rax, (%rcx)            /* ... also at the target of the script */
.Ljudge:
        cmpq    $-MAX_ERRNO, %rax
        jb      .Lnext                  /* unsigned: not in -4095..-1 */
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
        movl    $SYS_exit_group, %eax
        movl    $EXIT_FAILED, %edi
        syscall
        ud2                             /* refused (seccomp): never continue. SIGILL, */
        jmp     .Lexit                  /* although blocked, ends the child */
        .size   spawn_stub, . - spawn_stub
