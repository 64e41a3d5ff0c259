#!/usr/bin/env python3
"""Tests the guarantees of guardian.c on the running kernel.

    guardian_test.py [--guardian FILE] [--runner COMMAND] [--count N] [--fuzz N] [unittest arguments]

Three processes participate in most tests: this one, a process in place of the JVM (which holds the
socket, and is killed), and the guardian, started as the library starts it: by execveat from a sealed
memfd with descriptors 3 and 4 and no other. This process is a subreaper, so it also receives the
status of children whose parent was killed, and can verify that they were killed by SIGKILL.

No test sleeps to wait: it waits for the event itself, with a ceiling (TIMEOUT). The absence of an
event is checked behind a barrier: the guardian answers messages in order, so when the answer to a
later message has arrived, the earlier messages were processed.

All processes that are started here end with this one (they read from a pipe that it holds), and are
signalled by pidfd only. Counting the guardian's descriptors requires root; skipped tests are printed.
"""
import argparse
import array
import atexit
import contextlib
import ctypes
import errno
import faulthandler
import fcntl
import itertools
import mmap
import os
import random
import resource
import select
import shlex
import signal
import socket
import struct
import sys
import time
import unittest

REGISTER, RELEASE, SHARE, READY, LOST, INVALID, UNSHARED = 1, 2, 3, 16, 17, 18, 19
LIFELINE, GROUP, CGROUP, SENDER = 1, 2, 4, 8
GROUPS, CONFINED = 1, 2
SO_PASSPIDFD = 76
RESERVE = 16
TIMEOUT = int(os.environ.get("GUARDIAN_TEST_TIMEOUT", 60))
KERNEL = tuple(int(part) for part in os.uname().release.replace("-", ".").split(".")[:2])
FIGURES = []
cgroups = []  # created by the tests, to be removed

options = argparse.Namespace(guardian="guardian-x86_64.bin", runner="", count=5000, fuzz=100_000)
libc = ctypes.CDLL(None, use_errno=True)

# The read end is the standard input of every process started here, which exits at the end of file.
leash_read, leash_write = os.pipe()


def eventually(what, condition):
    """Polls for the few states without an event (the guardian's internal bookkeeping)."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {TIMEOUT} s: {what}")
        time.sleep(0.001)


def readable(fd, timeout=0):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


class Process:
    """A child of this process, with its pidfd."""

    everything = []

    def __init__(self, pid):
        self.pid, self.pidfd, self.status = pid, os.pidfd_open(pid), None
        Process.everything.append(self)

    def alive(self):
        return not readable(self.pidfd)

    def signal(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def wait(self):
        """Returns the exit code, or the negated signal."""
        if self.status is None:
            if not readable(self.pidfd, TIMEOUT):
                raise AssertionError(f"process {self.pid} still runs after {TIMEOUT} s")
            result = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
            self.status = result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
        return self.status

    def close(self):
        Process.everything.remove(self)
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self.wait()
        os.close(self.pidfd)


def fork(body):
    """Starts a process that runs body() in Python and exits with its result."""
    pid = os.fork()
    if pid:
        return Process(pid)
    status = 99
    try:
        atexit.unregister(cleanup)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(leash_write)
        status = body() or 0
    except BaseException as e:  # noqa: B902  a child must never continue with the tests
        os.write(2, f"child: {e!r}\n".encode())
    finally:
        os._exit(status)


def sleeper():
    return Process(spawn_cat())


def spawn_cat():
    return os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=[
        (os.POSIX_SPAWN_DUP2, leash_read, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])


def exec_cat():
    os.dup2(leash_read, 0)
    os.execv("/bin/cat", ["cat"])


def wait_on_leash():
    os.read(leash_read, 1)


def sealed_memfd(path):
    fd = os.memfd_create("procdesc-guardian", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(path, "rb") as file:
        os.write(fd, file.read())
    f_add_seals, seal_shrink_grow_write_seal = 1033, 1 | 2 | 4 | 8
    fcntl.fcntl(fd, f_add_seals, seal_shrink_grow_write_seal)
    return fd


def send(sock, kind, flags=0, id=0, fds=()):
    send_raw(sock, struct.pack("=IIQ", kind, flags, id), fds)


def send_raw(sock, data, fds=(), flags=0):
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([data], ancillary, flags)


class Guardian:
    """A guardian, its socket (`sock`, the JVM's end) and the process in place of the JVM."""

    def __init__(self, jvm_body=None, passpidfd=True, limit=None, uid=None, jvm_holds_socket=True):
        self.sock, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The default holds about 270 messages; a test stops the guardian and sends 360.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.answers, self.pings = [], itertools.count(1 << 32)
        if passpidfd and KERNEL >= (6, 5):
            end.setsockopt(socket.SOL_SOCKET, SO_PASSPIDFD, 1)
        started_read, started_write = os.pipe()
        go_read, go_write = os.pipe()

        def jvm():
            os.close(started_read)
            os.close(go_write)
            os.read(go_read, 1)
            end.close()
            if not jvm_holds_socket:
                self.sock.close()
            if jvm_body:
                jvm_body(self.sock)
            os.write(started_write, b".")
            wait_on_leash()
        self.jvm = fork(jvm)
        os.close(started_write)
        os.close(go_read)
        memfd = sealed_memfd(options.guardian)

        def guardian():
            os.setsid()
            os.chdir("/")
            if limit:
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 32), limit))
            three, four = os.dup(end.fileno()), os.dup(self.jvm.pidfd)
            high = fcntl.fcntl(memfd, fcntl.F_DUPFD_CLOEXEC, 20)
            three = fcntl.fcntl(three, fcntl.F_DUPFD_CLOEXEC, 21)
            four = fcntl.fcntl(four, fcntl.F_DUPFD_CLOEXEC, 22)
            os.dup2(three, 3)
            os.dup2(four, 4)
            if uid:
                os.setresuid(uid, uid, uid)
            for fd in range(3):
                os.close(fd)
            name = f"procdesc-guardian of {self.jvm.pid}"
            if options.runner:
                command = shlex.split(options.runner)
                os.set_inheritable(high, True)  # a stray descriptor, which the guardian closes
                os.execv(command[0], command + [f"/proc/self/fd/{high}"])
            os.execve(high, [name], {})
        self.process = fork(guardian)
        self.pid = self.process.pid
        os.close(memfd)
        end.close()
        self.ready = self.receive()
        if self.ready[0] != READY:
            raise AssertionError(f"first message is {self.ready}")
        self.base = self.descriptors() if os.geteuid() == 0 else None
        os.close(go_write)
        if not readable(started_read, TIMEOUT) or not os.read(started_read, 1):
            raise AssertionError("the stand-in JVM did not start")
        os.close(started_read)

    def send(self, *arguments, **named):
        send(self.sock, *arguments, **named)

    def receive(self):
        if not readable(self.sock.fileno(), TIMEOUT):
            raise AssertionError(f"no message within {TIMEOUT} s")
        data = self.sock.recv(64)
        if len(data) != 16:
            raise AssertionError(f"message of {len(data)} bytes")
        return struct.unpack("=IIQ", data)

    def barrier(self):
        """Returns the answers to all messages sent before."""
        ping = next(self.pings)
        self.send(0x676E6970, 0, ping)
        while (answer := self.receive()) != (INVALID, 0x676E6970, ping):
            self.answers.append(answer)
        answers, self.answers = self.answers, []
        return answers

    def everything_read(self):
        """Waits until the guardian has read all messages, and discards its answers.

        Needed before barrier() if many answers may be unread: answers that do not fit into this end's
        queue are dropped, possibly including the barrier's.
        """
        def done():
            while readable(self.sock.fileno()):
                self.receive()
            siocoutq = 0x5411
            return not any(fcntl.ioctl(self.sock.fileno(), siocoutq, bytes(4)))
        eventually("everything read", done)
        done()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def holds(self, number):
        """Waits until the guardian holds that many descriptors more than at its start."""
        if self.base is None:
            return
        eventually(f"{number} descriptors held, last seen {self.descriptors() - self.base}",
                   lambda: self.descriptors() - self.base == number)

    def status_line(self, name):
        with open(f"/proc/{self.pid}/status") as file:
            return next(line.split()[1] for line in file if line.startswith(name + ":"))

    def close(self):
        self.sock.close()
        self.jvm.close()
        self.process.close()


