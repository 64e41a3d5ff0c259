"""The transfer of a report, in one frame, the same on a raw disk and in a stream.

    bytes 0..4095   "PROCDESC-REPORT 1 LENGTH SHA256 STATE", newline, zeros
    bytes 4096..    LENGTH bytes of tar

STATE is "complete", or "partial" while the guest still has runs to do: such a report is evidence, not a
result. The guest writes the header last: a frame with a good header and wrong contents is damaged.
"""

import hashlib
import re
import sys

from lib.command import MACHINE_FAILED, NOT_RUN, remove, run, say, tail

OFFSET = 4096
HEADER = re.compile(rb"PROCDESC-REPORT 1 ([0-9]{1,12}) ([0-9a-f]{64}) (complete|partial)\n")
# The entries of a report; a new run removes these and nothing else.
NAMES = ("status", "console.log", "dmesg.txt", "java.txt", "porting.log", "processes.txt", "system.txt", "root", "root.log",
         "root.left-behind.txt", "tester", "tester.log", "tester.left-behind.txt")


class Damaged(Exception):
    """The report is missing or not what the guest wrote."""


def clear(directory, names=NAMES):
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        remove(directory / name)


def unpack(frame, directory):
    """Checks and unpacks a frame; returns "complete" or "partial"."""
    try:
        file = open(frame, "rb", buffering=0)
    except FileNotFoundError:
        raise Damaged("no report was written") from None
    with file:
        start = file.read(512)
        header = HEADER.match(start)
        if not header:
            magic = start.startswith(b"PROCDESC-REPORT ")
            raise Damaged("the report has a damaged header" if magic else "no report was written")
        length = int(header[1])
        have = min(max(frame.stat().st_size - OFFSET, 0), length)
        if have < length:
            raise Damaged(f"the report is truncated: {have} of {length} bytes")
        file.seek(OFFSET)
        digest, left = hashlib.sha256(), length
        while left > 0:
            block = file.read(min(left, 1 << 20))
            digest.update(block)
            left -= len(block)
        if digest.hexdigest() != header[2].decode():
            raise Damaged("the report is damaged: its SHA-256 does not match")
        file.seek(OFFSET)
        directory.mkdir(parents=True, exist_ok=True)
        if run("tar", "-x", "-f", "-", "-C", directory, "--no-same-owner", "--no-same-permissions",
               "--no-overwrite-dir", stdin=file) != 0:
            raise Damaged("the report does not unpack")
    return header[3].decode()


def values(path):
    """Returns the "key=value" lines of a file; none if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except FileNotFoundError:
        return {}


def add(path, prefix="", **facts):
    """Appends "key=value" lines to a file, each key after the prefix."""
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(f"{prefix}{key}={value}\n" for key, value in facts.items())


def verdict(directory, runs):
    """Says how each run ended, and returns the largest exit status.

    A run without a status is a failed machine. To the caller 77 means "not run": a kit that ran cannot say so."""
    worst, status = 0, values(directory / "status")
    for name in runs:
        code = status.get(f"{name}.exit", "")
        if re.fullmatch("[0-9]{1,3}", code):
            say(f"{name}: exit status {code} in {status.get(f'{name}.seconds', '')} s; "
                f"processes left behind: {status.get(f'{name}.left_behind', '?')}")
            worst = max(worst, 1 if int(code) == NOT_RUN else int(code))
        else:
            say(f"{name}: no exit status in the report")
            worst = max(worst, MACHINE_FAILED)
        if code != "0":
            print(f"--- the last lines of the run as {name} ---", tail(directory / f"{name}.log", 40),
                  sep="\n", file=sys.stderr)
    keys = ("kernel", "machine", "host.accel", "java", "boot_seconds", "host.seconds")
    facts = [status.get(key, "?") for key in keys]
    say("{} ({}, {}, Java {}): status {worst}, booted in {} s, {} s in all".format(*facts, worst=worst))
    return worst
