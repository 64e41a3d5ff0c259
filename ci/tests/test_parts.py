"""Tests of the functions of ci/lib and of the commands."""

import shutil
import time
from unittest import mock

import world  # first: it sets the path
from lib import conformance, debian, kernel, links, qemu, report
from lib.command import Failure


class LinksTest(world.World):
    def test_links_that_lead_nowhere_are_found(self):
        site = self.world / "site"
        self.file("site/index.html", '<a href="docs/A.html#there">A</a> <a href="https://example.org/x">out</a>'
                                     '<img src="gone.svg"><a href="#nowhere">here</a>')
        self.file("site/docs/A.html", '<h2 id="there">A</h2><a href="../index.html">back</a>'
                                      '<a href="B.html">B</a><a href="A.html#else">else</a>')
        self.assertEqual(links.wrong_links(site), [
            "docs/A.html: A.html#else is not there", "docs/A.html: B.html is not there",
            "index.html: #nowhere is not there", "index.html: gone.svg is not there"])

    def test_linked_files_are_copied(self):
        site, tree = self.world / "site", self.world / "tree"
        self.file("tree/src/A.java", "class A {}")
        self.file("outside", "secret")
        page = self.file("site/docs/A.html", '<a href="../src/A.java">A</a><a href="../../outside">no</a>')
        links.copy_linked_files([page], site, tree)
        self.assertEqual((site / "src/A.java").read_text(), "class A {}")
        self.assertEqual(links.wrong_links(site), ["docs/A.html: ../../outside is not there"])


class ReportTest(world.World):
    def test_a_whole_frame_is_unpacked(self):
        self.file("frame").write_bytes(world.frame({"root/result": "evidence"}) + bytes(100_000))  # as on a disk
        self.assertEqual(report.unpack(self.world / "frame", self.world / "out"), "complete")
        self.assertEqual((self.world / "out/root/result").read_text(), "evidence")

    def test_a_damaged_frame_is_refused(self):
        good = world.frame({"root/result": "evidence"})
        headers = [f"PROCDESC-REPORT {header}\n".encode().ljust(4096, b"\0") + b"hello"
                   for header in ("2 1 2 complete", "1 -5 00 complete", "1 5", f"1 5 {'0' * 64} done")]
        for why, contents in {
            "no report was written": (good[:5], bytes(1 << 20)),
            "damaged header": (good[:40], *headers),
            "truncated": (good[:4096], good[:5000], good[:-1]),
            "SHA-256 does not match": (good[:5000] + b"X" + good[5001:],),
        }.items():
            for content in contents:
                self.file("frame").write_bytes(content)
                with self.assertRaisesRegex(report.Damaged, why):
                    report.unpack(self.world / "frame", self.world / "out")
                self.assertFalse((self.world / "out").exists())

    def test_the_verdict_is_the_worst_status(self):
        for root, tester, expected in (("0", "2", 2), ("4", "0", 4), ("0", "0", 0), ("0", "", 70), ("77", "0", 1)):
            self.file("status", f"root.exit={root}\ntester.exit={tester}\n")
            self.assertEqual(report.verdict(self.world, ["root", "tester"]), expected)
        self.assertEqual(report.verdict(self.world / "nowhere", ["root"]), 70)


