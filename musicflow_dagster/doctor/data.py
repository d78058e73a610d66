"""What stands in our folders: lake, landing's health, warehouse, Dagster's home, snapshot."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import PurePath

import duckdb

from contracts.erasures import read_erasure
from contracts.errors import MusicFlowError
from contracts.events import EVENTS
from contracts.health import read_health
from contracts.lake import LAKE_RECORD, erasure_path
from contracts.publication import VIEWS, current
from contracts.store import Store, open_store
from contracts.suppression import read_suppressions
from musicflow_dagster.doctor.finding import Finding
from musicflow_dagster.forgetting.report import read_report
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.lock import WriterLock

ERASURES = str(PurePath(erasure_path("")).parent)


def lake(settings: Settings) -> Iterator[Finding]:
    """The lake, and how landing is doing."""
    try:
        store = open_store(settings.lake)
        stands = store.exists(LAKE_RECORD)
    except MusicFlowError as error:
        yield Finding("lake", settings.lake, str(error))
        return
    if not stands:
        yield Finding("lake", f"nothing has landed in {settings.lake} yet")
        return
    yield Finding("lake", settings.lake)
    yield _landing(store)


def warehouse(settings: Settings) -> Finding:
    """The warehouse: whether it can be opened, and who writes to it."""
    path = settings.warehouse
    if not path.exists():
        return Finding("warehouse", f"{path} is made by the first build")
    key = settings.home / "pseudonym.key"
    if not settings.pseudonym_key and not key.exists():
        return Finding(
            "warehouse",
            f"the key of its pseudonyms is gone ({key})",
            "put the file back or set MUSICFLOW_PSEUDONYM_KEY; or remove warehouse and snapshot",
        )
    holder = WriterLock(path).holder()
    if holder:
        return Finding("warehouse", f"{holder} is writing to {path}; wait for it, or read the "
                       f"snapshot: duckdb {settings.snapshot / VIEWS}")  # fmt: skip
    try:
        duckdb.connect(path, read_only=True).close()
    except duckdb.Error as error:
        return Finding(
            "warehouse",
            str(error).splitlines()[0],
            "close what has it open and read the snapshot instead, or, if it is damaged, remove "
            "it: `musicflow build` makes it again from the lake",
        )
    return Finding("warehouse", f"{path}, {path.stat().st_size / 1024**2:.0f} MiB, nobody writes")


def dagster(settings: Settings) -> Finding:
    """Dagster's folder, and whether its configuration is ours."""
    configuration = settings.dagster_home / "dagster.yaml"
    if not configuration.exists():
        return Finding("dagster", f"{settings.dagster_home} is made by `musicflow init`")
    ours = files("musicflow_dagster").joinpath("dagster.yaml").read_text()
    note = "" if configuration.read_text() == ours else " (not the one of this version)"
    return Finding("dagster", f"{configuration}{note}")


def erasures(settings: Settings) -> Iterator[Finding]:
    """Whether users who are to be forgotten are; nothing where nobody ever was."""
    try:
        store = open_store(settings.lake)
        hashes = [PurePath(path).stem for path in store.list(ERASURES)]
        in_lake = [read_erasure(store, each) for each in hashes]
        here = [read_report(path) for path in settings.erasures.glob("*.json")]
        others = read_suppressions(store, settings.suppression).let_in_again
    except MusicFlowError as error:
        yield Finding("erasures", str(error), "mend what it names, and look again")
        return
    if others:
        yield Finding(
            "erasures",
            f"at least {others} users were forgotten under a key that was lost: they are let in",
            "run `musicflow forget` again for them; docs/privacy.md says more",
        )
    known = [each for each in (*in_lake, *here) if each]
    begun = sorted({each.user_hash[:12] for each in known if each.finished_at is None})
    if begun:
        yield Finding(
            "erasures",
            f"{len(begun)} were begun and not finished: {', '.join(begun)}",
            "run `musicflow forget` again for these users; docs/privacy.md says more",
        )
    elif known:
        yield Finding("erasures", f"{len({each.user_hash for each in known})} users are forgotten")


def snapshot(settings: Settings) -> Finding:
    """The published snapshot: whether it is whole."""
    try:
        publication = current(settings.snapshot)
    except MusicFlowError as error:
        return Finding("snapshot", "its record is damaged", str(error))
    if publication is None:
        return Finding("snapshot", f"{settings.snapshot} is made by the first build")
    missing = [path for path in publication.paths() if not (settings.snapshot / path).exists()]
    if missing:
        return Finding(
            "snapshot",
            f"{len(missing)} files are missing, such as {missing[0]}",
            f"remove {settings.snapshot} and run `musicflow build`",
        )
    at = f"{publication.published_at:%Y-%m-%d %H:%M} UTC"
    tables = len(publication.tables)
    return Finding("snapshot", f"publish {publication.number} of {at}, {tables} tables")


def _landing(store: Store) -> Finding:
    healths = [health for event in EVENTS if (health := read_health(store, event.name))]
    if not healths:
        return Finding("landing", "has left no record of its health")
    now = datetime.now(UTC)
    gone = [each.event for each in healths if each.is_silent(now) or each.state == "failed"]
    if gone:
        return Finding(
            "landing",
            f"not heard of, or ended by itself: {', '.join(gone)}",
            "look at its log, and start it again: `python -m streaming`",
        )
    alerts = [alert.text for each in healths for alert in each.alerts]
    if alerts:
        return Finding("landing", "; ".join(alerts), "see docs/monitoring.md")
    states = ", ".join(sorted({each.state for each in healths}))
    return Finding("landing", f"{states}, {len(healths)} topics")
