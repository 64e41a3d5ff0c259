"""The file system of a Linux guest: two cpio archives, which the kernel unpacks one after the other.

The base (programs, C library, Java) is made once and cached; the other has what belongs to one run (kernel
modules, kit, settings)."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from lib.command import (CI, HOST_ARCH, UNAVAILABLE, USAGE, Failure, cache, must, output, remove,
                         remove_unused, run, say, scratch)
from lib.debian import Apt, deb_extract
from lib.qemu import QUIET

# The suite and the JVM need these beyond what jdeps finds in the kit.
JDK_MODULES = "java.base,java.logging,java.management,java.xml,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs"
# Separate programs, because busybox looks at argv[0], which a test may set, and its unshare lacks options; all others
# are busybox.
PROGRAMS = (
    "sh cat sleep true false echo env id sort head tail printf ls pwd dd tr wc mkdir rm touch chmod nice nohup od"
    " readlink seq stat stty tee test timeout uname unshare yes"
).split()
# Libraries that a JNI library may name though no program needs them.
LIBRARIES = "libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1 libnss_files.so.2 libgcc_s.so.1".split()
# The runtime of another architecture, from Debian's packages.
SUITE = "bookworm"
PACKAGES = (
    "libc6 libgcc-s1 libstdc++6 zlib1g openjdk-17-jre-headless"
    " dash coreutils util-linux libacl1 libattr1 libgmp10 libselinux1 libpcre2-8-0"
).split()
# No documentation, and not the desktop half of the runtime, whose libraries are absent anyway.
EXCLUDED = ("*/usr/share/*", "*/gconv/*", "*/lib/libawt*", "*/lib/libfontmanager*", "*/lib/liblcms*",
            "*/lib/libmlib*", "*/lib/libjavajpeg*", "*/lib/libjsound*")
FILES = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\ntester:x:1000:1000:tester:/home/tester:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "group": "root:x:0:\ntester:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost guest\n",
    "hostname": "guest\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def cpio(directory, archive):
    """Archives a directory; all files belong to root."""
    names = sorted("./" + str(path.relative_to(directory)) for path in directory.rglob("*"))
    with open(archive, "wb") as file:
        subprocess.run(["cpio", "--quiet", "-0", "-o", "-H", "newc", "--reproducible", "-R", "+0:+0"], cwd=directory,
                       input="\0".join([".", *names, ""]).encode(), stdout=file, check=True)


def skeleton(root):
    """Makes the directories of the guest, with /usr merged."""
    for name in ("dev proc sys run tmp root etc opt usr/bin usr/sbin usr/lib usr/lib64 home/tester var/tmp"
                 " report kit").split():
        (root / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "root").chmod(0o700)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")


def install(root, path, name=None):
    """Copies a file of the host to the same path in the guest, or to another."""
    target = root / (name or path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    target.chmod(0o755)
    return target


def host_runtime(root, java, modules):
    """Installs Java by jlink, and programs and libraries of this host."""
    must(f"{java}/bin/jlink", "--add-modules", modules, "--no-header-files", "--no-man-pages",
         "--output", root / "opt/java")
    # An archive of the classes that every JVM loads: under emulation, the start takes longest.
    if run(root / "opt/java/bin/java", "-Xshare:dump", **QUIET) != 0:
        say("no class archive: JVMs will start slower")
    files = [install(root, path, f"usr/bin/{name}") for name in PROGRAMS if (path := shutil.which(name))]
    files += [path for path in (root / "opt/java").rglob("*") if path.suffix == ".so" or path.match("bin/java")]
    listing = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    # "libc.so.6 => /lib/libc.so.6 (0x...)", and the loader: "/lib64/ld-linux-x86-64.so.2 (0x...)"
    for path in sorted(set(re.findall(r"^\s+(?:\S+ => )?(/\S+) \(", listing, re.MULTILINE))):
        if not path.startswith(f"{root}/"):
            install(root, path)
    libc = next((path for path in root.glob("usr/lib*/**/libc.so.6")), None)
    if not libc:
        raise Failure(UNAVAILABLE, "this host has no glibc; use --runtime debian")
    for name in LIBRARIES:
        path = "/" + str(libc.with_name(name).relative_to(root))
        if os.path.isfile(path) and not os.path.exists(f"{root}{path}"):
            install(root, path)


def debian_packages(root, arch, names, exclude):
    apt = Apt(SUITE, arch)
    files = apt.fetch(*names) if apt.update() else []
    if not files:
        raise Failure(UNAVAILABLE, f"no packages of {SUITE} ({arch})")
    for file in files:
        deb_extract(file, root, exclude)


def debian_runtime(root, arch):
    """Installs Java, programs and libraries from Debian's packages."""
    debian_packages(root, arch, PACKAGES, EXCLUDED)
    java = next(root.glob("usr/lib/jvm/*/bin/java"))
    (root / "opt/java").symlink_to("/" + str(java.parent.parent.relative_to(root)))
    (root / "usr/bin/sh").unlink(missing_ok=True)
    (root / "usr/bin/sh").symlink_to("dash")


