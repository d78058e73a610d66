"""Which files are meant, and landing them side by side."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from contracts.errors import ConfigurationError, MusicFlowError
from streaming.batch.landing import Destination, FileLanding, Landed, Target
from streaming.batch.source import Reading, event_name_of, form_of, source_of
from streaming.session import spark_session
from streaming.settings import LandingSettings

HIDDEN = (".", "_")
"""What names begin with that are not meant as input."""
Outcome = Landed | MusicFlowError
Land = Callable[[Path], Outcome]


def files_of(inputs: Iterable[str]) -> list[Path]:
    """The files that paths, folders (all below them) and patterns name, once each.

    Raises:
        ConfigurationError: One of them names none.
    """
    found: dict[Path, None] = {}
    for each in inputs:
        try:
            paths = sorted(_named_by(each))
        except (ValueError, RuntimeError, NotImplementedError) as error:
            raise ConfigurationError(f"{each!r} is no path and no pattern: {error}") from error
        if not paths:
            raise ConfigurationError(f"{each!r} names no file: give a file, a folder or a pattern")
        found |= dict.fromkeys(paths)
    return list(found)


def _named_by(name: str) -> Iterator[Path]:
    if not name:
        return
    path = Path(name).expanduser().absolute()
    if path.is_file():
        yield path
    elif path.is_dir():
        for each in path.rglob("*"):
            is_hidden = any(part.startswith(HIDDEN) for part in each.relative_to(path).parts)
            if each.is_file() and not is_hidden and (event_name_of(each) or form_of(each)):
                yield each
    else:
        for each in Path(path.anchor).glob(str(path.relative_to(path.anchor))):
            if each.is_file() and not each.name.startswith(HIDDEN):
                yield each


def land_file(to: Destination, reading: Reading, path: Path) -> Outcome:
    """Land one file; an error of ours is an answer too, so that it holds up no other file."""
    try:
        return FileLanding(to, source_of(path, reading)).land()
    except MusicFlowError as error:
        return error


def land_files(
    settings: LandingSettings, target: Target, reading: Reading, paths: Sequence[Path]
) -> list[tuple[Path, Outcome]]:
    """Land files; what became of each. Several are spread over the cores by Spark.

    Raises:
        ConfigurationError: Postgres is meant, and not named.
        UnavailableError: Spark does not start.
    """
    land = partial(land_file, destination(settings, target), reading)
    if len(paths) == 1:
        return [(paths[0], land(paths[0]))]
    with spark_session(settings, reads_kafka=False) as spark:
        largest_first = sorted(paths, key=lambda path: -path.stat().st_size)
        tasks = spark.sparkContext.parallelize(largest_first, len(paths))
        outcomes = dict(zip(largest_first, tasks.map(land).collect(), strict=True))
    return [(path, outcomes[path]) for path in paths]


def destination(settings: LandingSettings, target: Target) -> Destination:
    """Where files go by these settings.

    Raises:
        ConfigurationError: Postgres is meant, and not named.
    """
    if target != "lake" and settings.postgres is None:
        raise ConfigurationError(f"--to {target}: name the server in POSTGRES_URL")
    return Destination(
        settings.lake,
        settings.limits,
        settings.buffer_mebibytes * 2**20,
        target,
        None if target == "lake" else settings.postgres,
        settings.suppression_key,
    )
