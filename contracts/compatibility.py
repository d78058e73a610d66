"""A released contract may only grow: what was accepted and read before must stay so.

`python -m contracts.compatibility --check` compares the declarations with the last release
(`released.json`) and says what breaks with it; `--release` writes that file anew.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from contracts.events import CONTRACT_VERSION, EVENTS, Event, Field, FieldType

RELEASED = Path(__file__).with_name("released.json")


class ReleasedField(msgspec.Struct, frozen=True, omit_defaults=True):
    """What producers and readers rely on of a field (see `events.Field`)."""

    wire_name: str
    type: FieldType
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    accepts_text: bool = False


class ReleasedEvent(msgspec.Struct, frozen=True):
    """What is relied on of an event: its columns by name, and what derived ids are hashed from."""

    identity: tuple[str, ...]
    fields: Mapping[str, ReleasedField]


class Contract(msgspec.Struct, frozen=True):
    """All events of one version of the contract, by name."""

    version: int
    events: Mapping[str, ReleasedEvent]


def contract_of(events: Iterable[Event], version: int) -> Contract:
    """What of these declarations is relied on."""
    return Contract(version, {event.name: _event(event) for event in events})


def breaches(released: Contract, wanted: Contract) -> list[str]:
    """Why `wanted` can't follow `released`, one line each; none if it only grows."""
    found = [
        f"{name}: {why}"
        for name, before in released.events.items()
        for why in _event_breaches(before, wanted.events.get(name))
    ]
    if wanted.version < released.version:
        found.append(f"version {wanted.version} is older than the released {released.version}")
    return found


def read_released() -> Contract:
    """The contract as it was released last."""
    return msgspec.json.decode(RELEASED.read_bytes(), type=Contract)


def release_text(contract: Contract) -> bytes:
    """The file of a release, made for reading and for small differences."""
    return msgspec.json.format(msgspec.json.encode(contract), indent=1) + b"\n"


def _event(event: Event) -> ReleasedEvent:
    columns = (*event.fields, *event.derived)
    return ReleasedEvent(event.identity, {each.name: _field(each) for each in columns})


def _field(field: Field) -> ReleasedField:
    return ReleasedField(
        wire_name=field.wire_name,
        type=field.type,
        nullable=field.nullable,
        allowed=tuple(sorted(field.allowed)),
        minimum=field.minimum,
        maximum=field.maximum,
        accepts_text=field.accepts_text,
    )


def _event_breaches(before: ReleasedEvent, after: ReleasedEvent | None) -> Iterator[str]:
    if after is None:
        yield "the event is gone"
        return
    if after.identity != before.identity:
        yield "the identity list is another: derived ids of old and new copies would differ"
    for name, field in before.fields.items():
        yield from (f"{name}: {why}" for why in _field_breaches(field, after.fields.get(name)))
    for name, field in after.fields.items():
        if name not in before.fields and not field.nullable:
            yield f"{name}: a new field must be nullable, messages and old hours lack it"


def _field_breaches(before: ReleasedField, after: ReleasedField | None) -> Iterator[str]:
    if after is None:
        yield "the field is gone, or has another name"
        return
    if after.wire_name != before.wire_name:
        yield f"{before.wire_name} on the wire is now {after.wire_name}"
    if after.type != before.type:
        yield f"{before.type} is now {after.type}"
    if before.nullable and not after.nullable:
        yield "it was nullable and is now required"
    if before.accepts_text and not after.accepts_text:
        yield "it was accepted as text and no longer is"
    if after.allowed and (lost := _no_longer_allowed(before, after)):
        yield f"no longer allowed: {lost}"
    if _is_narrower(before.minimum, after.minimum, 1):
        yield f"its minimum rose from {before.minimum} to {after.minimum}"
    if _is_narrower(before.maximum, after.maximum, -1):
        yield f"its maximum fell from {before.maximum} to {after.maximum}"


def _no_longer_allowed(before: ReleasedField, after: ReleasedField) -> str:
    """The values that were allowed and aren't in the new list; empty if there are none."""
    if not before.allowed:
        return "any text but those listed"
    return ", ".join(sorted(set(before.allowed) - set(after.allowed)))


def _is_narrower(before: float | None, after: float | None, inward: int) -> bool:
    """Whether a bound moved inward: 1 is up, for a minimum, -1 is down, for a maximum."""
    if after is None:
        return False
    return before is None or (after - before) * inward > 0


def main(arguments: list[str]) -> None:
    """Compare with the last release (`--check`), or make a new one (`--release`)."""
    if arguments not in (["--check"], ["--release"]):
        sys.exit("usage: python -m contracts.compatibility --check | --release")
    released, wanted = read_released(), contract_of(EVENTS, CONTRACT_VERSION)
    if broken := breaches(released, wanted):
        advice = "take it back; what must change becomes a new nullable field, or a new event"
        sys.exit("\n".join(["the contract breaks with its last release:", *broken, advice]))
    if arguments == ["--release"] and wanted != released:
        if wanted.version == released.version:
            sys.exit("the contract has changed: raise CONTRACT_VERSION in contracts/events.py")
        RELEASED.write_bytes(release_text(wanted))


if __name__ == "__main__":
    main(sys.argv[1:])