class PartsTest(world.World):
    def test_a_version_selects_its_kernels(self):
        for wanted, version, expected in (("6.1", "6.1.192-2", True), ("7.3", "7.3~rc7-1", True),
                                          ("6.1", "6.12.94-1", False), ("5.1", "5.10.2", False),
                                          ("6.1", "6.16.3-1~bpo13+1", False), ("6.16.1", "6.16.12-1", False),
                                          ("6.16.3", "6.16.12-1", False)):
            self.assertEqual(kernel.matches(wanted, version), expected)
        self.assertEqual(kernel.suites("5.10.223")[0], "bullseye-security")
        self.assertEqual(kernel.suites("6.18")[0], "trixie-backports")

    def test_a_kernel_without_its_modules_is_left_out(self):
        apt = mock.Mock(arch="amd64")
        names = [f"linux-image-{version}-amd64" for version in ("7.0.13", "6.18.15", "7.2.12")]
        shown = "\n\n".join(f"Package: {name}\nVersion: {name.split('-')[2]}-1\n"
                            f"Depends: kmod, linux-modules-{name.split('-')[2]}-amd64 (= 1)\n" for name in names[::2])
        shown += f"\n\nVersion: 6.18.15-1\nPackage: {names[1]}\nDepends: kmod\n"
        apt.output.side_effect = ["\n".join(names), shown, "\n".join([*names, "linux-modules-7.2.12-amd64"])]
        self.assertEqual(kernel.packages(apt), [("6.18.15-1", names[1]), ("7.2.12-1", names[2])])

    def find(self, wanted):
        """Returns the version of the kernel that is found among those of trixie-backports."""
        versions = ["6.16.3-1~bpo13+1", "6.16.12-1~bpo13+1", "6.17.13-1~bpo13+1", "7.2.12-1~bpo13+1", "7.3.4-1~bpo13+1"]

        def unpack(_apt, _package, directory):
            (directory / "release").parent.mkdir(parents=True)
            (directory / "release").write_text("release\n")
            return True

        with mock.patch.object(kernel, "Apt") as apt, mock.patch.object(kernel, "unpack", unpack), \
             mock.patch.object(kernel, "cache", return_value=self.world / "kernels"), \
             mock.patch.object(kernel, "packages", return_value=[(version, "image") for version in versions]):
            apt.return_value.arch = "amd64"
            apt.return_value.update.return_value = True
            return kernel.find(wanted, "x86_64").version

    def test_a_series_finds_its_newest_kernel(self):
        for wanted, expected in (("6.16", "6.16.12-1~bpo13+1"), ("6.16.3", "6.16.3-1~bpo13+1"),
                                 ("6.16.3-1~bpo13+1", "6.16.3-1~bpo13+1"), ("7.3", "7.3.4-1~bpo13+1")):
            self.assertEqual(self.find(wanted), expected)

    def test_a_kernel_that_debian_has_no_more_is_not_run(self):
        for readable, versions, status in ((True, [], 77), (True, [("6.17.1-1", "image")], 77), (False, [], 69)):
            with mock.patch.object(kernel, "Apt") as apt, mock.patch.object(kernel, "packages", return_value=versions):
                apt.return_value.update.return_value = readable
                with self.assertRaises(Failure) as failure:
                    kernel.find("6.16", "x86_64")
            self.assertEqual(failure.exception.status, status)
            self.assertIn("no kernel 6.16 for x86_64", str(failure.exception))

    def test_a_package_must_have_the_size_and_the_hash_of_the_list(self):
        good = "SHA256:" + world.hashlib.sha256(b"the kit\n").hexdigest()
        self.assertTrue(debian.deb_is_good(self.kit, 8, good))
        for size, checksum in ((9, good), (8, good[:-1] + "x"), (8, "MD5Sum:0")):
            self.assertFalse(debian.deb_is_good(self.kit, size, checksum))
        self.assertFalse(debian.deb_is_good(self.world / "none", 8, good))

    def test_kvm_is_used_only_where_it_boots_the_kernel(self):
        for runs, boots, expected in ((False, True, "tcg"), (True, False, "tcg"), (True, True, "kvm")):
            with mock.patch.object(qemu, "probe_kvm", return_value=runs), \
                 mock.patch.object(qemu, "probe_kvm_kernel", return_value=boots):
                self.assertEqual(qemu.choose_accel("x86_64", "auto", self.world, "vmlinuz"), expected)

    def test_a_machine_ends_at_its_deadline(self):
        machine = qemu.Machine(self.world / "log", "sleep", "1000")
        self.assertIsNone(machine.wait(time.monotonic() + 0.1))
        self.assertIsNotNone(machine.child.returncode)
        self.assertEqual(qemu.Machine(self.world / "log", "sh", "-c", "exit 3").wait(time.monotonic() + 30), 3)

    def test_subjects_of_commits(self):
        problem = world.load("commit-subjects").problem
        for subject, part in {
            "The guardian is gone": "does not begin with an area", "linux: close the pipe": "a capital letter",
            "linux: Closes the pipe": "imperative", "linux: Closed the pipe": "imperative",
            "linux: Closing it": "imperative", "linux: The pipe is closed": "imperative",
            "linux: Close it.": "a period", "linux: Close " + "x" * 60: "73 columns",
        }.items():
            self.assertIn(part, problem(subject))
        for subject in ("linux: Close " + "ü" * 59, "posix, freebsd: Retry", "ci/matrix: Pass it", ".ci/run: Bring it"):
            self.assertEqual(problem(subject), "")

    def test_images_of_freebsd(self):
        vm = world.load("freebsd-vm")
        for name, full in (("14.3", "14.3-RELEASE"), ("16-CURRENT", "16.0-CURRENT"), ("15.0-RC2", "15.0-RC2")):
            self.assertEqual(vm.full_name(name), full)
        with self.assertRaises(Failure):
            vm.full_name("14.3-OTHER")
        name = "FreeBSD-15.0-RELEASE-amd64-BASIC-CI"
        listing = f"SHA256 ({name}-zfs.raw.xz) = {'1' * 64}\nSHA256 ({name}.raw.xz) = {'2' * 64}\n"
        self.assertEqual(vm.find_checksum(listing, "15.0-RELEASE", "x86_64"), (name + ".raw.xz", "2" * 64))
        listing += f"SHA256 ({name}-ufs-20261105-0123abcdef-300000.raw.xz) = {'3' * 64}\n"
        self.assertEqual(vm.find_checksum(listing, "15.0-RELEASE", "x86_64"), (name + "-ufs.raw.xz", "3" * 64))
        self.assertEqual(vm.find_checksum(listing, "15.0-RELEASE", "aarch64"), (None, None))


