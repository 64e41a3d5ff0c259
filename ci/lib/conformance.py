"""Makes conformance.json and CONFORMANCE.md from the reports that ci/matrix has collected."""

import json
import os
import re

from lib.command import NOT_RUN, last_line
from lib.report import values

GUARANTEES = [
    ("C1", "Born as a descriptor"),
    ("C2", "Invisible to the host program"),
    ("C3", "A signal reaches that process or nobody"),
    ("C4", "The exit status is exact and stays"),
    ("C5", "Exit is an event"),
    ("C6", "Last close kills"),
    ("C7", "Death of the JVM is a close"),
    ("C8", "Nothing leaks"),
    ("C9", "A clean start or a clear error"),
    ("C10", "Descriptors are capabilities"),
    ("C11", "Safe under concurrency"),
    ("C12", "Works inside a sandbox"),
]
USERS = ("root", "tester")
# Mechanisms of the C library, which are not pinned for a kernel.
OF_THE_LIBRARY = {"launcher", "pidfd_spawn"}
PASSED, FAILED, ABSENT, NO_RUN = "passed", "failed", "absent", "not run"
MARKS = {PASSED: "✓", FAILED: "**✗**", ABSENT: "∅", NO_RUN: "·"}


def lacks(report):
    """Returns the features and mechanisms that a system lacks, in the form that is pinned."""
    lines = ["feature " + each["name"] for each in report["features"] if not each["present"]]
    lines += [
        "mechanism " + each["name"]
        for each in report["mechanisms"]
        if not each["present"] and each["name"] not in OF_THE_LIBRARY
    ]
    return sorted(lines) + ["on the JVM's death " + report["deathGuard"]]


