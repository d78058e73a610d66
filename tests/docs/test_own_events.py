"""The how-to of one's own events: what it shows lands."""

import json
from pathlib import Path

import pytest

from tests.docs.worked import blocks, carry_out

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "own_events.md"

pytestmark = pytest.mark.integration


def test_messages_of_ones_own_are_accepted_and_their_unknown_fields_kept(tmp_path, environment):
    said = [carry_out(block, tmp_path, environment) for block in blocks(PAGE.read_text())]

    [landed] = json.loads(said[-1])
    assert (landed["accepted"], landed["rejected"]) == (2, 0)
