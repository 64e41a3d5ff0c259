"""Tests of the commands of ci/ with stand-ins: no network, no image, no real QEMU."""

import os
import shutil
import struct
from pathlib import Path

from world import CI, World, frame, unittest

REFUSED = """
linux-vm|which kernel?|
linux-vm|one kernel at a time|5.10 6.1
linux-vm|not a kernel version|../x
linux-vm|unknown option --colour|5.10 --colour
linux-vm|--memory needs a value|5.10 --memory
linux-vm|positive whole number, not '1G'|5.10 --memory 1G
linux-vm|unknown architecture 'vax'|5.10 --arch vax
linux-vm|--runs takes|5.10 --runs nobody
linux-vm|no such kit|5.10 --kit /nothing
linux-vm|too short|5.10 --kit KIT --timeout 20
freebsd-vm|not a FreeBSD release|../../etc --kit KIT
freebsd-vm|which 14?|14 --kit KIT
freebsd-vm|64 hexadecimal digits|14.3 --kit KIT --sha256 abc
freebsd-vm|no such image|14.3 --kit KIT --image /nothing
freebsd-vm|no such kernel|15.1 --kit KIT --arch x86_64 --kernel /nothing
freebsd-vm|not an amd64 kernel with a PVH entry|15.1 --kit KIT --arch x86_64 --kernel KIT
freebsd-vm|for x86_64 only|15.1 --kit KIT --arch aarch64 --kernel KIT
freebsd-vm|not a device|15.1 --kit KIT --arch x86_64 --kernel KIT --root-device /dev/a,b
debian-root|not 'buster'|buster --pd
debian-root|nothing to run|trixie
debian-root|a command excludes --pd|trixie --pd -- true
debian-root|not 'new'|trixie --pd --java 21,new
debian-root|--jar is for --kit|sid --pd --jar KIT
debian-root|--report is for --kit with one JDK and one user|sid --kit --java 26,27 --runs root --report /tmp/report
debian-root|--deb takes a file|trixie --deb /nothing
debian-root|excludes --kit|trixie --deb KIT --kit
dist|unknown argument|--colour
matrix|either --quick or --full|--quick --full
matrix|no such system: ../x|--kit KIT --only ../x
matrix|no such directory|--render /nothing
header-truth|goes with --kernel|--headers /
porting|not a version|--kit KIT --kernel new
porting|no such directory|--kit KIT --only 99-none
kit-here|positive whole number|--kit KIT --timeout 1h
freebsd-sim|a release is|--kit KIT --release 9
install-tools|unknown argument|--colour
"""


class ArgumentsTest(World):
    def test_wrong_arguments_are_refused(self):
        for line in REFUSED.strip().splitlines():
            name, part, words = line.split("|")
            with self.subTest(line):
                self.ends(2, part, name, *words.replace("KIT", str(self.kit)).split())

    def test_a_missing_tool_jdk_or_permission_is_named(self):
        self.fake("id", "echo 1000")
        self.ends(69, "only root", "debian-root", "trixie", "--pd")
        self.ends(69, "no bin/java in /nothing", "debian-root", "trixie", "--pd", "--java", "/nothing")
        self.file("few/x")
        (self.world / "few/python3").symlink_to(os.path.realpath(shutil.which("python3")))
        self.ends(69, "qemu-system-aarch64 is missing: apt-get install qemu-system-arm", "linux-vm",
                  "6.12", "--arch", "aarch64", "--kit", self.kit, PATH=f"{self.world}/few")