def cleanup():
    for process in list(Process.everything):
        process.close()
    for path in list(cgroups):
        remove_cgroup(path)


atexit.register(cleanup)


def remove_cgroup(path):
    """Removes a cgroup, also after a failure; it contains only children of this test."""
    def gone():
        try:
            os.rmdir(path)
        except OSError as e:
            if e.errno != errno.EBUSY:
                raise
            return False
        return True
    if os.path.exists(path + "/cgroup.kill"):
        with open(path + "/cgroup.kill", "w") as file:
            file.write("1")
    eventually("cgroup removed", gone)
    cgroups.remove(path)


def find_cgroup2():
    for root in "/sys/fs/cgroup", "/sys/fs/cgroup/unified":
        if os.path.exists(root + "/cgroup.controllers") and os.access(root, os.W_OK):
            return root
    return None


class GuardianCase(unittest.TestCase):
    def start(self, *arguments, **named):
        guardian = Guardian(*arguments, **named)
        self.addCleanup(guardian.close)
        return guardian

    def own(self, process):
        self.addCleanup(process.close)
        return process

    def sleeper(self):
        return self.own(sleeper())

    def pipe(self):
        """Returns two ends, which are closed after the test unless the test has closed them."""
        ends = [os.fdopen(fd, mode, 0) for fd, mode in zip(os.pipe(), ("rb", "wb"))]
        for end in ends:
            self.addCleanup(end.close)
        return ends

    def assertKilled(self, *processes):
        for process in processes:
            self.assertEqual(-signal.SIGKILL, process.wait())

    def assertEnds(self, guardian):
        self.assertEqual(0, guardian.process.wait())

    def adopt(self, pid):
        """Returns a process whose parent is another process that exits before it is reaped."""
        return self.own(Process(pid))

    def not_emulated(self):
        if options.runner:
            self.skipTest("an emulator of system calls loses descriptors that do not fit "
                          "into the receiver's buffer, where the kernel closes them")

    def native(self):
        if options.runner:
            self.skipTest("signals, figures and confinement would be those of " + options.runner)


