"""A holder of process descriptors in another language, to prove the wire format.

Descriptor 9 is a channel. Orders come on standard input, one in a line; each is answered by one line.
Arguments: pidfd or procdesc, what a process descriptor is on this system; and the library that has the
functions for the latter, or nothing for the C library.
"""

import array
import ctypes
import os
import resource
import select
import signal
import socket
import sys

channel = socket.socket(fileno=9)
held = []


class Pidfd:
    """Linux: every process can be opened, so this one is what is sent."""

    pid = os.getpid()

    def open(self):
        return os.pidfd_open(self.pid)

    def kill(self, fd, number):
        signal.pidfd_send_signal(fd, number)


class Procdesc:
    """FreeBSD: only a child has a descriptor, so there is one, which does nothing."""

    def __init__(self, library):
        self.library = ctypes.CDLL(library or None, use_errno=True)
        fd = ctypes.c_int(-1)
        self.pid = self.check(self.library.pdfork(ctypes.byref(fd), 2))
        if self.pid == 0:
            while True:
                signal.pause()
        self.fd = fd.value

    def check(self, result):
        if result < 0:
            raise OSError(ctypes.get_errno(), "procdesc")
        return result

    def open(self):
        return os.dup(self.fd)

    def kill(self, fd, number):
        self.check(self.library.pdkill(fd, int(number)))


# Up to FreeBSD 14 and on Linux each send is a record, and this says nothing more.
STREAM = channel.type == socket.SOCK_STREAM
END = 0 if sys.argv[1] == "pidfd" or STREAM else socket.MSG_EOR
processes = Pidfd() if sys.argv[1] == "pidfd" else Procdesc(sys.argv[2])


def send(fds, payload=b"x"):
    data = array.array("i", fds)
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, data)] if fds else []
    channel.sendmsg([payload], control, END)


def read(count):
    """Reads bytes of a stream; returns them in hexadecimal, and the number of descriptors."""
    data, fds = b"", []
    while len(data) < count:
        part, came, _, _ = socket.recv_fds(channel, count - len(data), 253)
        if not part:
            break
        data += part
        fds.extend(came)
    held.extend(fds)
    return f"{data.hex()} {len(fds)}"


def receive():
    payload, fds, flags, _ = socket.recv_fds(channel, 65536, 253)
    held.extend(fds)
    return f"{payload.decode()} {len(fds)} {flags & socket.MSG_CTRUNC}"


def obey(order, *arguments):
    if order == "receive":
        return receive()
    if order == "send":  # what it holds, with a payload
        send(held, arguments[0].encode())
    elif order == "self":  # a process, as often as asked
        fd = processes.open()
        send([fd] * int(arguments[0]), b"self")
        os.close(fd)
    elif order == "raw":  # bytes in hexadecimal, with a process as often as asked
        fd = processes.open()
        send([fd] * int(arguments[1]), bytes.fromhex(arguments[0]))
        os.close(fd)
    elif order == "raw-file":  # bytes in hexadecimal, with a file as often as asked
        fd = os.open("/dev/null", os.O_RDONLY)
        send([fd] * int(arguments[1]), bytes.fromhex(arguments[0]))
        os.close(fd)
    elif order == "read":
        return read(int(arguments[0]))
    elif order == "payload":
        channel.send(b"p" * int(arguments[0]), END)
    elif order == "empty":
        for _ in range(int(arguments[0])):
            channel.send(b"", END)
    elif order == "file":
        fd = os.open("/dev/null", os.O_RDONLY)
        send([fd])
        os.close(fd)
    elif order == "proc":  # a directory of /proc, which pidfd_send_signal would take for a pidfd
        fd = os.open(f"/proc/{os.getpid()}", os.O_RDONLY | os.O_DIRECTORY)
        send([fd])
        os.close(fd)
    elif order == "mixed":  # two processes and a file between them
        process = processes.open()
        fd = os.open("/dev/null", os.O_RDONLY)
        send([process, fd, process])
        os.close(process)
        os.close(fd)
    elif order == "between":  # a process between two files
        process = processes.open()
        fd = os.open("/dev/null", os.O_RDONLY)
        send([fd, process, fd])
        os.close(process)
        os.close(fd)
    elif order == "thread":
        if not isinstance(processes, Pidfd):
            return "none"
        fd = os.pidfd_open(os.getpid(), 0x80)
        send([fd])
        os.close(fd)
    elif order == "lifeline":  # a lifeline without a process
        reading, writing = os.pipe()
        send([writing])
        os.close(reading)
        os.close(writing)
    elif order == "lifelines":  # a process and two lifelines
        process = processes.open()
        reading, writing = os.pipe()
        send([process, writing, writing])
        os.close(reading)
        os.close(writing)
        os.close(process)
    elif order == "flood":
        count = 0
        process = processes.open()
        while count < int(arguments[0]):
            send([process] * 5)
            count += 1
        os.close(process)
    elif order == "poll":
        return str(len(select.select([held[0]], [], [], float(arguments[0]))[0]))
    elif order == "kill":
        processes.kill(held[0], signal.SIGKILL)
    elif order == "signal":
        processes.kill(held[0], 0)
    elif order == "close":
        for fd in held:
            os.close(fd)
        held.clear()
    elif order == "hangup":
        channel.close()
    elif order == "pid":
        return str(processes.pid)
    elif order == "exit":
        os._exit(0)
    else:
        return "what?"
    return "ok"


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
for line in sys.stdin:
    try:
        print(obey(*line.split()), flush=True)
    except OSError as error:
        print(f"error {error.errno}", flush=True)