class LinuxVmTest(World):
    """ci/linux-vm with a stand-in for QEMU, which writes a console and copies a report to the disk."""

    def setUp(self):
        super().setUp()
        self.fake("qemu-system-x86_64", r"""
            for arg; do case $arg in
                file:*) console=${arg#file:} ;;
                if=none,id=report,*) disk=${arg#*file=} disk=${disk%%,*} ;;
            esac; done
            printf 'Linux version\n%b' "$CONSOLE" >"$console"
            [ ! -e "$WORLD/frame" ] || dd if="$WORLD/frame" of="$disk" conv=notrunc status=none
            [ "$FAKE" != hang ] || { echo $$ >"$WORLD/hanging"; exec sleep 1000; }
            if [ "$FAKE" = error ]; then echo 'no such thing' >&2; exit 1; fi""")
        self.out = self.world / "report"
        self.start = ["linux-vm", "--vmlinuz", self.file("vmlinuz"), "--base", self.file("base.cpio"),
                      "--kit", self.kit, "--arch", "x86_64", "--accel", "tcg", "--report", self.out]

    def report(self, root=0, tester=0, state="complete"):
        status = f"kernel=9.9\nroot.exit={root}\nroot.seconds=1\ntester.exit={tester}\n"
        content = frame({"status": status, "root.log": "output of root", "tester.log": "output of tester"}, state)
        (self.world / "frame").write_bytes(content)

    def test_the_status_is_the_worst_of_both_runs(self):
        for root, tester, status, part in ((1, 4, 4, "output of tester"), (77, 0, 1, ""), (0, 0, 0, "status 0")):
            self.report(root, tester)
            self.ends(status, part, *self.start)
        self.assertIn("host.accel=tcg\nhost.memory=1536\nhost.timeout_factor=10\n", (self.out / "status").read_text())

    def test_a_machine_that_fails(self):
        self.file("report/status", "root.exit=0\n")
        self.assertIn("| Linux version", self.ends(70, "no report was written", *self.start))
        self.assertFalse((self.out / "status").exists())
        panic = "Kernel panic - not syncing: no reason"
        self.ends(70, f"kernel panic: {panic}; no report", *self.start, CONSOLE=panic + "\n")
        self.ends(70, "the kernel at a breakpoint (boot 3)", *self.start, CONSOLE="Oops: int3: 0000\n")
        self.ends(70, "QEMU ended with 1: no such thing", *self.start, FAKE="error")
        self.report(state="partial")
        self.ends(70, "the report is partial", *self.start)
        self.assertEqual((self.out / "root.log").read_text(), "output of root")
        self.is_interrupted(*self.start)


