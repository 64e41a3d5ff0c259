"""A service manager with the file descriptor store of systemd (src/core/service.c, manager.c), for one service.

    manager.py SOCKET MAXIMUM

SOCKET is a path, or @ and an abstract name. It obeys orders, one per line of its standard input, and answers each:

    start COMMAND   starts the service, whose words are separated by tabs: its process ID
    kill            kills the main process and waits for its end: its status
    wait            waits for the end of the main process: its status
    names           the names of the stored descriptors, the newest first
    log             the messages that arrived since the last such order
    deaf, hear      no longer reads messages, and reads them again: ok

At the end of its input it kills the main process, and its store ends with it.
"""
import array
import fcntl
import os
import select
import signal
import socket
import sys

address, maximum = sys.argv[1], int(sys.argv[2])
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind("\0" + address[1:] if address.startswith("@") else address)
notify.setblocking(False)
store = []  # pairs of a name and a descriptor
polled = set()
log = []
main = None
hearing = True


def discard(fds):
    for fd in fds:
        os.close(fd)


def remove(name):
    for entry in [each for each in store if each[0] == name]:
        store.remove(entry)
        polled.discard(entry[1])
        os.close(entry[1])


def handle(text, fds):
    assignments = text.split("\n")
    tags = dict(each.split("=", 1) for each in assignments if "=" in each)
    log.append("|".join(assignments) + " with " + str(len(fds)))
    if tags == {"BARRIER": "1"}:
        discard(fds)
    elif tags.get("FDSTOREREMOVE") == "1":
        remove(tags.get("FDNAME", ""))
        discard(fds)
    elif tags.get("FDSTORE") == "1":
        for fd in fds:
            if len(store) >= maximum:
                os.close(fd)
                continue
            store.insert(0, (tags.get("FDNAME", "stored"), fd))
            if tags.get("FDPOLL") != "0":
                polled.add(fd)
    else:
        discard(fds)


def drain():
    while True:
        try:
            data, ancillary, flags, _ = notify.recvmsg(4096, socket.CMSG_SPACE(253 * 4), socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        fds = array.array("i")
        for level, kind, rights in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(rights)
        handle(data.decode(), list(fds))


def forget_ended():
    poll = select.poll()
    for fd in polled:
        poll.register(fd, 0)
    for fd, _ in poll.poll(0):
        for entry in [each for each in store if each[1] == fd]:
            store.remove(entry)
        polled.discard(fd)
        os.close(fd)


def start(command):
    pid = os.fork()
    if pid > 0:
        return pid
    try:
        environment = dict(os.environ, NOTIFY_SOCKET=address, FDSTORE=str(maximum))
        for name in ("LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"):
            environment.pop(name, None)
        # Above the numbers of the service, so that none is overwritten before it is passed.
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3 + len(store)) for _, fd in store]
        if store:
            environment["LISTEN_PID"] = str(os.getpid())
            environment["LISTEN_FDS"] = str(len(store))
            environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in store)
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.dup2(2, 1)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for i, copy in enumerate(copies):
            os.dup2(copy, 3 + i)
        os.execve(command[0], command, environment)
    except BaseException as e:
        os.write(2, repr(e).encode())
    os._exit(126)


def ended():
    global main
    status = os.waitpid(main, 0)[1]
    main = None
    if hearing:
        drain()
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def obey(order):
    global main, hearing, log
    verb, _, rest = order.partition(" ")
    if verb == "start":
        main = start(rest.split("\t"))
        return main
    if verb == "kill":
        os.kill(main, signal.SIGKILL)
        return ended()
    if verb == "wait":
        while os.waitid(os.P_PID, main, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            select.select([notify], [], [], 0.01)
            drain()
        return ended()
    if verb == "names":
        forget_ended()
        return ":".join(name for name, _ in store)
    if verb == "log":
        messages, log = log, []
        return ";".join(messages)
    if verb in ("deaf", "hear"):
        hearing = verb == "hear"
        return "ok"
    return "unknown order: " + order


while True:
    ready, _, _ = select.select([0] + ([notify] if hearing else []), [], [])
    if notify in ready:
        drain()
    elif 0 in ready:
        order = os.read(0, 1)
        while order and not order.endswith(b"\n"):
            order += os.read(0, 1)
        if not order:
            break
        if hearing:
            drain()
        print(obey(order.decode().rstrip("\n")), flush=True)
if main is not None:
    os.kill(main, signal.SIGKILL)
    ended()
if not address.startswith("@"):
    os.unlink(address)
