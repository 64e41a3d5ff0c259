#!/usr/bin/env python3
"""Tests the guarantees of launcher.c: launcher_test.py FILE

The script is in a memfd that is mapped here at the address that is passed to the launcher. No test
sleeps to wait: the end of file on the pipe reports that the launcher has executed a program or ended.
"""
import ctypes
import errno
import mmap
import os
import platform
import struct
import sys
import unittest

GETPID, CLOSE, EXECVE, FCNTL = {"x86_64": (39, 3, 59, 72), "aarch64": (172, 57, 221, 25)}[platform.machine()]
SIZE = 65536
FAILED, COUNT, STEPS, STEP_SIZE, RESULT = 32, 40, 128, 80, 72
F_SETFD, FD_CLOEXEC = 2, 1
program = ""


class LauncherTest(unittest.TestCase):
    def setUp(self):
        self.file = os.memfd_create("script")
        os.ftruncate(self.file, SIZE)
        self.memory = mmap.mmap(self.file, SIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.steps = []

    def tearDown(self):
        os.close(self.file)

    def step(self, number, *arguments, tolerated=0, target=0):
        self.steps.append(struct.pack("10q", number, *(arguments + (0,) * 6)[:6], tolerated, target, 0))

    def run_launcher(self, address=None):
        """Returns the failed step, the results, the words in the pipe and the exit code."""
        read, write = os.pipe()
        struct.pack_into("qQ", self.memory, FAILED, -1, 0)
        self.steps = [struct.pack("10q", FCNTL, write, F_SETFD, FD_CLOEXEC, *(0,) * 6)] + self.steps
        struct.pack_into("Q", self.memory, COUNT, len(self.steps))
        self.memory[STEPS:STEPS + STEP_SIZE * len(self.steps)] = b"".join(self.steps)
        at = self.address if address is None else address
        words = ["launcher"] + [format(n, "x") for n in (self.file, write, self.address, at, SIZE)]
        actions = [(os.POSIX_SPAWN_DUP2, self.file, self.file), (os.POSIX_SPAWN_DUP2, write, write)]
        pid = os.posix_spawn(program, words, {}, file_actions=actions)
        os.close(write)
        told = os.read(read, 64)
        os.close(read)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        failed = struct.unpack_from("q", self.memory, FAILED)[0]
        results = [struct.unpack_from("q", self.memory, STEPS + i * STEP_SIZE + RESULT)[0]
                   for i in range(len(self.steps))]
        return pid, failed, results, told, code

    def test_results_are_seen(self):
        target = self.address + SIZE - 8
        self.step(GETPID, target=target)
        pid, failed, results, told, code = self.run_launcher()
        self.assertEqual((2, [0, pid], b"", 127), (failed, results, told, code))
        self.assertEqual(pid, struct.unpack_from("q", self.memory, SIZE - 8)[0])

    def test_the_first_failure_ends_the_script(self):
        self.step(CLOSE, 999)
        self.step(GETPID)
        _, failed, results, _, code = self.run_launcher()
        self.assertEqual((1, [0, -errno.EBADF, 0], 127), (failed, results, code))

    def test_what_is_tolerated(self):
        self.step(CLOSE, 999, tolerated=1)
        self.step(CLOSE, 999, tolerated=1 << errno.EBADF)
        self.step(CLOSE, 999, tolerated=1 << errno.EINVAL)
        self.assertEqual(3, self.run_launcher()[1])

    def test_a_program_is_executed(self):
        strings = SIZE - 4096
        self.memory[strings:strings + 8] = b"/bin/sh\0"
        self.memory[strings + 8:strings + 11] = b"-c\0"
        self.memory[strings + 16:strings + 24] = b"exit 42\0"
        base = self.address + strings
        struct.pack_into("5Q", self.memory, strings + 64, base, base + 8, base + 16, 0, 0)
        self.step(EXECVE, base, base + 64, base + 96)
        _, failed, _, told, code = self.run_launcher()
        self.assertEqual((-1, b"", 42), (failed, told, code))

    def test_a_place_that_is_taken_is_reported(self):
        # The address of the launcher's image.
        _, failed, _, told, code = self.run_launcher(address=0x400000)
        self.assertEqual((-1, errno.EEXIST, 127), (failed, struct.unpack("Q", told)[0], code))

    def test_a_place_that_cannot_be_is_reported(self):
        _, failed, _, told, code = self.run_launcher(address=self.address + 1)
        self.assertEqual((-1, errno.EINVAL, 127), (failed, struct.unpack("Q", told)[0], code))

    def test_started_by_hand(self):
        pid = os.posix_spawn(program, ["launcher"], {})
        self.assertEqual(127, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    fd = os.memfd_create("launcher", 0)
    with open(sys.argv.pop(1), "rb") as source:
        os.write(fd, source.read())
    program = f"/proc/self/fd/{fd}"
    unittest.main()