def java_home():
    """Returns the JDK that jlink comes from; empty if there is none that can link.

    Newer JDKs can link without a jmods directory."""
    home = os.environ.get("JAVA_HOME", "")
    if not home and (jlink := shutil.which("jlink")):
        home = str(Path(jlink).resolve().parent.parent)
    links = home and (
        os.path.isfile(f"{home}/jmods/java.base.jmod")
        or "run-time image enabled" in output(f"{home}/bin/jlink", "--help")
    )
    return home if links else ""


def jdk_modules(java, kit):
    """Returns the modules of the runtime image, separated by commas."""
    known = {line.split("@")[0] for line in output(f"{java}/bin/java", "--list-modules").splitlines()}
    found = output(f"{java}/bin/jdeps", "--ignore-missing-deps", "--multi-release", "base", "--print-module-deps", kit)
    return ",".join(sorted(known & {*JDK_MODULES.split(","), *found.strip().split(",")}))


def base(arch, runtime, kit):
    """Returns the base archive, and a description of the runtime in it."""
    java = java_home() if runtime in ("auto", "host") and arch == HOST_ARCH else ""
    if runtime == "auto":
        runtime = "host" if java else "debian"
    if runtime not in ("host", "debian"):
        raise Failure(USAGE, f"unknown runtime '{runtime}': auto, host or debian")
    key = hashlib.sha256(Path(__file__).read_bytes())
    description, modules = f"Debian {SUITE} packages", ""
    if runtime == "host":
        if not java:
            message = f"no JDK with jlink for {arch}: set JAVA_HOME, or apt-get install openjdk-17-jdk-headless"
            raise Failure(UNAVAILABLE, message)
        description, modules = f"jlink of {java}", jdk_modules(java, kit)
        for part in (Path(java, "release").read_text(), output("ldd", "--version"), java, modules):
            key.update(part.encode())
    archive = cache() / "base" / f"{arch}-{runtime}-{key.hexdigest()[:16]}.cpio"
    if archive.exists():
        archive.touch()
        return archive, description
    say(f"making the guest's base ({arch}, {description})")
    made = scratch(archive)
    root = made / "root"
    skeleton(root)
    debian_packages(root, arch, ("busybox-static",), ("*/usr/share/*",))
    if runtime == "host":
        host_runtime(root, java, modules)
    else:
        debian_runtime(root, arch)
    cpio(root, made / "base.cpio")
    remove_unused(archive.parent, 7)  # bases of older kits and JDKs
    (made / "base.cpio").rename(archive)
    remove(made)
    return archive, description


def settings(**values):
    """Returns lines of shell that set variables."""
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())


def initrd(file, base_archive, kernel, kit, arguments, work, **values):
    """Writes the archive that boots: the base, the kernel's modules, the kit and the settings of this run."""
    own = work / "own"
    (own / "kit").mkdir(parents=True)
    install(own, CI / "guest/linux-init", "init")
    shutil.copyfile(kit, own / "kit/kit.jar")
    texts = {**FILES, "procdesc.conf": settings(**values), "procdesc.args": f"set -- {shlex.join(arguments)}\n"}
    (own / "etc").mkdir()
    for name, text in texts.items():
        (own / "etc" / name).write_text(text)
    if kernel.modules:
        shutil.copytree(kernel.modules, own / "modules")
    cpio(own, work / "own.cpio")
    with open(file, "wb") as archive:
        for part in (base_archive, work / "own.cpio"):
            with open(part, "rb") as content:
                shutil.copyfileobj(content, archive)
    remove(own)
    remove(work / "own.cpio")
