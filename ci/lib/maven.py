"""Libraries from Maven's repositories."""

from lib.command import TREE, must


def libraries(artifacts, work):
    """Returns the class path of artifacts, which Maven fetches."""
    blocks = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *artifact.split(":")) for artifact in artifacts)
    pom = work / "pom.xml"
    pom.write_text("<project><modelVersion>4.0.0</modelVersion><groupId>peers</groupId><artifactId>peers</artifactId>"
                   f"<version>1</version><dependencies>{blocks}</dependencies></project>", encoding="utf-8")
    path = work / "class-path"
    must(TREE / "mvnw", "-q", "-B", "-ntp", "-f", pom, "dependency:build-classpath", f"-Dmdep.outputFile={path}")
    return path.read_text(encoding="utf-8").strip()
