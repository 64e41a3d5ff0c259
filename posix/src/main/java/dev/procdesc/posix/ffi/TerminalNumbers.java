package dev.procdesc.posix.ffi;

/**
 * The numbers of terminals, and of the signal mask that a change of a terminal needs; each backend
 * supplies them from its {@code Numbers}.
 *
 * @param tiocsctty the request of ioctl(2) that makes a terminal the controlling one
 * @param tiocspgrp the request that sets its foreground process group
 * @param tiocgpgrp the request that returns its foreground process group
 * @param getModes the request that returns its modes
 * @param setModes the request that sets its modes at once
 * @param modesSize the size of the structure of the modes
 * @param localModes the offset of the local modes in that structure
 * @param icanon the local mode that collects input to lines
 * @param veof the offset of the end-of-file character in that structure
 * @param vdisable the value of a character that is switched off
 * @param tiocgwinsz the request that returns its size
 * @param tiocswinsz the request that sets its size
 * @param oNoctty the flag of open(2) by which a terminal does not become the controlling one
 * @param sigBlock the operation of pthread_sigmask(3) that adds signals to the mask
 * @param sigSetmask the operation that replaces the mask
 */
public record TerminalNumbers(
    long tiocsctty,
    long tiocspgrp,
    long tiocgpgrp,
    long getModes,
    long setModes,
    int modesSize,
    int localModes,
    int icanon,
    int veof,
    int vdisable,
    long tiocgwinsz,
    long tiocswinsz,
    int oNoctty,
    int sigBlock,
    int sigSetmask) {}