class Start(GuardianCase):
    def test_ready_first_with_capacity_and_features(self):
        g = self.start(limit=1000)
        kind, flags, capacity = g.ready
        self.assertEqual(READY, kind)
        self.assertEqual((1000 - RESERVE) // 2, capacity)
        self.assertEqual(KERNEL >= (6, 9), bool(flags & GROUPS))
        if not options.runner:
            self.assertTrue(flags & CONFINED)

    def test_confined(self):
        self.native()
        g = self.start()
        self.assertEqual("2", g.status_line("Seccomp"))
        self.assertEqual("1", g.status_line("NoNewPrivs"))

    def test_not_dumpable(self):
        self.native()
        if os.geteuid():
            self.skipTest("needs root, to start a guardian of another user")
        g = self.start(uid=65534)
        self.assertEqual("65534", g.status_line("Uid"))
        # /proc/PID belongs to its user if it is dumpable, to root if not.
        self.assertEqual(0, os.stat(f"/proc/{g.pid}/fd").st_uid)

    def test_name(self):
        self.native()
        g = self.start()
        with open(f"/proc/{g.pid}/comm") as file:
            self.assertEqual("procdesc-guard\n", file.read())
        with open(f"/proc/{g.pid}/cmdline") as file:
            self.assertEqual(f"procdesc-guardian of {g.jvm.pid}\0", file.read())

    def test_holds_only_its_three_descriptors(self):
        self.native()
        if os.geteuid():
            self.skipTest("needs root to count the guardian's descriptors")
        g = self.start()
        self.assertEqual(["0", "3", "4"], sorted(os.listdir(f"/proc/{g.pid}/fd")))

    def test_refuses_to_start_without_its_descriptors(self):
        self.native()

        def body():
            memfd = fcntl.fcntl(sealed_memfd(options.guardian), fcntl.F_DUPFD_CLOEXEC, 20)
            os.closerange(3, 20)
            os.execve(memfd, ["guardian"], {})
        self.assertEqual(1, self.own(fork(body)).wait())

    def test_writable_and_executable_never_both(self):
        self.native()
        g = self.start()
        with open(f"/proc/{g.pid}/maps") as file:
            for line in file:
                self.assertNotRegex(line.split()[1], "w.*x")


class Signals(GuardianCase):
    def test_survives_every_signal_but_kill_and_stop(self):
        self.native()
        g = self.start()
        self.assertEqual("fffffffffffbfeff", g.status_line("SigBlk"))
        for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
            g.process.signal(number)
        self.assertEqual([], g.barrier())
        self.assertTrue(g.process.alive())

    def test_stop_and_continue(self):
        g, child = self.start(), self.sleeper()
        for _ in range(20):
            g.process.signal(signal.SIGSTOP)
            g.process.signal(signal.SIGCONT)
            g.barrier()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.barrier()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(child)

    def test_peer_sees_it_die(self):
        g, child = self.start(), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.barrier()
        g.process.signal(signal.SIGKILL)
        poll = select.poll()
        poll.register(g.sock, 0)
        self.assertEqual([(g.sock.fileno(), select.POLLHUP)], poll.poll(TIMEOUT * 1000))
        self.assertEqual(-signal.SIGKILL, g.process.wait())
        self.assertTrue(child.alive())


class Death(GuardianCase):
    """The JVM's death kills, however it is detected."""

    def test_jvm_killed(self):
        children = [self.sleeper() for _ in range(10)]

        def jvm(sock):
            for i, child in enumerate(children):
                send(sock, REGISTER, 0, i, [child.pidfd])
        g = self.start(jvm)
        self.assertEqual([], g.barrier())
        g.holds(10)
        self.assertTrue(all(child.alive() for child in children))
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(*children)
        self.assertEnds(g)

    def test_jvm_exits(self):
        g, child = self.start(), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.barrier()
        g.sock.close()
        g.jvm.signal(signal.SIGTERM)
        self.assertKilled(child)
        self.assertEnds(g)

    def test_registration_by_the_child_itself_before_exec(self):
        if KERNEL < (6, 5):
            self.skipTest("SCM_PIDFD needs Linux 6.5")
        pids_read, pids_write = self.pipe()

        def jvm(sock):
            for i in range(10):
                pid = os.fork()
                if pid == 0:
                    send(sock, REGISTER, SENDER, i)
                    exec_cat()
                os.write(pids_write.fileno(), struct.pack("=i", pid))
        g = self.start(jvm)
        children = [self.adopt(struct.unpack("=i", os.read(pids_read.fileno(), 4))[0])
                    for _ in range(10)]
        # No barrier before: the messages are in the queue.
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, g.jvm.wait())  # now this process is the parent of the children
        for child in children:
            # Killed either as "cat", or between fork and exec: both are correct.
            self.assertKilled(child)
        self.assertEnds(g)

    def test_socket_held_by_a_foreign_fork(self):
        g, before, after = self.start(), self.sleeper(), self.sleeper()
        foreign = self.own(fork(wait_on_leash))  # inherits g.sock
        g.send(REGISTER, 0, 1, [before.pidfd])
        g.barrier()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(before)
        g.send(REGISTER, 0, 2, [after.pidfd])
        self.assertKilled(after)
        self.assertEqual([], g.barrier())
        g.holds(-1)  # the pidfd of the JVM is closed, and nothing else is held
        g.sock.close()
        self.assertTrue(g.process.alive())
        foreign.signal(signal.SIGKILL)
        self.assertEnds(g)

    def test_socket_closed_by_a_living_jvm(self):
        g, child = self.start(jvm_holds_socket=False), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.sock.close()
        self.assertKilled(child)
        self.assertEnds(g)
        self.assertTrue(g.jvm.alive())

    def test_socket_shut_down(self):
        g, child = self.start(), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.sock.shutdown(socket.SHUT_WR)
        self.assertKilled(child)
        self.assertEnds(g)

    def test_nothing_in_the_queue_is_lost(self):
        """All messages arrive after the death, behind an error (ECONNRESET: answers were not read)."""
        g = self.start()
        plain, shared, released = [[self.sleeper() for _ in range(30)] for _ in range(3)]
        line_read, line_write = self.pipe()
        g.send(99)  # answered, and the answer is not read
        self.assertTrue(readable(g.sock, TIMEOUT))
        g.process.signal(signal.SIGSTOP)
        os.waitid(os.P_PIDFD, g.process.pidfd, os.WSTOPPED)
        for i in range(30):
            send_raw(g.sock, b"")
            g.send(REGISTER, 0, 3 * i, [plain[i].pidfd])
            g.send(REGISTER, 0, 3 * i + 1, [shared[i].pidfd])
            g.send(REGISTER, 0, 3 * i + 2, [released[i].pidfd])
        for i in range(30):
            send_raw(g.sock, b"")
            g.send(SHARE, 0, 3 * i + 1, [line_read.fileno()])
            g.send(RELEASE, 0, 3 * i + 2)
        line_read.close()
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        g.jvm.wait()
        g.process.signal(signal.SIGCONT)
        self.assertKilled(*plain)
        g.holds(60 - 2)  # pidfd and lifeline of the shared ones; without its socket and the JVM's pidfd
        self.assertTrue(all(child.alive() for child in shared + released))
        line_write.close()
        self.assertKilled(*shared)
        self.assertEnds(g)
        self.assertTrue(all(child.alive() for child in released))

    def test_empty_packets_are_not_the_end(self):
        g, child = self.start(), self.sleeper()
        for fds in [], [child.pidfd], []:
            send_raw(g.sock, b"", fds)
        self.assertEqual({(INVALID, 0, 0)}, set(g.barrier()))
        g.holds(0)
        g.send(REGISTER, 0, 1, [child.pidfd])
        self.assertEqual([], g.barrier())
        self.assertTrue(child.alive())

    def test_without_registrations_it_ends_with_the_jvm(self):
        g = self.start()
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertEnds(g)


