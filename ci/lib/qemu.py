"""Starts, watches and ends a QEMU machine."""

import os
import re
import resource
import subprocess
import sys
import time

from lib.command import (HOST_ARCH, UNAVAILABLE, USAGE, Failure, ended, need, run, start, stop,
                         tail)

TTY = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def need_qemu(arch):
    need(f"qemu-system-{arch}", {"x86_64": "qemu-system-x86", "aarch64": "qemu-system-arm"}[arch])


def probe_kvm(arch, work):
    """Returns whether KVM runs a guest, with the options that the machine will have.

    The device file says little: nested and emulated KVM exist that open it and then cannot run. The guest
    is a few instructions that switch the machine off."""
    # Where KVM is strange, QEMU may abort; its core file is of no use.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if arch != HOST_ARCH or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    image = work / "kvm-probe"
    common = [f"qemu-system-{arch}", "-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "64", "-nodefaults",
              "-display", "none", "-no-reboot"]
    if arch == "x86_64":
        # mov dx, 0xf4; mov al, 0x10; out dx, al; hlt; the debug device exits with 2 * al + 1
        code = b"\xba\xf4\x00\xb0\x10\xee\xf4\xeb\xfd"
        image.write_bytes(code.ljust(510, b"\0") + b"\x55\xaa" + bytes((1 << 20) - 512))
        return run(*common, "-device", "isa-debug-exit,iobase=0xf4", "-drive",
                   f"file={image},format=raw,if=ide,snapshot=on", timeout=10, **QUIET) == 33
    # mov w0, #0x84000008 (PSCI SYSTEM_OFF); hvc #0; b .
    image.write_bytes(b"\x00\x01\x80\x52\x00\x80\xb0\x72\x02\x00\x00\xd4\x00\x00\x00\x14")
    return run(*common, "-M", "virt", "-kernel", image, timeout=10, **QUIET) == 0


def probe_kvm_kernel(arch, kernel, work):
    """Returns whether KVM boots a kernel as far as its first message.

    Nested KVM exists that runs a few instructions and then hangs in a kernel. Without a root file system the
    kernel panics, and the machine ends."""
    console = work / "kvm-console"
    run(f"qemu-system-{arch}", "-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "512",
        "-M", "q35" if arch == "x86_64" else "virt,gic-version=host", "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", kernel, "-append", f"console={TTY[arch]} panic=-1", "-serial", f"file:{console}",
        timeout=20, **QUIET)
    return console.exists() and console.stat().st_size > 0


def choose_accel(arch, kind, work, kernel=None):
    """Returns kvm or tcg."""
    if kind not in ("auto", "kvm", "tcg"):
        raise Failure(USAGE, f"unknown accelerator '{kind}': auto, kvm or tcg")
    if kind == "auto":
        works = probe_kvm(arch, work) and (kernel is None or probe_kvm_kernel(arch, kernel, work))
        return "kvm" if works else "tcg"
    if kind == "kvm" and not probe_kvm(arch, work):
        raise Failure(UNAVAILABLE, f"KVM cannot run a guest for {arch} here")
    return kind


def choose_pace(accel, java_options):
    """Returns the factor of the kit's timeouts and the options of its JVM."""
    factor = os.environ.get("PROCDESC_TIMEOUT_FACTOR") or ("10" if accel == "tcg" else "1")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", factor):
        raise Failure(USAGE, f"PROCDESC_TIMEOUT_FACTOR is not a number: {factor}")
    if java_options is None:
        java_options = "-XX:TieredStopAtLevel=1" if accel == "tcg" else ""
    return factor, java_options


def qemu(arch, memory, accel):
    """Returns the program and the options that every machine has."""
    kind, cpu, gic = accel, "host", "host"
    if accel == "tcg":
        # x86 promises a stronger memory order than ARM keeps: there threads must take turns.
        kind = "tcg,thread=single" if arch == "x86_64" and HOST_ARCH != arch else "tcg,thread=multi"
        # Five-level paging and wide vectors gain nothing when they are emulated.
        cpu = {"x86_64": "max,la57=off,avx=off,avx2=off", "aarch64": "cortex-a72"}[arch]
        gic = "3"
    # QEMU must not outlive this script even if that is killed with no chance to clean up.
    guard = ["setpriv", "--pdeathsig", "KILL"]
    try:
        prefix = guard if subprocess.run([*guard, "true"], check=False, **QUIET).returncode == 0 else []
    except FileNotFoundError:
        prefix = []
    return [*prefix, f"qemu-system-{arch}", "-accel", kind, "-cpu", cpu, "-smp", "2", "-m", str(memory), "-nodefaults",
            "-display", "none", "-monitor", "none", "-no-reboot", "-object", "rng-random,id=rng,filename=/dev/urandom",
            "-device", "virtio-rng-pci,rng=rng", "-M", "q35" if arch == "x86_64" else f"virt,gic-version={gic}"]


class Machine:
    """One machine from power on to power off; QEMU's messages go to a log."""

    def __init__(self, log, *words):
        self.log = log
        with open(log, "wb") as file:
            self.child = start(*words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)

    def runs(self):
        return not ended(self.child)

    def stop(self):
        stop(self.child)

    def wait(self, deadline):
        """Returns QEMU's exit status, or None after ending a machine that still ran at the deadline."""
        while self.runs() and time.monotonic() < deadline:
            time.sleep(0.1)
        in_time = not self.runs()
        status = self.child.wait() if in_time else None
        self.stop()
        return status


def show_console(path):
    """Prints the last lines of a console, without control characters."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", tail(path, 40))
    print("--- the console's last lines ---" if text else "--- the console is empty ---", file=sys.stderr)
    for line in text.splitlines():
        print("| " + "".join(c for c in line if c == "\t" or " " <= c <= "~"), file=sys.stderr)
