"""The directories of docs/porting."""

import re

from lib.command import UNAVAILABLE, USAGE, Failure

NEEDS = re.compile(r"\bNeeds (Linux|FreeBSD) (\d+(?:\.\d+)?)\b")
PRINTS = re.compile(r"^They print:\n\n```\n(.*?)^```$", re.S | re.M)
PROGRAMS = ("freebsd.c", "linux.c", "Procdesc.java", "README.md")
FEWEST = 10


def patterns(root, only=""):
    """Returns the directories, each of which has all the programs."""
    found = sorted(path for path in root.glob("[0-9][0-9]-*") if path.is_dir())
    if len(found) < FEWEST:
        raise Failure(UNAVAILABLE, f"only {len(found)} directories were found in {root}")
    for directory in found:
        for file in PROGRAMS:
            if not (directory / file).is_file():
                raise Failure(UNAVAILABLE, f"{directory.name} has no {file}")
    if only and not any(path.name == only for path in found):
        raise Failure(USAGE, f"no such directory: {only}")
    return [path for path in found if only in ("", path.name)]


def expected(directory):
    """Returns what the programs of a directory print, according to its page."""
    block = PRINTS.search((directory / "README.md").read_text(encoding="utf-8"))
    if not block:
        raise Failure(UNAVAILABLE, f"{directory.name}/README.md does not say what the programs print")
    return block[1]


def is_older(version, needed):
    """Returns whether a version of a system, such as 6.18.44-1, is older than a needed one, such as 7.1."""
    numbers = [[int(part) for part in re.match(r"[\d.]*\d", text)[0].split(".")] for text in (version, needed)]
    return numbers[0][:2] < numbers[1]