def write_pins(path, lines):
    """Writes the lines of all users; one that is not true for all of them names its user."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write("# What this kernel lacks, on each architecture; written by ci/matrix --pin.\n")
        for line in dict.fromkeys(line for each in lines.values() for line in each):
            users = [user for user in lines if line in lines[user]]
            out.writelines([f"{line}\n"] if len(users) == len(lines) else [f"{line} ({user})\n" for user in users])


def read_pins(path, user):
    """Returns the lines that are true for a user."""
    with open(path, encoding="utf-8") as file:
        lines = [re.fullmatch(r"(.*?)(?: \((root|tester)\))?", line.strip()) for line in file if line[0] not in "#\n"]
    return {line[1] for line in lines if line[2] in (None, user)}


class System:
    """The reports of one system, and the problems in them."""

    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        self.matrix = values(os.path.join(directory, "matrix"))
        self.status = values(os.path.join(directory, "status"))
        self.reports = {}
        self.problems = []
        self.differences = {}
        self.why_not = ""
        self.kind = name.split("-", 1)[0]
        if not self.matrix:
            self.why_not = "not run"
        else:
            self.examine()

    def examine(self):
        code = int(self.matrix["exit"])
        if self.name == "without-pidfd":
            self.examine_without(code)
            return
        if code == NOT_RUN:
            self.why_not = last_line(os.path.join(self.directory, "stderr.txt")) or "not run"
            return
        ran = [user for user in USERS if user + ".exit" in self.status]
        if not ran:
            self.why_not = last_line(os.path.join(self.directory, "stderr.txt")) or f"status {code}"
            self.problems.append(f"could not be run: {self.why_not} (status {code})")
            return
        if self.kind == "freebsd" and all(self.status[user + ".exit"] == "3" for user in ran):
            self.why_not = "not run: the library has no backend for it yet"
            return
        for user in ran:
            self.examine_user(user)
        if code != 0 and not self.problems:
            self.problems.append(f"ended with status {code}")

    def examine_without(self, code):
        if code == NOT_RUN:
            self.why_not = "not run: no filter can be installed"
        elif code != 0:
            self.problems.append("no clear error where process descriptors are missing")

    def examine_user(self, user):
        code = self.status[user + ".exit"]
        try:
            with open(os.path.join(self.directory, user, "report.json"), encoding="utf-8") as file:
                report = json.load(file)
            lacks(report), report["tests"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.problems.append(f"{user}: status {code}, no usable report.json ({error})")
            return
        self.reports[user] = report
        for test in report["tests"]:
            if test["outcome"] == "FAILED":
                name = test["class"].rsplit(".", 1)[-1] + "." + test["name"]
                reason = (test["reason"].strip().splitlines() or [""])[0][:300]
                self.problems.append(f"{user}: {name} ({test['subject']}): {reason}")
        if code != "0" and not any(test["outcome"] == "FAILED" for test in report["tests"]):
            self.problems.append(f"{user}: the kit ended with {code}")
        if self.status.get(user + ".left_behind", "0") != "0":
            left = last_line(os.path.join(self.directory, user + ".left-behind.txt"))
            self.problems.append(f"{user}: processes outlived the kit: {left}")

    def compare(self, expected, pin):
        """Compares what a kernel of Debian lacks with the pins of its version or series; other systems have none."""
        if self.kind != "linux" or not self.reports:
            return
        version = self.name.split("-")[1]
        series = ".".join(version.split(".")[:2])
        file = os.path.join(expected, f"linux-{version}.txt")
        if not os.path.exists(file):
            file = os.path.join(expected, f"linux-{series}.txt")
        now = {user: lacks(report) for user, report in self.reports.items()}
        if pin:
            write_pins(file, now)
        if not os.path.exists(file):
            self.problems.append(f"nothing is pinned in {os.path.basename(file)}")
            return
        for user, lines in now.items():
            pinned = read_pins(file, user)
            more, fewer = sorted(set(lines) - pinned), sorted(pinned - set(lines))
            self.differences[user] = {"more": more, "fewer": fewer}
            self.problems += [f"{user}: lacks more than is pinned: {line}" for line in more]
            self.problems += [f"{user}: pinned, and not so: {line}" for line in fewer]

    def cell(self, guarantee):
        counts = {PASSED: 0, FAILED: 0, ABSENT: 0}
        features = set()
        kinds = {"PASSED": PASSED, "FAILED": FAILED, "LACKS_FEATURE": ABSENT}
        for report in self.reports.values():
            for test in report["tests"]:
                kind = kinds.get(test["outcome"])
                if guarantee in test["contracts"] and kind:
                    counts[kind] += 1
                    if kind == ABSENT:
                        features.add(test["feature"])
        mark = next((each for each in (FAILED, PASSED, ABSENT) if counts[each]), NO_RUN)
        return {"mark": mark, **counts, "absentFeatures": sorted(features)}

    def outcome(self):
        if self.problems:
            return FAILED
        return NO_RUN if self.why_not else PASSED

    def data(self):
        users = {
            user: {
                "exit": int(self.status[user + ".exit"]),
                "seconds": int(self.status.get(user + ".seconds", 0)),
                "passed": report["passed"],
                "failed": report["failed"],
                "lacksFeature": report["lacksFeature"],
                "lacksCondition": report["lacksCondition"],
                "lacks": lacks(report),
                "pinned": self.differences.get(user),
            }
            for user, report in self.reports.items()
        }
        return {
            "system": self.name,
            "outcome": self.outcome(),
            "notRun": self.why_not,
            "problems": self.problems,
            "kernel": self.status.get("kernel", ""),
            "machine": self.status.get("machine", ""),
            "java": self.status.get("java", ""),
            "accelerator": self.status.get("host.accel", ""),
            "date": self.matrix.get("date", ""),
            "commit": self.matrix.get("commit", ""),
            "arguments": self.matrix.get("arguments", ""),
            "seconds": int(self.matrix.get("seconds", 0)),
            "users": users,
            "guarantees": {key: self.cell(key) for key, _ in GUARANTEES},
        }


def shown(cell):
    mark, absent = MARKS[cell["mark"]], " ".join(f"`{name}`" for name in cell["absentFeatures"])
    if cell["mark"] == FAILED:
        text = f"{mark} {cell[FAILED]} of {cell[FAILED] + cell[PASSED]}"
    elif cell["mark"] == PASSED:
        text = f"{mark} {cell[PASSED]}"
    else:
        return f"{mark} {absent}".strip()
    return text + (f", {MARKS[ABSENT]} {absent}" if absent else "")


def row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page(systems):
    table = [each for each in systems if each["system"] != "without-pidfd"]
    lines = [
        "# Conformance",
        "",
        "What the conformance suite has shown, and where. Written by `ci/matrix --write`; do not edit.",
        "",
        f"- {MARKS[PASSED]} n: n tests passed (as root and as an ordinary user together, where both ran)",
        f"- {MARKS[FAILED]} n of m: n tests failed",
        f"- {MARKS[ABSENT]} `FEATURE`: the kernel has no such feature, the library says so, and the tests that",
        "  need it were left out",
        f"- {MARKS[NO_RUN]}: not run",
        "",
        "The guarantees run down the page, the systems across; each column has the date of its last run. What each kernel",
        "lacks is pinned in `ci/expected`.",
        "",
        row("", *(each["system"] for each in table)),
        row("---", *("---" for _ in table)),
        row("**outcome**", *(MARKS[each["outcome"]] for each in table)),
        row("kernel", *(each["kernel"] or MARKS[NO_RUN] for each in table)),
        row("JDK", *(each["java"] or MARKS[NO_RUN] for each in table)),
        row("emulator", *(each["accelerator"] or MARKS[NO_RUN] for each in table)),
        row("date", *(each["date"] or MARKS[NO_RUN] for each in table)),
        row("commit", *(each["commit"] or MARKS[NO_RUN] for each in table)),
        row("kit", *(each["arguments"] or ("all" if each["date"] else MARKS[NO_RUN]) for each in table)),
    ]
    for key, title in GUARANTEES:
        lines.append(row(f"{key} {title}", *(shown(each["guarantees"][key]) for each in table)))
    lines += ["", "A plus after a commit: the tree was not quite that of the commit.", ""]
    lines += ["## What each kernel lacks", ""]
    for each in table:
        if each["users"]:
            sets = {user: data["lacks"] for user, data in each["users"].items()}
            same = len({tuple(value) for value in sets.values()}) == 1
            for user, value in list(sets.items())[: 1 if same else None]:
                who = "" if same else f" ({user})"
                lines.append(f"- {each['system']}{who}: " + "; ".join(value))
    without = next((each for each in systems if each["system"] == "without-pidfd"), None)
    if without:
        says = {
            PASSED: "the kit ends at once with one line that names what is missing",
            FAILED: "**the kit gives no clear error**",
            NO_RUN: "not run",
        }
        result = says[without["outcome"]]
        lines.append(f"- a kernel without process descriptors (older than 5.4, or filtered): {result}")
    notes = [(each["system"], text) for each in systems for text in each["problems"]]
    if notes:
        lines += ["", "## What failed", ""] + [f"- {name}: {text}" for name, text in notes]
    missing = [(each["system"], each["notRun"]) for each in systems if each["outcome"] == NO_RUN]
    if missing:
        lines += ["", "## What was not run", ""]
        lines += [f"- {name}" + ("" if why == "not run" else f": {why}") for name, why in missing]
    return "\n".join(lines) + "\n"


def with_earlier(data, store):
    """Replaces the data of each system that was not run by that of an earlier run, which has its date and commit."""
    try:
        with open(store, encoding="utf-8") as file:
            earlier = {each["system"]: each for each in json.load(file)["systems"]}
    except FileNotFoundError:
        earlier = {}
    now = [each if each["outcome"] != NO_RUN else earlier.get(each["system"], each) for each in data]
    names = {each["system"] for each in now}
    return now + [each for name, each in sorted(earlier.items()) if name not in names]


def write(data, page_file, json_file):
    with open(json_file, "w", encoding="utf-8") as out:
        json.dump({"systems": data}, out, indent=2, ensure_ascii=False)
        out.write("\n")
    with open(page_file, "w", encoding="utf-8") as out:
        out.write(page(data))


def render(reports, expected, plan, page_file=None, pin=False):
    """Writes the table and the JSON, and says what failed; returns 1 if anything did."""
    names = plan + sorted(
        name
        for name in os.listdir(reports)
        if name not in plan and os.path.exists(os.path.join(reports, name, "matrix"))
    )
    systems = [System(name, os.path.join(reports, name)) for name in names]
    for system in systems:
        system.compare(expected, pin)
    data = [system.data() for system in systems]
    write(data, os.path.join(reports, "CONFORMANCE.md"), os.path.join(reports, "conformance.json"))
    if page_file:
        store = os.path.join(os.path.dirname(page_file), "conformance.json")
        write(with_earlier(data, store), page_file, store)
    failed = False
    for each in data:
        if each["date"]:
            print(f"{each['system']}: {each['outcome']}" + (f" ({each['notRun']})" if each["notRun"] else ""))
        for problem in each["problems"]:
            failed = True
            print(f"  {problem}")
    if not any(each["date"] for each in data):
        print("no report at all")
        failed = True
    return 1 if failed else 0
