"""A private world for the tests: HOME, cache, temporary directory, and stand-ins first in PATH."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

sys.dont_write_bytecode = True
CI = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CI))


def load(name):
    """Loads a command as a module."""
    module = module_from_spec(spec_from_loader(name, SourceFileLoader(name, str(CI / name))))
    module.__loader__.exec_module(module)
    return module


def frame(files, state="complete"):
    """Returns a report as a guest writes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    tar = stream.getvalue()
    header = f"PROCDESC-REPORT 1 {len(tar)} {hashlib.sha256(tar).hexdigest()} {state}\n"
    return header.encode().ljust(4096, b"\0") + tar


class World(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="ci-test.")
        self.addCleanup(directory.cleanup)
        self.world = Path(directory.name)
        (self.world / "tmp").mkdir()
        places = {"WORLD": "", "HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache"}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROCDESC", "JAVA"))}
        self.environment |= {name: str(self.world / place) for name, place in places.items()}
        self.environment |= {"PATH": f"{self.world}/fakes:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.kit = self.file("kit.jar", "the kit\n")

    def file(self, name, text="", mode=0o644):
        path = self.world / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def fake(self, name, script, directory="fakes"):
        """Makes a program of a script for sh."""
        return self.file(f"{directory}/{name}", f"#!/bin/sh\n{script}\n", 0o755)

    def ends(self, status, part, name, *words, **environment):
        """Runs a command of ci/ or another, and checks its status, a part of its output, and that it cleans up."""
        result = subprocess.run([str(word) for word in (CI / name, *words)], env={**self.environment, **environment},
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                check=False)
        self.assertEqual(result.returncode, status, result.stdout)
        self.assertIn(part, result.stdout)
        self.assert_clean()
        return result.stdout

    def assert_clean(self):
        self.assertEqual([*self.world.glob("tmp/procdesc*"), *self.world.glob("cache/**/*.new.*")], [])

    def is_interrupted(self, name, *words):
        """Starts a command whose stand-in writes its PID to "hanging", and checks that SIGTERM ends both."""
        hanging = self.world / "hanging"
        with subprocess.Popen([str(word) for word in (CI / name, *words)], env={**self.environment, "FAKE": "hang"},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as script:
            self.await_that(lambda: hanging.exists() and hanging.read_text().strip())
            script.send_signal(signal.SIGTERM)
            self.assertEqual(script.wait(30), 143)
        process = Path("/proc", hanging.read_text().strip())
        self.await_that(lambda: not process.exists())
        self.assert_clean()

    def await_that(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
