"""Debian packages through a private apt: separate sources, lists and cache.

The host's configuration is read (which mirror, which proxy) and never changed. apt checks the signature of the
lists against Debian's archive key, and size and hash of a package against the lists."""

import os
import re
import subprocess
from pathlib import Path

from lib.command import UNAVAILABLE, Failure, age, cache, has_hash, need, output, remove, run, say, scratch, start, tail

KEYRING = os.environ.get("PROCDESC_CI_KEYRING") or "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_AGE = 86400
DEBIAN_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def need_apt():
    need("apt-get", "apt")
    need("apt-config", "apt")
    need("dpkg-deb", "dpkg")
    if not os.access(KEYRING, os.R_OK):
        raise Failure(UNAVAILABLE, f"{KEYRING} is missing: apt-get install debian-archive-keyring")


def mirrors(suite):
    """Returns the base URLs to try: the caller's, the host's, the public ones."""
    label, path, variable = "Debian", "debian", "PROCDESC_CI_DEBIAN_MIRROR"
    if suite.endswith("-security"):
        label, path, variable = "Debian-Security", "debian-security", "PROCDESC_CI_DEBIAN_SECURITY_MIRROR"
    urls = [os.environ.get(variable, "")]
    targets = output("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Identifier: Packages")
    for origin, name, url in (line.split("|", 2) for line in targets.splitlines()):
        if (origin, name) == ("Debian", label) or (not origin and re.search(f"/{path}/?$", url)):
            urls.append(url)
    urls += [f"http://deb.debian.org/{path}", f"http://archive.debian.org/{path}"]
    return list(dict.fromkeys(url.rstrip("/") for url in urls if url))


def host_access():
    """Returns the host's apt configuration of proxies and of the checks of dates."""
    settings = re.findall(r"^Acquire::(?:https?::|ForceIPv|Check-).*\n", output("apt-config", "dump"), re.MULTILINE)
    return "".join(settings)


class Apt:
    """A private apt for one suite and one architecture."""

    def __init__(self, suite, arch):
        self.suite = suite
        self.arch = DEBIAN_ARCH[arch]
        self.state = cache() / "apt" / f"{suite}-{self.arch}"
        self.environment = {**os.environ, "APT_CONFIG": str(self.state / "apt.conf")}

    def output(self, *words):
        return output(*words, env=self.environment)

    def configure(self, mirror):
        state, empty = self.state, self.state / "empty"
        for directory in (state / "lists/partial", state / "cache/archives/partial", state / "state", empty):
            directory.mkdir(parents=True, exist_ok=True)
        (state / "status").write_text("")
        # The lists of archived suites are not signed again, so an old date is no sign of an attack there.
        archived = " check-valid-until=no" if "//archive.debian.org/" in mirror else ""
        (state / "sources.list").write_text(
            f"deb [arch={self.arch} signed-by={KEYRING}{archived}] {mirror} {self.suite} main\n"
        )
        user = output("id", "-un").strip()
        (state / "apt.conf").write_text(
            f"""Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "{empty}";
Dir::Etc::SourceList "{state}/sources.list";
Dir::Etc::SourceParts "{empty}";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "{empty}";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "{empty}";
Dir::State "{state}/state";
Dir::State::Lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
APT::Architecture "{self.arch}";
APT::Architectures {{ "{self.arch}"; }};
APT::Sandbox::User "{user}";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
{host_access()}"""
        )

    def update(self):
        """Makes the suite's lists present, at most a day old if that is possible; returns whether there are any."""
        stamp, log = self.state / "updated", self.state / "update.log"
        if age(stamp) < LISTS_AGE:
            return True
        self.state.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors(self.suite):
            if stamp.exists() and stamp.read_text().strip() != mirror:
                continue  # Lists of two mirrors must not be mixed.
            self.configure(mirror)
            say(f"reading the package lists of {self.suite} ({self.arch})")
            with open(log, "wb") as file:
                if run("apt-get", "-qq", "--error-on=any", "update", env=self.environment, stdout=file,
                       stderr=subprocess.STDOUT) == 0:
                    stamp.write_text(mirror + "\n")
                    return True
        if stamp.exists():
            say(f"cannot refresh the lists of {self.suite}, using those of {int(age(stamp) / 86400)} days ago")
            return True
        errors = [line for line in tail(log, 50).splitlines() if re.match("E|W|Err", line)]
        say("\n| ".join([f"cannot read the package lists of {self.suite} ({self.arch}):", *errors[-3:]]))
        return False

    def fetch(self, *packages):
        """Returns the files of packages, checked; none, after a message, if they cannot be had."""
        uris = subprocess.run(["apt-get", "-qq", "--print-uris", "download", *packages], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if uris.returncode != 0:
            say(f"{self.suite} ({self.arch}) lacks a package: {uris.stdout.strip()}")
            return []
        directory = cache() / "debs" / self.arch
        directory.mkdir(parents=True, exist_ok=True)
        wanted = [line.split() for line in uris.stdout.splitlines()]
        if len(wanted) != len(packages) or any(len(words) != 4 for words in wanted):
            raise Failure(UNAVAILABLE, f"{self.suite} ({self.arch}): unexpected answer of apt: {uris.stdout}")
        wanted = [(directory / name, int(size), checksum) for _, name, size, checksum in wanted]
        missing = [each for each in wanted if not deb_is_good(*each)]
        if missing:
            say(f"fetching {len(missing)} package(s) of {self.suite} ({self.arch})")
            place = scratch(directory / "fetch")
            # apt downloads to its working directory.
            if run("apt-get", "-qq", "download", *packages, env=self.environment, cwd=place, stdout=2) != 0:
                say(f"cannot fetch packages of {self.suite} ({self.arch})")
                return []
            for file in place.glob("*.deb"):
                file.rename(directory / file.name)
            remove(place)
        for file, size, checksum in wanted:
            if not deb_is_good(file, size, checksum):
                raise Failure(UNAVAILABLE, f"{file.name} is not what the signed list of {self.suite} says")
        return [file for file, _, _ in wanted]


def deb_is_good(file, size, checksum):
    """Returns whether a file has the size and the hash of the signed list."""
    algorithm, _, value = checksum.partition(":")
    return (
        algorithm in ("SHA256", "SHA512")
        and file.is_file()
        and file.stat().st_size == size
        and has_hash(file, algorithm.lower(), value)
    )


def deb_extract(file, directory, exclude):
    """Unpacks a package; follows symbolic links to directories that exist (/lib -> usr/lib)."""
    package = start("dpkg-deb", "--fsys-tarfile", file, stdout=subprocess.PIPE)
    with package.stdout:
        status = run("tar", "-x", "-f", "-", "-C", directory, "--keep-directory-symlink", "--no-same-owner",
                     "--wildcards", *(f"--exclude={each}" for each in exclude), stdin=package.stdout)
    if status != 0 or package.wait() != 0:
        raise Failure(UNAVAILABLE, f"{Path(file).name} does not unpack")
