"""Rejects that name two users: each counts once, whichever erasure takes it."""

from unittest.mock import patch

import pytest

from streaming.erase.event_erasure import EventErasure

from .lake import ANN, BOB, CrashError, ErasingLake

SHARED = f"1767243600000,{ANN},{BOB},paid".encode()
OF_ANN = f"1767243600000,{ANN},7,paid".encode()


def begin_to_erase(lake: ErasingLake, user: int) -> None:
    """Erase, but be killed once it is on record."""
    with (
        patch.object(EventErasure, "_rewrite_all", side_effect=CrashError),
        pytest.raises(CrashError),
    ):
        lake.erase(user)


def check_gone(lake: ErasingLake) -> None:
    assert lake.names(ANN) == lake.names(BOB) == []
    lake.check_sums()


def test_what_a_killed_erasure_owes_is_not_counted_for_the_next_user(lake):
    lake.land(SHARED, OF_ANN, b"no one")
    begin_to_erase(lake, ANN)

    bobs = lake.erase(BOB)
    assert lake.names(BOB) == []
    anns = lake.erase(ANN)

    check_gone(lake)
    assert bobs.events["listen_events"].rejects == {}
    assert sum(anns.events["listen_events"].rejects.values()) == 2
    assert [row["payload"] for row in lake.rejects()] == [b"no one"]


def test_what_another_machine_puts_on_record_meanwhile_is_not_counted_again(lake, tmp_path):
    lake.land(SHARED, OF_ANN)
    (tmp_path / "other").mkdir()
    other = ErasingLake(tmp_path / "other", lake.address)
    made = EventErasure._manifest

    def outrun(self, paths):
        manifest = made(self, paths)
        if self.user.id == ANN and not other.manifests("erasure"):
            other.erase(BOB)
        return manifest

    with patch.object(EventErasure, "_manifest", outrun):
        lake.erase(ANN)

    check_gone(lake)
    assert [sum(f.rows for f in each.erased) for each in lake.manifests("erasure")] == [1, 1]
