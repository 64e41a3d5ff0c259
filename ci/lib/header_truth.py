#!/usr/bin/env python3
"""Asserts values of C expressions at compile time, against given headers; see ci/header-truth."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

CLAIM = re.compile(r"(\S+) = (.+?) : ([^:]+?)(?: : since ([0-9.]+)| : only (\S+))?")
WRONG = re.compile(r"not the value of (\S+)")


def read_claims(path, arch):
    claims = {}
    with open(path, encoding="utf-8") as file:
        for line in map(str.strip, file):
            if line and not line.startswith("#"):
                match = CLAIM.fullmatch(line)
                if not match or match[1] in claims:
                    sys.exit(f"header-truth: {path}: {line}")
                expression = match[2] if match[5] in (None, arch) else None
                claims[match[1]] = (expression, tuple(match[3].split(", ")), match[4])
    return claims


def read_values(path):
    with open(path, encoding="utf-8") as file:
        return {name: int(value) for name, value in (line.split() for line in file if line.strip())}


def version(text):
    return tuple(int(part) for part in re.match(r"[0-9.]*[0-9]", text)[0].split(".")[:2])


class Compiler:
    def __init__(self, cc, includes, directory):
        self.command = [cc, "-std=gnu11", "-w", "-O1", "-S", "-o", os.devnull]
        for include in includes:
            if os.path.isdir(include):
                self.command += ["-isystem", include]
        self.source = os.path.join(directory, "claims.c")

    def problem(self, headers, claims):
        """What the compiler says of assertions with these headers; empty if all hold.

        Some kernels' headers give the numbers of clone3 and renameat only to who asks for it, and 5.10's
        asm/signal.h forgets stddef.h."""
        lines = ["#define _GNU_SOURCE", "#define __ARCH_WANT_SYS_CLONE3",
                 "#define __ARCH_WANT_RENAMEAT", "#include <stddef.h>"]
        lines += [f"#include <{header}>" for header in headers]
        for i, (name, expression, value) in enumerate(claims):
            lines.append(f'extern void wrong{i}(void) __attribute__((error("not the value of {name}")));')
            lines.append(f"void check{i}(void) {{ if ((long long) ({expression}) != {value}LL) wrong{i}(); }}")
        with open(self.source, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        run = subprocess.run(
            self.command + [self.source],
            capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"},
        )
        return "" if run.returncode == 0 else run.stderr.strip() or f"status {run.returncode}"


def literal(value):
    # The smallest number of 64 bits has no literal in C.
    return value if value > -(2**63) else "-9223372036854775807LL - 1"


def main():
    parser = argparse.ArgumentParser()
    for option in ("claims", "values", "cc", "kernel", "arch"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--include", action="append", required=True)
    arguments = parser.parse_args()
    claims, values = read_claims(arguments.claims, arguments.arch), read_values(arguments.values)
    failures = [f"{name} has no value" for name in claims if name not in values]
    failures += [f"{name} has no claim" for name in values if name not in claims]
    groups = {}
    for name, (expression, headers, _) in claims.items():
        if name in values and expression:
            groups.setdefault(headers, []).append((name, expression, literal(values[name])))
    right, newer = 0, []
    with tempfile.TemporaryDirectory(prefix="procdesc-vm.") as directory:
        compiler = Compiler(arguments.cc, arguments.include, directory)
        for headers, group in groups.items():
            if not compiler.problem(headers, group):
                right += len(group)
                continue
            for claim in group:
                problem, name = compiler.problem(headers, [claim]), claim[0]
                since = claims[name][2]
                if not problem:
                    right += 1
                elif WRONG.search(problem):
                    failures.append(f"{name} is {claim[2]} here, and {claim[1]} is not")
                elif since and version(since) > version(arguments.kernel):
                    newer.append(f"{name} ({since})")
                else:
                    first = next((line for line in problem.splitlines() if "error" in line), problem)
                    failures.append(f"{name}: {claim[1]} does not compile: {first.split('error: ')[-1]}")
    print(
        f"Linux {arguments.kernel} {arguments.arch}: {right} right, {len(newer)} newer than these headers,"
        f" {len(failures)} wrong"
    )
    if newer:
        print("  newer: " + ", ".join(newer))
    for failure in failures:
        print("  WRONG: " + failure)
    return 1 if failures or not right else 0


if __name__ == "__main__":
    sys.exit(main())
