"""Tests of the script pd where it cannot build or start: one clear message each time, and status 125."""

import shutil

from world import CI, World

RUNS = 'case "$* " in *"-jar "*" run "*) echo ran; exit 7 ;; *-Xshare:dump* | *-XX:Dump*) exit 1 ;; esac'


class PdTest(World):
    def setUp(self):
        super().setUp()
        for name in ("cli/src/x", "pom.xml", "api/x", "posix/x", "linux/x", "freebsd/x", "tools/x"):
            self.file(name)
        shutil.copy(CI / "../pd", self.world)
        # All that the script calls, and no Java.
        for tool in "sh readlink sed find mkdir grep touch rm cat".split():
            (self.world / "tools" / tool).symlink_to(shutil.which(tool))
        for version in ("11.0.2", "17.0.15"):
            self.jdk(version, "java", "javac")

    def jdk(self, version, *programs):
        self.file(f"{version}/release", f'JAVA_VERSION="{version}"\n')
        for program in programs:
            self.fake(program, f"""echo 'openjdk version "{version}" 2020-01-01' >&2""", f"{version}/bin")

    def pd(self, status, part, jdk="17.0.15", before="true", redirection="", **environment):
        script = f'{before}; exec "$0" run -- true {redirection}'
        return self.ends(status, part, self.world / "tools/sh", "-c", script, self.world / "pd",
                         PATH=f"{self.world}/tools", JAVA_HOME=jdk and str(self.world / jdk), **environment)

    def says(self, message, *arguments, **options):
        return self.pd(125, f"pd: {message}", *arguments, **options)

    def test_a_build_that_fails(self):
        self.jdk("1.8.0_402", "java", "javac")
        self.jdk("21", "java")
        self.says("Java 17 or newer is needed: set JAVA_HOME, or have java in PATH", "")
        self.says(f"JAVA_HOME is {self.world}/none, and there is no bin/java in it", "none")
        for version in ("1.8.0_402", "11.0.2"):
            self.says(f"Java 17 or newer is needed, and {self.world}/{version}/bin/java is {version}", version)
        (self.world / "11.0.2/release").unlink()
        self.says("Java 17 or newer is needed", "11.0.2")
        self.says(f"a JDK is needed to build pd, and {self.world}/21/bin/java comes without javac", "21")
        self.says("cannot build: HOME is not set", before="unset HOME")
        self.assertEqual(list(self.world.rglob("*.log")), [])
        self.fake("mvnw", 'echo "curl: Failed to fetch https://example.org/maven.zip" >&2; exit 1', ".")
        self.says("the build cannot download what it needs")
        self.fake("mvnw", 'echo "[ERROR] no such symbol"; exit 1', ".")
        self.assertIn("no such symbol", self.says("the build failed; all of its output is in"))
        shutil.rmtree(self.world / "target")
        self.file("target")
        self.says(f"cannot build in {self.world}: {self.world}/target is not writable")

    def test_a_java_that_does_not_start(self):
        shutil.rmtree(self.world / "cli/src")  # so that nothing is built
        self.file("cli/target/pd.jar")
        archive = self.file("cli/target/pd-17.0.15.jsa")
        self.fake("java", f"{RUNS}; exit 0", "17.0.15/bin")
        self.pd(7, "ran")
        self.fake("java", f"{RUNS}; echo no such option >&2; exit 1", "17.0.15/bin")
        text = self.says(f"the Java virtual machine {self.world}/17.0.15/bin/java does not start")
        self.assertIn("no such option", text)
        archive.write_text("archive")  # It says that this Java did start here.
        self.pd(7, "ran")
        for variable in ("PD_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"):
            self.says("the Java virtual machine", **{variable: "-XX:+NoSuchOption"})
        # A debugger must not attach twice.
        self.pd(7, "ran", PD_JAVA_OPTS="-agentlib:jdwp=transport=dt_socket")
        for limit in ("-v 4000000", "-d 500000", "-n 32"):
            self.says("the Java virtual machine", before=f"ulimit {limit}")
        gone = self.world / "gone"
        gone.mkdir()
        self.pd(125, "pd: the Java virtual machine", before=f"cd {gone} && rm -r {gone}")
        # The command is to ignore what the JVM cannot know to be ignored.
        self.fake("java", f"""case "$1 $*" in *-Dpd.ignored=*) echo "$@"; exit 8 ;; esac; {RUNS}""", "17.0.15/bin")
        self.pd(8, "-Dpd.ignored=QUIT,XFSZ -", before="trap '' QUIT XFSZ HUP")
        self.pd(8, "-Dpd.ignored=PIPE,USR2 -", before="trap '' PIPE USR2 TSTP")
        self.pd(7, "ran")
        # A standard descriptor that is closed remains one that cannot be used.
        self.fake("java", 'case "$*" in *" run "*) { echo out || exit 11; } 2>/dev/null ;; esac; exit 0', "17.0.15/bin")
        self.pd(11, "", redirection=">&-")
