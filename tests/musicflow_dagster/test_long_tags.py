"""Texts of any length as tags of runs."""

from hypothesis import given
from hypothesis import strategies as st

from musicflow_dagster.long_tags import LONGEST, long_tag, read_tag

lengths = st.integers(0, 4 * LONGEST) | st.sampled_from([0, LONGEST - 1, LONGEST, 2 * LONGEST])


@given(lengths, lengths)
def test_a_text_is_read_as_it_was_written_over_a_longer_or_shorter_one(before, after):
    tags = long_tag("hours", "b" * before) | long_tag("hours", "a" * after)

    assert read_tag(tags, "hours") == "a" * after
    assert max(map(len, tags.values())) <= LONGEST


def test_no_tag_is_no_text():
    assert read_tag({}, "hours") == ""
