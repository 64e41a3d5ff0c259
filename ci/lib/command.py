"""Messages, exit statuses, command lines, child processes, temporary files and the cache."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

USAGE = 2  # wrong arguments
UNAVAILABLE = 69  # a tool, a package or a download is missing or damaged
MACHINE_FAILED = 70  # panic, hang, timeout, no report
NOT_RUN = 77  # nothing was tested, because it could not be fetched; not a success
TOO_LONG = 124

CI = Path(__file__).resolve().parent.parent
TREE = CI.parent
HOST_ARCH = os.uname().machine

children = []
paths = []
starting = False
pending = 0


class Failure(Exception):
    """Ends the command with a status and a message."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def say(message):
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr, flush=True)


def command(main):
    """Runs `main` and exits with its status; ends the children and removes the temporary files in every case."""
    os.umask(0o022)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupted)
    status = 1
    try:
        status = main()
    except SystemExit as end:
        status = end.code
    except Failure as failure:
        say(failure)
        status = failure.status
    except (OSError, subprocess.CalledProcessError) as error:
        say(error)
        status = UNAVAILABLE
    finally:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for child in list(children):
            stop(child)
        for path in paths:
            remove(path)
    sys.exit(status)


def interrupted(number, _):
    global pending
    pending = number
    if not starting:
        raise SystemExit(128 + number)


# --- command lines -----------------------------------------------------------------------------


def parse(usage, defaults):
    """Returns the options, the other words, and the arguments after "--".

    An option takes a value unless its default is False; --timeout and --memory take a number."""
    options, words, arguments = SimpleNamespace(**defaults), [], sys.argv[1:]
    while arguments:
        word = arguments.pop(0)
        name = word[2:].replace("-", "_")
        if word in ("--help", "-h"):
            print(usage.strip())
            raise SystemExit(0)
        if word == "--":
            break
        if not word.startswith("-"):
            words.append(word)
        elif not word.startswith("--") or name not in defaults:
            raise Failure(USAGE, f"unknown option {word} (see --help)")
        elif defaults[name] is False:
            setattr(options, name, True)
        elif not arguments:
            raise Failure(USAGE, f"{word} needs a value (see --help)")
        else:
            value = arguments.pop(0)
            if name in ("timeout", "memory"):
                if not re.fullmatch("[1-9][0-9]{0,6}", value):
                    raise Failure(USAGE, f"{word} needs a positive whole number, not '{value}'")
                value = int(value)
            setattr(options, name, value)
    return options, words, arguments


def architecture(name):
    """Returns the canonical name of an architecture."""
    names = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
    if name not in names:
        raise Failure(USAGE, f"unknown architecture '{name}': x86_64 or aarch64")
    return names[name]


def run_list(text):
    if text not in ("root,tester", "root", "tester"):
        raise Failure(USAGE, f"--runs takes root,tester or one of them, not '{text}'")
    return text.split(",")


def find_kit(given):
    """Returns the suite's JAR: the given one, or that of the built tree."""
    if given:
        if not os.path.isfile(given):
            raise Failure(USAGE, f"no such kit: {given}")
        return Path(given)
    kits = [
        jar
        for jar in sorted(TREE.glob("compat-tests/target/procdesc-compat-tests-*.jar"))
        if not jar.stem.endswith(("-sources", "-javadoc", "-tests"))
    ]
    if not kits:
        raise Failure(UNAVAILABLE, "no kit: run ./mvnw -q package -DskipTests, or give the JAR")
    if len(kits) > 1:
        names = " ".join(jar.name for jar in kits)
        raise Failure(USAGE, f"more than one kit in compat-tests/target, choose one: {names}")
    return kits[0]


def need(tool, package):
    if not shutil.which(tool):
        raise Failure(UNAVAILABLE, f"{tool} is missing: apt-get install {package}")


def java_tool(name):
    """Returns the path or name of a program of the JDK."""
    return f"{os.environ['JAVA_HOME']}/bin/{name}" if os.environ.get("JAVA_HOME") else name


# --- processes ---------------------------------------------------------------------------------


def start(*words, **options):
    """Starts a child that leads a process group; both end with this command."""
    global starting
    starting = True
    try:
        child = subprocess.Popen([str(word) for word in words], process_group=0, **options)
        children.append(child)
    finally:
        starting = False
    if pending:
        raise SystemExit(128 + pending)
    return child


def ended(child):
    """Returns whether a child has ended, without reaping it."""
    return child.returncode is not None or bool(
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    )


def stop(child):
    """Ends a child and its process group, by force after five seconds.

    The child is reaped last: until then its number cannot be reused."""
    if child.returncode is None:
        deadline = time.monotonic() + 5
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)
            while not ended(child) and time.monotonic() < deadline:
                time.sleep(0.05)
        child.wait()
    if child in children:
        children.remove(child)


def run(*words, timeout=None, **options):
    """Returns the exit status of a command as a shell does; TOO_LONG if it was ended after `timeout` seconds."""
    child = start(*words, **options)
    try:
        status = child.wait(timeout)
    except subprocess.TimeoutExpired:
        status = TOO_LONG
    finally:
        stop(child)
    return 128 - status if status < 0 else status


def must(*words, **options):
    """Runs a command that has to succeed."""
    status = run(*words, **options)
    if status != 0:
        raise Failure(UNAVAILABLE, f"{words[0]} ended with status {status}")


def output(*words, **options):
    """Returns the standard output of a command; empty if it is missing or fails."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True, **options).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""


# --- files -------------------------------------------------------------------------------------


def remove(path):
    subprocess.run(["rm", "-rf", "--", path], check=False)


def work_directory():
    """Creates a private directory that is removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="procdesc-vm."))
    paths.append(path)
    return path


def scratch(destination):
    """Creates an empty directory beside the destination, to be renamed to it when it is complete."""
    path = destination.with_name(f"{destination.name}.new.{os.getpid()}")
    paths.append(path)
    remove(path)
    path.mkdir(parents=True)
    return path


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "procdesc" / "ci"


@contextlib.contextmanager
def cache_lock():
    """Lets one command at a time fill the cache; the machines run in parallel."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that fills the cache")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def age(path):
    """Returns the seconds since a file was modified; infinity if there is none."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def remove_unused(directory, days):
    """Removes entries of the cache that were not used for some days."""
    for path in directory.iterdir():
        if age(path) > days * 86400:
            remove(path)


def has_hash(path, algorithm, expected):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == expected


def tail(path, lines):
    """Returns the last lines of a file as a text; empty if there is none."""
    try:
        return "\n".join(Path(path).read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def last_line(path):
    """Returns the last line of a file that is not blank."""
    return next((line.strip() for line in reversed(tail(path, 20).splitlines()) if line.strip()), "")
