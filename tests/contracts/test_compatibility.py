"""A change of the contract passes if it only grows, and else says why not."""

from dataclasses import replace

import pytest

from contracts import compatibility
from contracts.compatibility import breaches, contract_of, main, read_released, release_text
from contracts.events import CONTRACT_VERSION, EVENTS, Event, Field

MOOD = Field("mood", "mood", "text", "How it felt.", allowed=("calm", "loud"))
TEMPO = Field("tempo", "tempo", "number", "Beats a minute.", minimum=20, maximum=300)
NOTE = Field("note", "note", "text", "What was said.", nullable=True)
COUNT = Field("play_count", "playCount", "integer", "How often.", accepts_text=True)
PLAYED = Event("played", "Plays.", (MOOD, TEMPO, NOTE, COUNT), identity=("mood", "tempo"))
RELEASE = contract_of([PLAYED], version=3)


def changed(*fields: Field, without: Field | None = None) -> Event:
    """The event with some fields declared anew, or added, and one removed."""
    by_name = {each.name: each for each in (*PLAYED.fields, *fields) if each != without}
    return replace(PLAYED, fields=tuple(by_name.values()))


GROWN = [
    pytest.param(PLAYED, id="nothing"),
    pytest.param(changed(Field("key", "key", "text", "K.", nullable=True)), id="nullable field"),
    pytest.param(changed(replace(MOOD, allowed=("wild", "loud", "calm"))), id="value allowed"),
    pytest.param(changed(replace(MOOD, allowed=("loud", "calm"))), id="values in other order"),
    pytest.param(changed(replace(MOOD, allowed=())), id="any value allowed"),
    pytest.param(changed(replace(MOOD, nullable=True)), id="required to nullable"),
    pytest.param(changed(replace(TEMPO, minimum=10, maximum=400)), id="wider bounds"),
    pytest.param(changed(replace(TEMPO, minimum=None, maximum=None)), id="no bounds"),
    pytest.param(changed(replace(NOTE, description="Other words.")), id="description"),
    pytest.param(replace(PLAYED, fields=PLAYED.fields[::-1]), id="order of fields"),
]
BROKEN = [
    pytest.param(changed(without=NOTE), "note: the field is gone", id="field removed"),
    pytest.param(
        changed(replace(NOTE, name="remark"), without=NOTE), "note: the field is gone", id="renamed"
    ),
    pytest.param(
        changed(replace(NOTE, wire_name="text")), "note on the wire is now text", id="wire name"
    ),
    pytest.param(changed(replace(COUNT, type="number")), "integer is now number", id="type"),
    pytest.param(changed(replace(NOTE, nullable=False)), "is now required", id="required"),
    pytest.param(changed(replace(COUNT, accepts_text=False)), "as text", id="text refused"),
    pytest.param(
        changed(replace(MOOD, allowed=("calm",))), "mood: no longer allowed: loud", id="value gone"
    ),
    pytest.param(changed(replace(NOTE, allowed=("x",))), "no longer allowed", id="list is new"),
    pytest.param(changed(replace(TEMPO, minimum=21)), "rose from 20 to 21", id="higher minimum"),
    pytest.param(changed(replace(TEMPO, maximum=299)), "fell from 300 to 299", id="lower maximum"),
    pytest.param(changed(replace(COUNT, minimum=0)), "rose from None to 0", id="minimum is new"),
    pytest.param(replace(PLAYED, identity=("mood",)), "identity list", id="identity shorter"),
    pytest.param(replace(PLAYED, identity=("tempo", "mood")), "identity", id="identity reordered"),
    pytest.param(
        changed(Field("key", "key", "text", "K.")), "key: a new field must be", id="required field"
    ),
    pytest.param(replace(PLAYED, name="heard"), "played: the event is gone", id="event renamed"),
]


@pytest.mark.parametrize("event", GROWN)
def test_a_contract_may_grow(event):
    assert breaches(RELEASE, contract_of([event], version=4)) == []


@pytest.mark.parametrize(("event", "why"), BROKEN)
def test_a_contract_may_not_break_with_its_release(event, why):
    (told,) = breaches(RELEASE, contract_of([event], version=4))

    assert why in told
    assert told.startswith("played: ")


def test_a_new_event_may_have_required_fields():
    assert breaches(RELEASE, contract_of([PLAYED, replace(PLAYED, name="heard")], 4)) == []


def test_the_version_never_goes_back():
    assert breaches(RELEASE, contract_of([PLAYED], version=2)) == [
        "version 2 is older than the released 3"
    ]


def test_the_contract_keeps_to_its_last_release():
    assert breaches(read_released(), contract_of(EVENTS, CONTRACT_VERSION)) == []


@pytest.fixture
def released(tmp_path, monkeypatch):
    """A release of the test's own, that of `PLAYED`; it declares the given event from then on."""
    file = tmp_path / "released.json"
    file.write_bytes(release_text(RELEASE))
    monkeypatch.setattr(compatibility, "RELEASED", file)

    def declare(event: Event, version: int) -> None:
        monkeypatch.setattr(compatibility, "EVENTS", (event,))
        monkeypatch.setattr(compatibility, "CONTRACT_VERSION", version)

    declare(PLAYED, 3)
    return declare


def test_a_release_is_written_and_checked_against(released):
    grown = changed(replace(TEMPO, maximum=400))
    released(grown, 4)
    main(["--check"])
    main(["--release"])
    assert read_released() == contract_of([grown], 4)

    released(PLAYED, 5)
    with pytest.raises(SystemExit, match=r"played: tempo: its maximum fell from 400"):
        main(["--check"])


def test_a_changed_contract_is_released_under_a_new_version_only(released):
    released(changed(replace(TEMPO, maximum=400)), 3)

    with pytest.raises(SystemExit, match="raise CONTRACT_VERSION"):
        main(["--release"])
    assert read_released() == RELEASE


def test_a_release_can_not_break_with_the_one_before(released):
    released(changed(without=NOTE), 4)

    with pytest.raises(SystemExit, match="note: the field is gone"):
        main(["--release"])
    assert read_released() == RELEASE


@pytest.mark.parametrize("arguments", [[], ["--chek"], ["--check", "--release"]])
def test_other_arguments_are_told_how_it_is_used(arguments):
    with pytest.raises(SystemExit, match="usage"):
        main(arguments)
