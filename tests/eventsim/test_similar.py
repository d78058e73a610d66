"""With similar songs, a session's next song is a neighbour of its last."""

from itertools import pairwise

import pytest

from contracts.errors import ConfigurationError
from eventsim.__main__ import main
from eventsim.similar import read_similar
from tests.eventsim.conftest import read


def test_each_next_song_of_a_session_is_a_neighbour_of_the_last(tmp_path, catalog):
    ids = [song.song_id for song in catalog.songs]
    pairs = {(song, ids[(index + step) % len(ids)]) for index, song in enumerate(ids)
             for step in (1, 7)}  # fmt: skip
    path = tmp_path / "similar.csv"
    path.write_text("song_id,similar_song_id\n" + "".join(f"{a},{b}\n" for a, b in pairs))
    files = tmp_path / "events"

    assert main(["--nusers", "100", "--similar-songs", str(path), "--output", str(files)]) == 0

    sessions: dict[int, list[str]] = {}
    for listen in read(files)["listen_events"]:
        sessions.setdefault(listen["sessionId"], []).append(listen["songId"])
    followed = [pair for songs in sessions.values() for pair in pairwise(songs)]
    assert followed
    assert set(followed) <= pairs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("song_id\nMF000001\n", "row 1: no column similar_song_id", id="no column"),
        pytest.param(
            "song_id,similar_song_id\nMF000001,X\n",
            "row 2, column similar_song_id: no song 'X'",
            id="unknown song",
        ),
        pytest.param("song_id,similar_song_id\n", "no pair", id="empty"),
    ],
)
def test_a_wrong_file_is_told_by_row_and_column(tmp_path, catalog, text, message):
    path = tmp_path / "similar.csv"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        read_similar(path, catalog.songs)