class FreeBsdVmTest(World):
    """ci/freebsd-vm with stand-ins for QEMU, ssh and the guest's commands; guest/freebsd-run is the real one."""

    def setUp(self):
        super().setUp()
        self.fake("qemu-system-x86_64", r"""
            for arg; do case $arg in file:*) console=${arg#file:} ;; esac; done
            printf 'FreeBSD/amd64\n%b' "$CONSOLE" >"$console"
            rm -f "$WORLD/off"
            until [ -e "$WORLD/off" ]; do sleep 0.1; done""")
        self.fake("ssh", r"""
            while [ "$1" != root@127.0.0.1 ]; do shift; done
            case "$FAKE $2" in
                mute*) echo 'connection refused' >&2; exit 255 ;;
                hang*'run kit'*) echo $$ >"$WORLD/hanging"; exec sleep 1000 ;;
                torn*'>'*kit.jar) head -c 3 | sh -c "$2"; exit ;;
            esac
            exec env TMPDIR="$WORLD" PATH="$WORLD/guest:$PATH" sh -c "$2" """)
        for name in "mount chown id sysctl freebsd-version dmesg pw ps sleep".split():
            self.fake(name, "", "guest")
        self.fake("su", 'exec sh -c "$4"', "guest")
        self.fake("uname", 'echo 15.1-RELEASE-p1', "guest")
        self.fake("cc", r"""
            while [ "$1" != -o ]; do shift; done
            printf '#!/bin/sh\ncat "%s/output"\n%s\n' "${3%/*}" "$ADDED" >"$2" && chmod +x "$2" """, "guest")
        self.fake("pkg", 'mv "$WORLD/packages" "$WORLD/has-java"', "guest")
        self.fake("shutdown", 'touch "$WORLD/off"', "guest")
        self.fake("java", f"""
            [ -e "{self.world}/has-java" ] || exit 127
            [ "$1" != -version ] || exit 0
            echo "kit of $USER, factor $PROCDESC_TIMEOUT_FACTOR, $*"
            [ ! -e "{self.world}/fail.$USER" ] || exit 3""", "guest")
        self.out = self.world / "report"
        self.start = ["freebsd-vm", "14.3", "--kit", self.kit, "--accel", "tcg", "--arch", "x86_64", "--timeout", "60",
                      "--report", self.out, "--image", self.kit]

    def test_a_run(self):
        self.file("packages")
        self.ends(0, "status 0", *self.start, "--", "a b", "it's")
        for user in ("root", "tester"):
            log = (self.out / f"{user}.log").read_text()
            self.assertRegex(log, f"kit of {user}, factor 10, .*/kit.jar --report .*/{user} a b it's\n")
        self.file("fail.tester")
        self.ends(3, "kit of tester", *self.start)
        self.ends(70, "FreeBSD stopped: panic: no reason", *self.start, FAKE="mute", CONSOLE="panic: no reason\n")
        self.ends(70, "no answer to ssh within 4 s", *self.start, "--timeout", "4", FAKE="mute")
        self.ends(70, "the kit arrived damaged", *self.start, FAKE="torn")
        self.assertFalse((self.out / "status").exists())
        self.is_interrupted(*self.start)

    def test_the_programs_of_docs_porting(self):
        self.file("packages")
        text = self.ends(0, "programs of docs/porting: 10 passed, 0 failed, 1 skipped", *self.start)
        self.assertNotIn("porting.log", text)
        self.assertIn("skipped: 05-open-and-watch/freebsd-16.c needs FreeBSD 16, and this is 15.1-RELEASE-p1\n",
                      (self.out / "porting.log").read_text())
        self.assertIn("> more", self.ends(1, "0 passed, 10 failed, 1 skipped", *self.start, ADDED="echo more"))
        self.ends(1, "0 passed, 10 failed, 1 skipped", *self.start, ADDED="exit 3")
        self.fake("uname", 'echo 16.0-CURRENT', "guest")
        self.ends(0, "11 passed, 0 failed, 0 skipped", *self.start)
        self.fake("cc", "exit 1", "guest")
        self.ends(1, "0 passed, 11 failed, 0 skipped", *self.start)

    def test_a_kernel_by_path(self):
        def program(owner, kind):
            notes = struct.pack("<III4s4s", 4, 4, 1, b"GNU\0", b"") + struct.pack("<III4sI", 4, 4, kind, owner, 0x200000)
            segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(notes), len(notes), 4)
            header = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
            return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + header + segment + notes

        self.file("packages")
        kernel = self.file("kernel")
        for owner, kind in (b"Xen\0", 17), (b"GNU\0", 18):
            kernel.write_bytes(program(owner, kind))
            self.ends(2, "PVH entry", *self.start, "--kernel", kernel)
        kernel.write_bytes(program(b"Xen\0", 18))
        machine = self.world / "fakes/qemu-system-x86_64"
        machine.write_text(machine.read_text().replace("for arg;", 'echo "$*" >"$WORLD/words"\nfor arg;', 1))
        self.ends(0, "status 0", *self.start, "--kernel", kernel, "--root-device", "/dev/vtbd0p2")
        words = (self.world / "words").read_text()
        self.assertIn(f"-kernel {kernel} -append "
                      "-h,hw.uart.console=io:0x3f8,vfs.root.mountfrom=ufs:/dev/vtbd0p2 ", words)
        self.assertIn(f"file={self.kit},format=raw,snapshot=on", words)

    def test_not_run(self):
        self.ends(77, "not run: no OpenJDK", *self.start)
        self.ends(69, "refused", *self.start, "--sha256", "0" * 64)
        self.fake("curl", "exit 22")
        self.ends(77, "not run: cannot fetch", *self.start[:-2])


