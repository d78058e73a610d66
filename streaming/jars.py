"""The jars that pip does not bring: Spark's Kafka source, its ways to buckets, Kafka's broker.

They come from Maven Central through the Ivy that PySpark bundles, once; later starts find them
in the cache and need no network.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from contracts.errors import UnavailableError
from contracts.logs import log
from contracts.store import disk_error


@dataclass(frozen=True, slots=True)
class JarSet:
    """Jars that are resolved together, as `organisation:module:version[:classifier]`."""

    name: str
    modules: tuple[str, ...]
    transitive: bool
    """Whether what the modules depend on comes too."""

    @property
    def folder(self) -> str:
        """Name of the set's folder in the cache: another for each choice of versions."""
        digest = hashlib.sha256("\n".join(self.modules).encode()).hexdigest()
        return f"{self.name}-{digest[:12]}"


# The four are named one by one because the connector's own dependencies (a token provider of
# its version, another Kafka client) are not what Maven Central offers for Spark 4.2.
SPARK_KAFKA = JarSet(
    "spark-kafka",
    (
        "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
        "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0",
        "org.apache.kafka:kafka-clients:3.9.2",
        "org.apache.commons:commons-pool2:2.13.1",
    ),
    transitive=False,
)
# The newest with a jar that holds all that it needs ("shaded"), apart from what Spark brings.
SPARK_GCS = JarSet(
    "spark-gcs",
    ("com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.28:shaded",),
    transitive=False,
)
# Of the version that PySpark's own Hadoop has; Amazon's SDK in one jar weighs 700 MB.
SPARK_S3 = JarSet("spark-s3", ("org.apache.hadoop:hadoop-aws:3.5.0",), transitive=True)
# Without the binding from slf4j to log4j the broker logs nothing, its errors included.
BROKER = JarSet(
    "kafka-broker",
    (
        "org.apache.kafka:kafka_2.13:4.3.1",
        "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
    ),
    transitive=True,
)

# Where Debian keeps the authorities that a Java without its own ones can trust.
_TRUST_STORE = Path("/etc/ssl/certs/java/cacerts")


def jars(wanted: JarSet, cache: Path, java_home: Path) -> list[Path]:
    """The jars of a set, from the cache, or resolved into it first.

    Raises:
        UnavailableError: They are not cached and Maven Central cannot be reached, or the
            cache cannot be written.
    """
    folder = cache / "jars" / wanted.folder
    if not folder.is_dir():
        try:
            with _alone(cache):
                if not folder.is_dir():
                    _resolve(wanted, folder, cache, java_home)
        except OSError as error:
            raise disk_error(error, folder) from error
    return sorted(folder.glob("*.jar"))


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One process at a time downloads into a cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _resolve(wanted: JarSet, folder: Path, cache: Path, java_home: Path) -> None:
    """Fill `folder` with the set; it appears complete or not at all."""
    log.info("downloading jars", set=wanted.name, source="Maven Central")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".resolving-", dir=folder.parent))
    try:
        _run_ivy(wanted, work, cache, java_home)
        (work / "lib").replace(folder)
    finally:
        shutil.rmtree(work)


def _run_ivy(wanted: JarSet, work: Path, cache: Path, java_home: Path) -> None:
    ivy_file = work / "ivy.xml"
    ivy_file.write_text(_ivy_xml(wanted))
    trust = [f"-Djavax.net.ssl.trustStore={_TRUST_STORE}"] if _TRUST_STORE.exists() else []
    # With a home of its own Ivy leaves the user's alone.
    command: list[str | Path] = [
        java_home / "bin/java", *trust, f"-Divy.default.ivy.user.dir={work}", "-jar", _ivy_jar(),
        "-m2compatible", "-cache", cache.absolute() / "ivy", "-ivy", ivy_file, "-confs", "default",
        "-types", "jar", "bundle",
        "-retrieve", f"{work}/lib/[artifact]-[revision](-[classifier]).[ext]",
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work)
    if answer.returncode != 0:
        raise UnavailableError(
            f"the jars of {wanted.name} could not be downloaded from Maven Central "
            f"({_first_problem(answer.stdout + answer.stderr)}): check the network and start again"
        )


def _ivy_jar() -> Path:
    return next((Path(os.fspath(pyspark.__path__[0])) / "jars").glob("ivy-*.jar"))


def _ivy_xml(wanted: JarSet) -> str:
    rows = []
    for module in wanted.modules:
        organisation, name, version, *classifier = module.split(":")
        artifact = [
            f'<artifact name="{name}" type="jar" ext="jar" m:classifier="{each}"/>'
            for each in classifier
        ]
        rows.append(
            f'<dependency org="{organisation}" name="{name}" rev="{version}" '
            f'conf="default-&gt;default" transitive="{str(wanted.transitive).lower()}">'
            f"{''.join(artifact)}</dependency>"
        )
    return (
        '<ivy-module version="2.0" xmlns:m="http://ant.apache.org/ivy/maven">'
        '<info organisation="musicflow" module="jars"/>'
        '<configurations><conf name="default"/></configurations>'
        f"<dependencies>{''.join(rows)}</dependencies></ivy-module>"
    )


def _first_problem(output: str) -> str:
    """The line of Ivy's output that tells most."""
    lines = [line.strip() for line in output.splitlines()]
    for sign in ("Exception", "ERROR", "not found", "UNRESOLVED"):
        for line in lines:
            if sign in line:
                return line[:200]
    return "no answer"
