"""The Spark session: local by default, quiet, and gone when we are."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from contracts.errors import UnavailableError
from contracts.store import disk_error
from streaming import hadoop
from streaming.children import stop_child
from streaming.jars import SPARK_KAFKA, jars
from streaming.java import java_home, spark_java_home
from streaming.settings import LandingSettings
from streaming.spark_options import ON_ANY_MASTER

LOG = "spark.log"
PLANS_ONLY = "-XX:TieredStopAtLevel=1"
"""For a Java that only plans: its second compiler takes a third of a start's CPU and never pays."""
_SCRATCH = "scratch-"
_JAVA_ENDS_WITHIN = 20.0


class SparkEndedError(UnavailableError):
    """Spark's Java process was killed, or has crashed."""


@contextmanager
def spark_session(
    settings: LandingSettings, java_options: str = PLANS_ONLY, *, reads_kafka: bool = True
) -> Iterator[SparkSession]:
    """A session whose Java process and workers end with it, whatever ends us.

    Args:
        settings: Where its files are, and what it may take.
        java_options: More options of Java's command line; those of a Java that reads no data.
        reads_kafka: Whether a query will read Kafka; the jars for it may have to be downloaded.

    Raises:
        UnavailableError: No Java or jars, a folder that can't be written, or Spark does not start.
        SparkEndedError: Its Java process ended in the middle.
    """
    folder = settings.spark_home
    logging, scratch = _prepare(folder)
    home = java_home()
    sets = (SPARK_KAFKA, *hadoop.jar_sets(settings.checkpoints)) if reads_kafka else ()
    libraries = [jar for each in sets for jar in jars(each, settings.cache, home)]
    os.environ["JAVA_HOME"] = str(spark_java_home(home, settings.cache))
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    conf = _conf(settings, libraries, logging, scratch, java_options)
    session = SparkSession(_context(conf, folder / LOG))
    try:
        yield session
    except (Py4JError, ConnectionError) as error:
        raise SparkEndedError(
            f"Spark's Java process has ended: start landing again, it goes on where it was "
            f"(see {folder / LOG})"
        ) from error
    finally:
        with suppress(Py4JError, ConnectionError):
            session.stop()
        _end_java()
        shutil.rmtree(scratch, ignore_errors=True)


def _prepare(folder: Path) -> tuple[Path, Path]:
    """Make Spark's folder; the file that configures its log, and a folder for scratch files."""
    logging, scratch = folder / "log4j2.properties", folder / f"{_SCRATCH}{os.getpid()}"
    try:
        remove_left_scratch(folder)
        scratch.mkdir(parents=True)
        logging.write_text(_LOGGING.format(log=folder / LOG))
    except OSError as error:
        raise disk_error(error, folder) from error
    return logging, scratch


def remove_left_scratch(folder: Path) -> None:
    """Remove the scratch files of processes that were killed, not those of others that run."""
    for each in folder.glob(f"{_SCRATCH}*"):
        process = int(each.name.removeprefix(_SCRATCH))
        if process == os.getpid() or not _runs(process):
            shutil.rmtree(each, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _context(conf: SparkConf, log_file: Path) -> SparkContext:
    """Start Java in a session of its own: Ctrl-C and a stopped group reach us, not it.

    It still ends with us, because it reads from a pipe whose other end is ours.
    """
    ours = signal.getsignal(signal.SIGINT)
    with log_file.open("ab") as output:
        try:
            gateway = launch_gateway(  # type: ignore[no-untyped-call]  # PySpark left it untyped
                conf, {"stdout": output, "stderr": output, "start_new_session": True}
            )
            return SparkContext(gateway=gateway, conf=conf)
        except (PySparkException, Py4JError, OSError) as error:
            raise UnavailableError(f"Spark did not start: see {log_file}") from error
        finally:
            # Spark takes Ctrl-C for itself, and would end the batch in hand.
            signal.signal(signal.SIGINT, ours)


def _end_java() -> None:
    """End the Java process, which would otherwise live as long as we do."""
    gateway = SparkContext._gateway  # noqa: SLF001 - PySpark has no public name for it
    if gateway is None:
        return
    gateway.shutdown()
    # It waits for the end of its input, so that it ends with us even when we are killed.
    gateway.proc.stdin.close()
    stop_child(gateway.proc, _JAVA_ENDS_WITHIN)
    SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001 - as above


def _conf(
    settings: LandingSettings,
    libraries: list[Path],
    logging: Path,
    scratch: Path,
    java_options: str,
) -> SparkConf:
    folder = settings.spark_home
    options = ON_ANY_MASTER | {
        "spark.master": settings.master,
        "spark.jars": ",".join(map(str, libraries)),
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": (
            f'{java_options} "-Dlog4j2.configurationFile=file:{logging}" '
            f'"-Djava.io.tmpdir={scratch}"'
        ),
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        **hadoop.options(settings.checkpoints, os.environ),
    }
    return SparkConf(loadDefaults=False).setAll(list(options.items()))


_LOGGING = """\
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{ISO8601}} %p %c{{1}}: %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=20MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=WARN
rootLogger.appenderRef.file.ref=file
"""
