"""Debian's kernels: which package has one, and the few modules that a machine needs."""

import gzip
import lzma
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lib.command import NOT_RUN, UNAVAILABLE, USAGE, Failure, cache, must, need, output, remove, remove_unused, scratch
from lib.debian import Apt, deb_extract

# The report's disk and a source of randomness, which Debian builds as modules.
MODULES = ("virtio_pci", "virtio_blk", "virtio-rng")
# Backports and later suites carry one newest kernel each and change it often.
SUITES = {"5.10": ("bullseye-security", "bullseye"), "6.1": ("bookworm-security", "bookworm"),
          "6.12": ("trixie-security", "trixie")}
LATER_SUITES = ("trixie-backports", "forky", "sid", "experimental")


@dataclass
class Kernel:
    image: Path
    modules: Path | None  # with a file "order"
    release: str  # as in uname -r
    package: str = ""
    version: str = ""


def suites(kernel):
    """Returns the suites that may have a kernel, best first."""
    return SUITES.get(".".join(kernel.split(".")[:2]), LATER_SUITES)


def matches(kernel, version):
    """Returns whether a package's version is one of that kernel: 6.1 is not 6.12."""
    return version.startswith(kernel) and not version[len(kernel) :][:1].isdigit()


def packages(apt):
    """Returns (version, package) of each plain kernel (no debug, unsigned, cloud or real-time flavour), in order.

    Debian may remove the modules of a kernel before its image. Such a kernel cannot boot here and is left out."""
    names = re.findall(rf"^linux-image-[0-9][^-\n]*(?:-[0-9][^-\n]*)?-{apt.arch}$",
                       apt.output("apt-cache", "pkgnames", "linux-image-"), re.MULTILINE)
    if not names:
        return []
    text = apt.output("apt-cache", "show", "--no-all-versions", *names)
    known = set(apt.output("apt-cache", "pkgnames", "linux-").split())
    found = []
    for stanza in text.strip().split("\n\n"):
        fields = dict(re.findall("^(Package|Version|Depends): (.*)", stanza, re.MULTILINE))
        if known.issuperset(re.findall("linux-(?:binary|modules)-[^ ,]+", fields.get("Depends", ""))):
            found.append((fields["Version"], fields["Package"]))
    lines = output("sort", "-V", input="".join(f"{version} {package}\n" for version, package in found))
    return [tuple(line.split(" ")) for line in lines.splitlines()]


def all_kernels(arch):
    """Returns a line for each kernel that can be asked for."""
    names = ["bullseye-security", "bookworm-security", "trixie-security", *LATER_SUITES]
    found = [(name, *each) for name in names if (apt := Apt(name, arch)).update() for each in packages(apt)]
    return [f"{suite:<20} {version:<24} {package}" for suite, version, package in found]


def find(kernel, arch):
    """Returns a kernel from the cache, or fetched: the newest that matches, of the best suite that has one.

    Debian removes kernels from its suites. The status tells a kernel that is not there from a failure."""
    status = NOT_RUN
    for suite in suites(kernel):
        apt = Apt(suite, arch)
        if not apt.update():
            status = UNAVAILABLE
            continue
        found = [each for each in packages(apt) if matches(kernel, each[0])]
        if not found:
            continue
        status = UNAVAILABLE
        version, package = found[-1]
        directory = cache() / "kernels" / apt.arch / f"{package}_{re.sub('[^A-Za-z0-9.+~-]', '_', version)}"
        if not (directory / "release").exists() and not unpack(apt, package, directory):
            continue
        directory.touch()
        remove_unused(directory.parent, 30)
        release = (directory / "release").read_text().strip()
        return Kernel(directory / "vmlinuz", directory / "tree/modules", release, package, version)
    text = f"no kernel {kernel} for {arch} in Debian's {' '.join(suites(kernel))} (see --list)"
    raise Failure(status, f"not run: {text}" if status == NOT_RUN else text)


def unpack(apt, package, directory):
    """Fetches a kernel and puts what a machine needs into the directory; returns False if it cannot be had."""
    need("depmod", "kmod")
    # Newer kernels come as linux-image, linux-binary and linux-modules.
    depends = apt.output("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                         "--no-breaks", "--no-replaces", "--no-enhances", package)
    parts = sorted(set(re.findall("^linux-(?:image|binary|modules)-[^ \n]+$", depends, re.MULTILINE)))
    files = apt.fetch(*parts)
    if not files:
        return False
    made = scratch(directory)
    tree = made / "all"
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "lib").symlink_to("usr/lib")
    for file in files:
        # Of some hundred megabytes of modules only the drivers that could matter.
        deb_extract(file, tree, ("*/kernel/[!d]*", "*/kernel/drivers/[!bcv]*", "*/drivers/video", "*/usr/share"))
        file.unlink()
    images = [path for path in tree.rglob("vmlinu[xz]*") if path.is_file() and not path.is_symlink()]
    if not images:
        raise Failure(UNAVAILABLE, f"{package} has no kernel image")
    (modules,) = (tree / "usr/lib/modules").iterdir()
    # It complains about the lists that were left out on purpose.
    must("depmod", "-b", tree, modules.name, stderr=subprocess.DEVNULL)
    copy_modules(modules, made / "tree/modules")
    images[0].rename(made / "vmlinuz")
    (made / "release").write_text(modules.name + "\n")
    remove(tree)
    remove(directory)
    made.rename(directory)
    return True


def copy_modules(modules, directory):
    """Copies the needed modules of a tree (as /lib/modules/RELEASE) uncompressed, and the order to load them."""
    if not (modules / "modules.dep").is_file():
        raise Failure(USAGE, f"{modules} has no modules.dep: run depmod on it")
    # modules.dep lists for each file everything that it needs, the innermost last.
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[Path(path).name.split(".ko")[0].replace("-", "_")] = [*reversed(others.split()), path]
    # A module that is not listed is built in, or the machine will say that it misses the device.
    ordered = dict.fromkeys(path for name in MODULES for path in needs.get(name.replace("-", "_"), []))
    directory.mkdir(parents=True)
    order = []
    for number, path in enumerate(ordered, 1):
        name, _, compression = Path(path).name.partition(".ko")
        content = (modules / path).read_bytes()
        if compression == ".zst":
            content = subprocess.run(["zstd", "-qdc"], input=content, stdout=subprocess.PIPE, check=True).stdout
        else:
            content = {".xz": lzma.decompress, ".gz": gzip.decompress, "": bytes}[compression](content)
        order.append(f"{number:02}-{name}.ko")
        (directory / order[-1]).write_bytes(content)
    (directory / "order").write_text("".join(name + "\n" for name in order))