class Lifelines(GuardianCase):
    def outlives_jvm_until(self, g, child, last_close):
        witness = self.sleeper()
        g.send(REGISTER, 0, 77, [witness.pidfd])
        self.assertEqual([], g.barrier())
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(witness)
        self.assertEqual([], g.barrier())
        self.assertTrue(child.alive())
        g.sock.close()
        self.assertTrue(child.alive())
        last_close()
        self.assertKilled(child)
        self.assertEnds(g)

    def test_pipe(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, read.fileno()])
        read.close()
        self.outlives_jvm_until(g, child, write.close)

    def test_sockets(self):
        for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET:
            with self.subTest(kind):
                g, child = self.start(), self.sleeper()
                ours, line = socket.socketpair(socket.AF_UNIX, kind)
                g.send(REGISTER, LIFELINE, 1, [child.pidfd, line.fileno()])
                line.close()
                self.outlives_jvm_until(g, child, ours.close)

    def test_end_of_file_without_hang_up(self):
        g, child = self.start(), self.sleeper()
        ours, line = socket.socketpair()
        self.addCleanup(ours.close)
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, line.fileno()])
        line.close()
        self.assertEqual([], g.barrier())
        self.assertTrue(child.alive())
        ours.shutdown(socket.SHUT_WR)
        self.assertKilled(child)
        g.holds(0)

    def test_the_last_of_several_holders_counts(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        holders = [self.own(fork(wait_on_leash)) for _ in range(3)]
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, read.fileno()])
        read.close()
        g.barrier()
        write.close()
        for holder in holders:
            self.assertEqual([], g.barrier())
            self.assertTrue(child.alive())
            holder.signal(signal.SIGKILL)
            holder.wait()
        self.assertKilled(child)
        g.holds(0)
        self.assertTrue(g.jvm.alive())

    def test_data_in_it_means_nothing(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, read.fileno()])
        read.close()
        write.write(b"x" * 1000)
        g.barrier()
        g.barrier()
        self.assertTrue(child.alive())
        write.close()
        self.assertKilled(child)

    def test_at_its_end_already(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        write.close()
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, read.fileno()])
        self.assertKilled(child)
        g.holds(0)

    def test_share(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.send(SHARE, 0, 1, [read.fileno()])
        read.close()
        self.outlives_jvm_until(g, child, write.close)

    def test_share_again_replaces(self):
        g, child, first, second = self.start(), self.sleeper(), self.pipe(), self.pipe()
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, first[0].fileno()])
        g.send(SHARE, 0, 1, [second[0].fileno()])
        self.assertEqual([], g.barrier())
        g.holds(2)
        first[0].close()
        first[1].close()
        second[0].close()
        self.outlives_jvm_until(g, child, second[1].close)

    def test_registered_after_the_jvm_died(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        g.jvm.signal(signal.SIGKILL)
        g.holds(-1)
        g.send(REGISTER, LIFELINE, 1, [child.pidfd, read.fileno()])
        read.close()
        self.assertEqual([], g.barrier())
        self.assertTrue(child.alive())
        g.sock.close()
        write.close()
        self.assertKilled(child)
        self.assertEnds(g)


class Release(GuardianCase):
    def test_released_lives_on(self):
        g, released, kept = self.start(), self.sleeper(), self.sleeper()
        g.send(REGISTER, 0, 1, [released.pidfd])
        g.send(REGISTER, 0, 2, [kept.pidfd])
        g.send(RELEASE, 0, 1)
        g.send(RELEASE, 0, 3)  # unknown: no answer
        self.assertEqual([], g.barrier())
        g.holds(1)
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(kept)
        self.assertEnds(g)
        self.assertTrue(released.alive())

    def test_exited_is_forgotten(self):
        g, child = self.start(), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.barrier()
        g.holds(1)
        child.signal(signal.SIGTERM)
        child.wait()
        g.holds(0)

    def test_exited_before_it_came(self):
        g, child = self.start(), self.sleeper()
        child.signal(signal.SIGTERM)
        child.wait()
        g.send(REGISTER, 0, 1, [child.pidfd])
        self.assertEqual([], g.barrier())
        g.holds(0)

    def test_ids_in_great_number_and_any_order(self):
        g, child = self.start(), self.sleeper()
        rng = random.Random(1)
        ids = [rng.getrandbits(64) for _ in range(1500)] + list(range(1500))
        capacity = min(len(ids), g.ready[2])
        ids = rng.sample(ids, capacity)
        for id in ids:
            g.send(REGISTER, 0, id, [child.pidfd])
        self.assertEqual([], g.barrier())
        g.holds(capacity)
        rng.shuffle(ids)
        gone, left = ids[:capacity // 2], ids[capacity // 2:]
        for id in gone:
            g.send(RELEASE, 0, id)
        self.assertEqual([], g.barrier())
        g.holds(len(left))
        for id in left[:200]:
            g.send(REGISTER, 0, id, [child.pidfd])
        self.assertEqual([(LOST, errno.EEXIST, id) for id in left[:200]], g.barrier())
        child.signal(signal.SIGTERM)
        g.holds(0)


class Descendants(GuardianCase):
    def family(self, before_exit=lambda: None):
        """A group leader that has exited and was reaped, with a child in its group."""
        read, write = self.pipe()
        go_read, go_write = self.pipe()

        def leader():
            go_write.close()
            os.setpgid(0, 0)
            before_exit()
            pid = os.fork()
            if pid == 0:
                exec_cat()
            os.write(write.fileno(), struct.pack("=i", pid))
            os.read(go_read.fileno(), 1)  # until the test closes its end
        process = self.own(fork(leader))
        grandchild = struct.unpack("=i", os.read(read.fileno(), 4))[0]

        def leave():
            go_write.close()
            self.assertEqual(0, process.wait())
            return self.adopt(grandchild)
        return process, leave

    def needs_groups(self, g):
        if not g.ready[1] & GROUPS:
            self.skipTest("signals to a process group by pidfd need Linux 6.9")

    def test_group_outlives_its_leader(self):
        g = self.start()
        self.needs_groups(g)
        leader, leave = self.family()
        g.send(REGISTER, GROUP, 1, [leader.pidfd])
        self.assertEqual([], g.barrier())
        grandchild = leave()
        self.assertEqual([], g.barrier())
        g.holds(1)
        self.assertTrue(grandchild.alive())
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(grandchild)
        self.assertEnds(g)

    def test_group_with_living_leader(self):
        g = self.start()
        self.needs_groups(g)
        leader, _ = self.family()
        g.send(REGISTER, GROUP, 1, [leader.pidfd])
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(leader)
        self.assertEnds(g)

    def test_group_whose_leader_was_reaped_before_the_message_arrived(self):
        g = self.start()
        self.needs_groups(g)
        leader, leave = self.family()
        grandchild = leave()
        g.send(REGISTER, GROUP, 1, [leader.pidfd])
        self.assertEqual([], g.barrier())
        g.holds(1)
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(grandchild)

    def test_group_with_lifeline(self):
        g, (read, write) = self.start(), self.pipe()
        self.needs_groups(g)
        leader, leave = self.family()
        g.send(REGISTER, GROUP | LIFELINE, 1, [leader.pidfd, read.fileno()])
        read.close()
        g.barrier()
        grandchild = leave()
        g.jvm.signal(signal.SIGKILL)
        g.holds(2 - 1)
        self.assertEqual([], g.barrier())
        self.assertTrue(grandchild.alive())
        write.close()
        self.assertKilled(grandchild)
        g.holds(-1)

    def test_released_group_lives_on(self):
        g = self.start()
        self.needs_groups(g)
        leader, leave = self.family()
        g.send(REGISTER, GROUP, 1, [leader.pidfd])
        g.barrier()
        grandchild = leave()
        g.send(RELEASE, 0, 1)
        g.barrier()
        g.holds(0)
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertEnds(g)
        self.assertTrue(grandchild.alive())

    def test_group_is_refused_where_the_kernel_cannot(self):
        g, child = self.start(), self.sleeper()
        if g.ready[1] & GROUPS:
            self.skipTest("this kernel supports GROUP")
        g.send(REGISTER, GROUP, 1, [child.pidfd])
        self.assertEqual([(LOST, errno.EOPNOTSUPP, 1)], g.barrier())
        g.holds(0)

    def make_cgroup(self):
        root = find_cgroup2()
        if not root:
            self.skipTest("no writable cgroup v2 at /sys/fs/cgroup or /sys/fs/cgroup/unified")
        path = f"{root}/procdesc-guardian-test-{os.getpid()}-{random.getrandbits(32):08x}"
        os.mkdir(path)

        cgroups.append(path)
        self.addCleanup(remove_cgroup, path)
        if not os.path.exists(path + "/cgroup.kill"):
            self.skipTest("cgroup.kill needs Linux 5.14")
        return path

    def in_cgroup(self, path):
        def enter():
            with open(path + "/cgroup.procs", "w") as file:
                file.write("0")
        return self.family(enter)

    def test_cgroup(self):
        for flags in CGROUP, CGROUP | LIFELINE:
            with self.subTest(flags=flags):
                path = self.make_cgroup()
                g, (read, write) = self.start(), self.pipe()
                leader, leave = self.in_cgroup(path)
                kill = os.open(path + "/cgroup.kill", os.O_WRONLY)
                g.send(REGISTER, flags, 1,
                       [leader.pidfd] + ([read.fileno()] if flags & LIFELINE else []) + [kill])
                os.close(kill)
                read.close()
                self.assertEqual([], g.barrier())
                grandchild = leave()
                g.barrier()
                self.assertTrue(grandchild.alive())
                g.sock.close()
                g.jvm.signal(signal.SIGKILL)
                if flags & LIFELINE:
                    g.jvm.wait()
                    g.holds(3 - 2)
                    self.assertTrue(grandchild.alive())
                    write.close()
                self.assertKilled(grandchild)
                self.assertEnds(g)

    def test_cgroup_of_a_sender_that_is_gone(self):
        if KERNEL < (6, 5):
            self.skipTest("SCM_PIDFD needs Linux 6.5")
        path = self.make_cgroup()
        g = self.start()
        g.process.signal(signal.SIGSTOP)
        kill = os.open(path + "/cgroup.kill", os.O_WRONLY)

        def enter():
            with open(path + "/cgroup.procs", "w") as file:
                file.write("0")
            send(g.sock, REGISTER, CGROUP | SENDER, 1, [kill])
        _, leave = self.family(enter)
        os.close(kill)
        grandchild = leave()
        g.process.signal(signal.SIGCONT)
        self.assertEqual([], g.barrier())
        self.assertTrue(grandchild.alive())
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(grandchild)

    def test_only_a_cgroup_file_is_one(self):
        g, child, (read, write) = self.start(), self.sleeper(), self.pipe()
        g.send(REGISTER, CGROUP, 1, [child.pidfd, write.fileno()])
        self.assertEqual([(LOST, errno.EINVAL, 1)], g.barrier())
        g.holds(0)


class Senders(GuardianCase):
    def setUp(self):
        if KERNEL < (6, 5):
            self.skipTest("SCM_PIDFD needs Linux 6.5")

    def test_gone_before_the_message_was_read(self):
        for flags in (0, LIFELINE, GROUP, LIFELINE | GROUP):
            with self.subTest(flags=flags):
                g, (read, write) = self.start(), self.pipe()
                g.process.signal(signal.SIGSTOP)
                line = [read.fileno()] if flags & LIFELINE else []
                sender = self.own(fork(lambda: send(g.sock, REGISTER, SENDER | flags, 1, line)))
                self.assertEqual(0, sender.wait())
                g.process.signal(signal.SIGCONT)
                answers = g.barrier()
                if flags & GROUP and KERNEL < (6, 16):
                    expected = errno.ESRCH if g.ready[1] & GROUPS else errno.EOPNOTSUPP
                    self.assertIn(answers, ([(LOST, errno.ESRCH, 1)], [(LOST, expected, 1)]))
                    g.holds(0)
                else:
                    self.assertEqual([], answers)
                    g.holds(bin(flags).count("1") if flags & GROUP else 0)

    def test_alive(self):
        g = self.start()

        def body():
            send(g.sock, REGISTER, SENDER, 1)
            exec_cat()
        child = self.own(fork(body))
        eventually("message received", lambda: g.descriptors() - (g.base or 0) == 1)
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(child)

    def test_without_passpidfd(self):
        g = self.start(passpidfd=False)
        g.send(REGISTER, SENDER, 1)
        self.assertEqual([(LOST, errno.EOPNOTSUPP, 1)], g.barrier())


class Mistakes(GuardianCase):
    def test_answers(self):
        self.not_emulated()
        g, child, other = self.start(), self.sleeper(), self.sleeper()
        read, write = self.pipe()
        p, r = child.pidfd, read.fileno()
        null = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, null)
        plain = os.open(__file__, os.O_RDONLY)
        self.addCleanup(os.close, plain)
        g.send(REGISTER, 0, 1, [p])
        self.assertEqual([], g.barrier())
        for message, expected in [
            ((REGISTER, 0, 2, []), (LOST, errno.EINVAL, 2)),
            ((REGISTER, 0, 2, [p, r]), (LOST, errno.EINVAL, 2)),
            ((REGISTER, 0, 2, [r]), (LOST, errno.EBADF, 2)),
            ((REGISTER, 16, 2, [p]), (LOST, errno.EINVAL, 2)),
            ((REGISTER, 1 << 31, 2, [p]), (LOST, errno.EINVAL, 2)),
            ((REGISTER, LIFELINE, 2, [p]), (LOST, errno.EINVAL, 2)),
            ((REGISTER, LIFELINE, 2, [p, plain]), (LOST, errno.EPERM, 2)),  # epoll cannot watch it
            ((REGISTER, CGROUP, 2, [p, null]), (LOST, errno.EINVAL, 2)),
            ((REGISTER, 0, 2, [p] * 40), (LOST, errno.EINVAL, 2)),
            ((REGISTER, 0, 1, [other.pidfd]), (LOST, errno.EEXIST, 1)),
            ((SHARE, 0, 1, []), (UNSHARED, errno.EINVAL, 1)),
            ((SHARE, 0, 1, [r, r]), (UNSHARED, errno.EINVAL, 1)),
            ((SHARE, 1, 1, [r]), (UNSHARED, errno.EINVAL, 1)),
            ((SHARE, 0, 1, [plain]), (UNSHARED, errno.EPERM, 1)),
            ((RELEASE, 1, 1, []), (INVALID, RELEASE, 1)),
            ((RELEASE, 0, 1, [r]), (INVALID, RELEASE, 1)),
            ((0, 0, 5, []), (INVALID, 0, 5)),
            ((READY, 0, 5, [r] * 253), (INVALID, READY, 5)),
        ]:
            with self.subTest(message):
                g.send(*message)
                self.assertEqual([expected], g.barrier())
                g.holds(1)
        g.send(SHARE, 0, 9, [r])  # no such registration any more: no answer
        self.assertEqual([], g.barrier())
        for size in 1, 4, 15, 17, 4096:
            with self.subTest(size=size):
                data = struct.pack("=IIQ", REGISTER, 0, 2) * 300
                send_raw(g.sock, data[:size], [p])
                (answer,) = g.barrier()
                self.assertEqual(INVALID, answer[0])
                g.holds(1)
        self.assertTrue(child.alive() and other.alive())
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(child)
        self.assertTrue(other.alive())

    def test_a_process_it_may_not_signal(self):
        if os.geteuid():
            self.skipTest("needs root, to start a guardian of another user")
        g, child = self.start(uid=65534), self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        self.assertEqual([(LOST, errno.EPERM, 1)], g.barrier())
        g.holds(0)

    def test_as_many_as_it_said_and_no_more(self):
        self.not_emulated()
        g, child, (read, write) = self.start(limit=64), self.sleeper(), self.pipe()
        capacity = g.ready[2]
        self.assertEqual((64 - RESERVE) // 2, capacity)
        for round in range(2):
            for id in range(capacity):
                g.send(REGISTER, LIFELINE, id, [child.pidfd, read.fileno()])
            self.assertEqual([], g.barrier())
            g.send(REGISTER, 0, 99, [child.pidfd])
            g.send(SHARE, 0, 0, [read.fileno()])
            g.send(99, 0, 0, [read.fileno()] * 200)
            self.assertEqual([(LOST, errno.EMFILE, 99), (UNSHARED, errno.EMFILE, 0),
                              (INVALID, 99, 0)], g.barrier())
            for id in range(capacity):
                g.send(RELEASE, 0, id)
            g.barrier()
            g.holds(0)
        for id in range(2 * capacity):
            g.send(REGISTER, 0, id, [child.pidfd])
        self.assertEqual([], g.barrier())
        g.holds(2 * capacity)

    def test_answers_that_nobody_reads(self):
        g, child = self.start(), self.sleeper()
        for _ in range(5000):
            g.send(99)
        g.send(REGISTER, 0, 1, [child.pidfd])
        g.holds(1)
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(child)


class Orders(GuardianCase):
    """Ends every kind of registration by every order of events: the right processes are killed."""

    def test_all(self):
        g0 = self.start()
        kinds = [0, LIFELINE] + ([GROUP, GROUP | LIFELINE] if g0.ready[1] & GROUPS else [])
        events = ["exit", "hangup", "release", "share", "hangup2"]
        g = self.start()
        tried = 0
        for flags in kinds:
            for length in range(1, len(events) + 1):
                for order in itertools.permutations(events, length):
                    self.one(g, flags, order)
                    tried += 1
        FIGURES.append(f"{tried} orders of exit, hang-up, RELEASE, SHARE: no descriptor left")

    def one(self, g, flags, order):
        child = sleeper()
        line, line2 = os.pipe(), os.pipe()
        ends = {"hangup": line[1], "hangup2": line2[1]}
        fds = [child.pidfd] + ([line[0]] if flags & LIFELINE else [])
        g.send(REGISTER, flags, 1, fds)
        os.close(line[0])
        lives, lifeline = True, "hangup" if flags & LIFELINE else None
        held, closed = True, set()
        for event in order:
            if event == "exit":
                if lives:
                    child.signal(signal.SIGTERM)
                    self.assertEqual(-signal.SIGTERM, child.wait())
                    lives = False
                    held = held and bool(flags & GROUP)
            elif event == "release":
                g.send(RELEASE, 0, 1)
                held = False
            elif event == "share":
                g.send(SHARE, 0, 1, [line2[0]])
                if held:
                    lifeline = "hangup2"
            else:
                os.close(ends.pop(event))
                closed.add(event)
            if event == "share":
                os.close(line2[0])
                line2 = (None, line2[1])
            if held and lifeline in closed:
                if lives:
                    self.assertEqual(-signal.SIGKILL, child.wait(), (flags, order))
                lives = held = False
            expected = (1 + bool(lifeline)) if held else 0
            self.assertEqual([], g.barrier(), (flags, order))
            g.holds(expected)
            self.assertEqual(lives, child.alive(), (flags, order))
        if line2[0] is not None:
            os.close(line2[0])
        for fd in ends.values():
            os.close(fd)
        g.send(RELEASE, 0, 1)
        g.barrier()
        g.holds(0)
        child.close()


class Size(GuardianCase):
    def test_memory_with_1000_registrations(self):
        self.native()
        g, child = self.start(), self.sleeper()
        rng = random.Random(2)

        def rss():
            with open(f"/proc/{g.pid}/smaps_rollup") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))
        empty = rss()
        for _ in range(1000):
            g.send(REGISTER, 0, rng.getrandbits(64), [child.pidfd])
        self.assertEqual([], g.barrier())
        g.holds(1000)
        full = rss()
        FIGURES.append(f"RSS {empty} KiB without registrations, {full} KiB with 1,000")
        self.assertLessEqual(full, 200)

    def test_time_to_kill_many(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        g = self.start()
        count = min(options.count, 2 * g.ready[2], hard - 200)

        def time_to_last_death(kill):
            epoll = select.epoll()
            for child in children:
                epoll.register(child.pidfd, select.EPOLLIN | select.EPOLLONESHOT)
            begin = time.perf_counter()
            kill()
            left = count
            while left:
                events = epoll.poll(TIMEOUT, 10000)
                self.assertTrue(events, f"{left} of {count} still alive")
                left -= len(events)
            took = time.perf_counter() - begin
            epoll.close()
            self.assertKilled(*children)
            for child in children:
                child.close()
            return took * 1e3

        # The baseline: this process kills the same number in a loop, which is the kernel's time.
        children = [sleeper() for _ in range(count)]
        control = time_to_last_death(lambda: [child.signal(signal.SIGKILL) for child in children])

        children = [sleeper() for _ in range(count)]
        begin = time.perf_counter()
        for i, child in enumerate(children):
            g.send(REGISTER, 0, i, [child.pidfd])
        self.assertEqual([], g.barrier())
        registered = (time.perf_counter() - begin) * 1e3
        g.holds(count)
        g.sock.close()
        took = time_to_last_death(lambda: g.jvm.signal(signal.SIGKILL))
        self.assertEnds(g)
        FIGURES.append(f"{count} registrations: read in {registered:.0f} ms, all dead {took:.0f} ms after "
                       f"the JVM was killed; without guardian, killed in a loop: {control:.0f} ms")


class Fuzz(GuardianCase):
    """Sends random bytes and descriptors, from a fixed seed, so that a failure is repeatable."""

    CHUNK = 1000

    def test_fuzz(self):
        self.not_emulated()
        g = self.start()
        ids = [random.Random(3).getrandbits(64) for _ in range(200)] + list(range(56))
        sent = ctypes.c_uint64.from_buffer(mmap.mmap(-1, 8))  # shared; written atomically
        chunk = 0
        while (done := sent.value) < options.fuzz:
            victims = [sleeper() for _ in range(4)]
            chunk += 1

            def body():
                self.fuzz(random.Random(chunk), g.sock, ids, victims, sent,
                          min(options.fuzz - done, self.CHUNK))
            sender = fork(body)
            # Some messages correctly register the sender itself with a lifeline that ends.
            self.assertIn(sender.wait(), (0, -signal.SIGKILL))
            for process in victims + [sender]:
                process.close()
            self.assertTrue(g.process.alive(), f"the guardian died in chunk {chunk}")
            self.assertGreater(sent.value, done)
        g.everything_read()
        g.barrier()
        for id in ids:
            g.send(RELEASE, 0, id)
        g.barrier()
        g.holds(0)
        child = self.sleeper()
        g.send(REGISTER, 0, 1, [child.pidfd])
        self.assertEqual([], g.barrier())
        g.sock.close()
        g.jvm.signal(signal.SIGKILL)
        self.assertKilled(child)
        self.assertEnds(g)
        FIGURES.append(f"{options.fuzz} random messages in {chunk} rounds: alive, no descriptor left")

    @staticmethod
    def fuzz(rng, sock, ids, victims, sent, count):
        closed, other = map(Fuzz.keep, socket.socketpair())
        other.close()
        kit = [*os.pipe(), *os.pipe(), closed.fileno(), sock.fileno(), os.memfd_create("x"),
               os.open("/dev/null", os.O_RDWR), os.open("/", os.O_RDONLY), os.open("/", os.O_PATH),
               os.eventfd(0), select.epoll().fileno(), libc.timerfd_create(1, 0)]
        kit += [fd.fileno() for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)
                for fd in Fuzz.keep(socket.socketpair(socket.AF_UNIX, kind))]
        kit += [Fuzz.keep(socket.socket(socket.AF_INET, kind)).fileno()
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)]
        half = os.pipe()
        os.close(half[1])
        kit.append(half[0])
        if find_cgroup2():
            kit += [os.open(find_cgroup2() + "/cgroup.procs", os.O_RDONLY)] * 2  # not writable
        kit = [fd for fd in kit if fd >= 0]
        pidfds = [victim.pidfd for victim in victims]
        for _ in range(count):
            kind = rng.choice(
                [REGISTER] * 6 + [RELEASE, SHARE, SHARE, rng.getrandbits(32), rng.getrandbits(5)])
            flags = rng.choice([rng.getrandbits(4)] * 4 + [0, 0, rng.getrandbits(32)])
            data = struct.pack("=IIQ", kind, flags, rng.choice(ids))
            if rng.random() < 0.1:
                data = (data + rng.randbytes(48))[:rng.randrange(65)]
            number = rng.choice([0, 1, 1, 2, 2, 3, 4, rng.randrange(40), rng.randrange(254)])
            fds = [rng.choice(pidfds if rng.random() < 0.4 else kit) for _ in range(number)]
            if kind == REGISTER and rng.random() < 0.5:  # well-formed, to reach more of the code
                fds = [] if flags & SENDER else [rng.choice(pidfds)]
                fds += [rng.choice(kit) for bit in (LIFELINE, CGROUP) if flags & bit]
            sent.value += 1
            while True:
                try:
                    send_raw(sock, data, fds)
                    break
                except OSError as e:  # too many descriptors in flight: the guardian is slower
                    if e.errno != errno.ETOOMANYREFS:
                        raise
            while readable(sock.fileno()):
                sock.recv(64)

    kept = []

    @classmethod
    def keep(cls, thing):
        cls.kept.append(thing)
        return thing


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--guardian", default=options.guardian)
    parser.add_argument("--runner", default="", help="command before the file, e.g. an emulator")
    parser.add_argument("--count", type=int, default=5000, help="registrations in the timing test")
    parser.add_argument("--fuzz", type=int, default=100_000, help="random messages")
    parser.parse_known_args(namespace=options)
    _, rest = parser.parse_known_args()
    options.guardian = os.path.abspath(options.guardian)
    faulthandler.dump_traceback_later(900, exit=True)  # the last resort; no test waits for this
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that cleanup() runs
    pr_set_child_subreaper = 36
    if libc.prctl(pr_set_child_subreaper, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    program = unittest.main(argv=[sys.argv[0]] + rest, exit=False)
    for line in FIGURES:
        print("figure:", line)
    for test, reason in program.result.skipped:
        print("skipped:", test.id().removeprefix("__main__."), "-", reason)
    sys.exit(not program.result.wasSuccessful())


if __name__ == "__main__":
    main()
