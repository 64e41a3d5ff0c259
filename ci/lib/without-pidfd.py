#!/usr/bin/env python3
"""usage: without-pidfd.py COMMAND [ARGUMENT...]

Runs a command where the kernel seems to know no process descriptors, as before Linux 5.4 or under a
container's filter: clone3 and the pidfd system calls fail with ENOSYS, clone with CLONE_PIDFD and
waitid with P_PIDFD with EINVAL. Ends with 77 where such a filter cannot be installed.
"""

import ctypes
import os
import platform
import struct
import sys

ENOSYS, EINVAL = 38, 22
CLONE_PIDFD, P_PIDFD = 0x1000, 3
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16
# AUDIT_ARCH_*, clone, waitid; the newer calls have the same numbers everywhere.
MACHINES = {"x86_64": (0xC000003E, 56, 247), "aarch64": (0xC00000B7, 220, 95)}
NEWER = (424, 434, 435, 438)  # pidfd_send_signal, pidfd_open, clone3, pidfd_getfd


def program(machine):
    audit, clone, waitid = MACHINES[machine]
    code = [(LOAD, 0, 0, ARCH), (EQUAL, 1, 0, audit), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, NUMBER)]
    for number in NEWER:
        code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | ENOSYS)]
    for number, test, value in ((clone, ANY_BIT, CLONE_PIDFD), (waitid, EQUAL, P_PIDFD)):
        code += [
            (EQUAL, 0, 4, number),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (test, 0, 1, value),
            (RETURN, 0, 0, ERRNO | EINVAL),
            (RETURN, 0, 0, ALLOW),
        ]
    return code + [(RETURN, 0, 0, ALLOW)]


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if len(sys.argv) > 1 else 2
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        print("without-pidfd: Linux on x86_64 or aarch64 only", file=sys.stderr)
        return 77
    code = program(platform.machine())
    text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    filtered = Program(len(code), ctypes.addressof(text))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    zero = ctypes.c_ulong(0)
    if (
        prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0
        or prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(filtered), zero, zero) != 0
    ):
        print("without-pidfd: no filter can be installed:", os.strerror(ctypes.get_errno()), file=sys.stderr)
        return 77
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