class MatrixTest(World):
    def test_a_copy_with_stand_ins_for_the_systems(self):
        shutil.copytree(CI / "lib", self.world / "ci/lib", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(CI / "matrix", self.world / "ci")
        for name, message in (("kit-here", "no Java'; exit 69"), ("linux-vm", "not run: no image'; exit 77")):
            self.fake(name, f"""
                echo "{name} $*" >>"$WORLD/calls"
                [ "$FAKE" != hang ] || {{ echo $$ >"$WORLD/hanging"; exec sleep 1000; }}
                exec >&2; echo '{name}: {message}""", "ci")
        start = [self.world / "ci/matrix", "--kit", self.kit, "--report", self.world / "out"]
        self.file("docs/CONFORMANCE.md")
        self.file("out/host/status", "root.exit=0\n")  # of an earlier run
        self.file("ci/lib/without-pidfd.py", "import sys; sys.exit('lacks PROCESS_DESCRIPTORS (x): Linux 5.4')")
        text = self.ends(1, "without-pidfd: failed", *start, "--write", "--java-options", "-Xint", "--", "--all")
        self.assertIn("could not be run: kit-here: no Java (status 69)", text)
        calls = (self.world / "calls").read_text().replace(str(self.world), "W").splitlines()
        self.assertEqual([line.split()[0] for line in calls], ["kit-here", "linux-vm", "linux-vm"])
        self.assertEqual(calls[1], "linux-vm 5.10 --arch x86_64 --java-options -Xint --kit W/kit.jar --report"
                         " W/out/linux-5.10-x86_64 --timeout 1800 -- --quick --backend-only --all")
        page = (self.world / "docs/CONFORMANCE.md").read_text()
        self.assertIn("- linux-5.10-x86_64: linux-vm: not run: no image", page)
        text = self.ends(1, "linux-6.16-x86_64: failed", *start, "--only", "linux-6.16-x86_64", "--runs", "root")
        self.assertIn(" --runs root ", (self.world / "calls").read_text())
        self.assertIn("could not be run: linux-vm: not run: no image (status 69)", text)
        for name in ("kit-here", "freebsd-vm", "debian-root"):
            self.fake(name, f'echo "{name} $*" >>"$WORLD/calls"; exit 77', "ci")
        text = self.ends(1, "without-pidfd: failed", *start, "--full", "--report", self.world / "full")
        self.assertIn("linux-7.3-x86_64: not run (linux-vm: not run: no image)", text)
        self.assertNotIn("could not be run", text)
        self.assertIn("debian-root sid --kit --java 27 --runs root --jar ", (self.world / "calls").read_text())
        script = "import sys; print('lacks PROCESS_DESCRIPTORS (x): Linux 5.4', file=sys.stderr); sys.exit(3)"
        self.file("ci/lib/without-pidfd.py", script)
        self.ends(0, "without-pidfd: passed", *start, "--only", "without-pidfd", "--report", self.world / "other")
        self.is_interrupted(*start)


class HeaderTruthTest(World):
    """ci/header-truth with made-up headers, claims and values, and a real compiler."""

    def check(self, status, part, kernel="5.10.1-2", **values):
        self.file("usr/include/made.h", "#define MADE_ONE 1\n#define MADE_ALL 0xFFFFFFFFFFFFFFFFULL\n")
        claims = self.file("claims", "# a comment\nONE = MADE_ONE : made.h\nALL = MADE_ALL : stddef.h, made.h\n"
                           "FUTURE = MADE_FUTURE : nothing.h : since 6.13\n")
        values = {"ONE": 1, "ALL": -1, "FUTURE": 9, **values}
        lines = self.file("values", "".join(f"{name} {value}\n" for name, value in values.items()))
        return self.ends(status, part, "header-truth", "--headers", self.world, "--claims", claims, "--values", lines,
                         "--kernel", kernel)

    def test_claims(self):
        self.assertIn("newer: FUTURE (6.13)", self.check(0, "2 right, 1 newer than these headers, 0 wrong"))
        self.check(1, "WRONG: FUTURE: MADE_FUTURE does not compile", "6.13")
        self.check(1, "WRONG: ONE is 2 here, and MADE_ONE is not", ONE=2)
        self.check(1, "MORE has no claim", MORE=1)


@unittest.skipUnless(os.geteuid() == 0 and not os.path.exists("/root/procdesc"), "needs root")
class DebianRootTest(World):
    def test_this_machine_in_place_of_a_debian(self):
        for name in ("trixie", "trixie_default-jdk-headless", "trixie_openjdk-99-jdk-headless"):
            (self.file(f"cache/procdesc/ci/roots/{name}.complete").with_name(name)).symlink_to("/")
        start = ["debian-root", "trixie", "--runs", "root", "--", "sh", "-c"]
        self.ends(7, "exit status 7", *start, "exit 7")
        self.ends(0, "/root/procdesc 700 README.md", *start, "echo $(pwd) $(stat -c %a ~) README*; echo >~/left")
        self.assertFalse(os.path.exists("/root/left"))
        self.assertIn("sleep 1000", self.ends(1, "left behind: ", *start, "sleep 1000 & exit 0"))
        self.assertNotIn(str(self.world), Path("/proc/mounts").read_text())
        self.ends(69, "NOT RUN: openjdk-99-jdk-headless", "debian-root", "trixie", "--pd", "--java", "99")
        self.ends(0, "(early access: no failure)", "debian-root", "trixie", "--pd", "--early", "99")


class PortingTest(World):
    """ci/porting with programs of a few lines, a real compiler, and a stand-in for Java."""

    LINUX = '/* Needs Linux 5.4 */\n#include <stdio.h>\nint main(void) { puts("one"); return 0; }\n'
    FREEBSD = '/* Needs FreeBSD 9 */\n#include <sys/procdesc.h>\nint main(void) { int fd; return pdfork(&fd, 0); }\n'

    def setUp(self):
        super().setUp()
        self.fake("java", "echo one")
        for number in range(1, 11):
            for name, text in (("freebsd.c", self.FREEBSD), ("linux.c", self.LINUX), ("Procdesc.java", ""),
                               ("README.md", "They print:\n\n```\none\n```\n")):
                self.file(f"porting/{number:02}-x/{name}", text)
        self.start = ["porting", "--kit", self.kit, "--directory", self.world / "porting"]

    def changed(self, name, text):
        self.file(f"porting/03-x/{name}", text)

    def test_programs_that_print_what_they_should(self):
        self.ends(0, "20 passed, 0 failed, 0 skipped; 10 programs for FreeBSD compiled", *self.start)
        self.ends(0, "2 passed, 0 failed", *self.start, "--only", "03-x")
        self.changed("linux-7.1.c", self.LINUX.replace("5.4", "7.1"))
        text = self.ends(0, "20 passed, 0 failed, 1 skipped", *self.start, "--kernel", "6.18.44-x")
        self.assertIn("skipped: 03-x/linux-7.1.c: needs Linux 7.1, and this is 6.18.44-x", text)
        text = self.ends(0, "0 passed, 0 failed, 21 skipped", *self.start, "--kernel", "5.3")
        self.assertIn("skipped: 03-x/Procdesc.java: its linux.c needs Linux 5.4", text)

    def test_what_is_wrong(self):
        for name, text, part in (
            ("linux.c", self.LINUX.replace("one", "two"), "-one\n+two\n"),
            ("linux.c", self.LINUX.replace("return 0", "return 3"), "it ends with status 3"),
            ("linux.c", self.LINUX.replace("puts", "int x; puts"), "unused variable"),
            ("linux.c", self.LINUX.replace("Needs", "needs"), "it does not say 'Needs Linux VERSION'"),
            ("linux.c", self.LINUX.replace("puts", "(void)!fopen(\"/dev/null\", \"r\"); puts"), "descriptors are open"),
            ("freebsd.c", self.FREEBSD.replace("(&fd, 0)", "(&fd)"), "for FreeBSD 14 it does not compile"),
            ("freebsd.c", self.FREEBSD.replace("pdfork", "pidfd_open"), "for FreeBSD 14 it does not compile"),
        ):
            with self.subTest(part):
                self.changed(name, text)
                self.assertIn(part, self.ends(1, "1 failed", *self.start, "--only", "03-x"))
                self.changed(name, self.LINUX if name == "linux.c" else self.FREEBSD)
        self.fake("java", "echo one; sleep 1000 >/dev/null 2>&1 &")
        one = [*self.start, "--only", "03-x", "--timeout", "2"]
        self.assertIn("it leaves behind: sleep 1000", self.ends(1, "1 failed", *one))
        self.fake("java", "sleep 1000")
        self.assertIn("it does not end in", self.ends(1, "1 failed", *one))
        (self.world / "porting/03-x/linux.c").unlink()
        self.ends(69, "03-x has no linux.c", *self.start)


class KitHereTest(World):
    def test_statuses(self):
        self.fake("java", """
            [ "$1" != -version ] || { echo 'openjdk version "17.0.99"' >&2; [ "$FAKE" != none ]; exit; }
            echo "kit: $*"; [ "$FAKE" != hang ] || { echo $$ >"$WORLD/hanging"; exec sleep 1000; }
            exit ${FAKE:-0}""")
        start, user = ["kit-here", "--kit", self.kit], "root" if os.geteuid() == 0 else "tester"
        self.ends(0, "exit status 0", *start, "--report", self.world / "out", "--", "--filter", "a b")
        self.assertIn("--filter a b", (self.world / f"out/{user}.log").read_text())
        self.assertRegex((self.world / "out/status").read_text(), f"java=17.0.99\n(.*\n)*{user}.exit=0")
        self.ends(3, "kit: ", *start, FAKE="3")
        self.ends(0, "exit status 3", *start, "--no-backend-yet", FAKE="3")
        self.ends(69, "Java does not start", *start, FAKE="none")
        self.ends(124, "exit status 124", *start, "--timeout", "1", FAKE="hang")
        (self.world / "hanging").unlink()
        self.is_interrupted(*start)