class ConformanceTest(world.World):
    """The marks, the pins and the exit status, from reports that are written here."""

    SYSTEM = "linux-6.1-x86_64"
    LACKS = ["feature KILL_CGROUP", "mechanism autoreap", "on the JVM's death GUARDIAN"]

    def setUp(self):
        super().setUp()
        self.pin(*self.LACKS)

    def pin(self, *lines):
        self.file("expected/linux-6.1.txt", "# comment\n" + "\n".join(lines) + "\n")

    def write(self, outcome="PASSED", status="", code=0, users=("root", "tester"), system=SYSTEM):
        test = {"subject": "linux", "class": "a.b.SpawnTest", "name": "one", "contracts": ["C1"], "feature": "",
                "outcome": "PASSED", "reason": ""}
        other = {**test, "name": "two", "contracts": ["C1", "C6"], "outcome": outcome, "feature": "KILL_CGROUP",
                 "reason": "expected: <1>\nat"}
        content = {
            "deathGuard": "GUARDIAN", "passed": 2, "failed": 0, "lacksFeature": 0, "lacksCondition": 0,
            "features": [{"name": "KILL_CGROUP", "present": False}, {"name": "CGROUP", "present": True}],
            "mechanisms": [{"name": "autoreap", "present": False}, {"name": "launcher", "present": False}],
            "tests": [test, other],
        }
        for user in users:
            self.file(f"reports/{system}/{user}/report.json", conformance.json.dumps(content))
        runs = "".join(f"{user}.exit={int(outcome == 'FAILED')}\n{user}.seconds=3\n" for user in users)
        self.file(f"reports/{system}/status", f"kernel=9.9\njava=17\n{runs}{status}")
        self.file(f"reports/{system}/matrix", f"exit={code}\nseconds=9\ndate=2026-01-02\ncommit=abc\narguments=-q\n")

    def render(self, status, said="", system=SYSTEM, **options):
        with mock.patch("builtins.print") as output:
            result = conformance.render(self.world / "reports", self.world / "expected", [system], **options)
        text = "\n".join(call.args[0] for call in output.call_args_list)
        self.assertEqual(result, status, text)
        self.assertIn(said, text)
        data = conformance.json.loads((self.world / "reports/conformance.json").read_text())
        return data["systems"][0], (self.world / "reports/CONFORMANCE.md").read_text()

    def test_the_four_marks(self):
        self.write()
        data, page = self.render(0, f"{self.SYSTEM}: passed")
        cell = {"mark": "passed", "passed": 4, "failed": 0, "absent": 0, "absentFeatures": []}
        self.assertEqual(data["guarantees"]["C1"], cell)
        self.assertEqual(data["guarantees"]["C2"]["mark"], "not run")
        self.assertIn("| C1 Born as a descriptor | ✓ 4 |\n| C2 Invisible to the host program | · |", page)
        self.assertIn("| date | 2026-01-02 |\n| commit | abc |\n| kit | -q |", page)
        self.write("LACKS_FEATURE")
        _, page = self.render(0)
        self.assertIn("| C1 Born as a descriptor | ✓ 2, ∅ `KILL_CGROUP` |", page)
        self.assertIn("| C6 Last close kills | ∅ `KILL_CGROUP` |", page)
        self.write("FAILED", code=1)
        _, page = self.render(1, "tester: SpawnTest.two (linux): expected: <1>")
        self.assertIn("| C1 Born as a descriptor | **✗** 2 of 4 |", page)

    def test_a_system_that_is_not_run_again_keeps_its_column(self):
        page_file = self.file("docs/CONFORMANCE.md")
        self.write()
        self.render(0, page_file=page_file)
        shutil.rmtree(self.world / "reports" / self.SYSTEM)
        self.write(system="host")
        self.render(0, page_file=page_file)
        self.assertIn(f"|  | {self.SYSTEM} | host |", page_file.read_text())
        self.assertIn("| C1 Born as a descriptor | ✓ 4 | ✓ 4 |", page_file.read_text())
        self.write("FAILED", code=1)
        self.render(1, page_file=page_file)
        self.assertIn("| C1 Born as a descriptor | **✗** 2 of 4 | ✓ 4 |", page_file.read_text())

    def test_what_is_lacking_is_pinned(self):
        self.write()
        self.pin(*self.LACKS[1:])
        data, _ = self.render(1, "root: lacks more than is pinned: feature KILL_CGROUP")
        self.assertEqual(data["users"]["root"]["pinned"], {"more": ["feature KILL_CGROUP"], "fewer": []})
        self.pin(*self.LACKS, "feature CGROUP (tester)")
        data, _ = self.render(1, "tester: pinned, and not so: feature CGROUP")
        self.assertEqual(data["problems"], ["tester: pinned, and not so: feature CGROUP"])
        file = self.world / "expected/linux-6.1.txt"
        file.unlink()
        self.render(1, "nothing is pinned in linux-6.1.txt")
        self.render(0, pin=True)
        self.assertEqual(file.read_text().splitlines()[1:], self.LACKS)
        conformance.write_pins(file, {"root": ["a", "c"], "tester": ["b", "c"]})
        self.assertEqual(file.read_text().splitlines()[1:], ["a (root)", "c", "b (tester)"])
        self.assertEqual(conformance.read_pins(file, "root"), {"a", "c"})

    def test_a_version_has_its_own_pins_or_those_of_its_series(self):
        exact = "linux-6.1.7-x86_64"
        self.write(system=exact)
        self.render(0, f"{exact}: passed", exact)
        self.file("expected/linux-6.1.7.txt", "\n".join(self.LACKS[1:]) + "\n")
        self.render(1, "root: lacks more than is pinned: feature KILL_CGROUP", exact)
        self.render(0, "", exact, pin=True)
        self.assertIn("feature KILL_CGROUP\n", (self.world / "expected/linux-6.1.7.txt").read_text())

    def test_nothing_that_was_not_run_has_passed(self):
        (self.world / "reports").mkdir()
        self.render(1, "no report at all")
        self.write(status="root.left_behind=1\n")
        self.render(1, "root: processes outlived the kit")
        self.write(code=9)
        self.render(1, "ended with status 9")
        self.file(f"reports/{self.SYSTEM}/root/report.json", '{"tests": [')
        self.render(1, "root: status 0, no usable report.json")
        self.file(f"reports/{self.SYSTEM}/stderr.txt", "linux-vm: no such thing\n")
        self.write(users=(), code=70)
        self.render(1, "could not be run: linux-vm: no such thing (status 70)")
        self.write(users=(), code=77)
        self.assertEqual(self.render(0, "not run (linux-vm: no such thing)")[0]["outcome"], "not run")
