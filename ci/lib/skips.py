#!/usr/bin/env python3
"""Compares what a run of the kit skipped with what it may skip.

usage: skips.py REPORT.json PINNED

A line of PINNED is "feature NAME" or "condition TEXT". What is skipped and not pinned is an error; so is
a pinned feature that is there.
"""

import json
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        pinned = {line.strip() for line in file if line.strip() and not line.startswith("#")}
    problems = []
    for test in report["tests"]:
        if test["outcome"] == "LACKS_FEATURE":
            why = "feature " + test["feature"]
        elif test["outcome"] == "LACKS_CONDITION":
            why = "condition " + test["reason"]
        else:
            continue
        if why not in pinned:
            problems.append(f"{test['class'].rsplit('.', 1)[-1]}.{test['name']} was skipped: {why}")
    for feature in report["features"]:
        if feature["present"] and "feature " + feature["name"] in pinned:
            problems.append("pinned as absent, and present: " + feature["name"])
    for problem in problems:
        print("skips.py: " + problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


main()
