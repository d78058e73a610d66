"""Searching files: in bounded memory."""

import pytest

from streaming.erase.rewriting import REJECTS_AT_ONCE, ROWS_AT_ONCE, search
from streaming.suppress import Cleaned

from .lake import ErasingLake, of


@pytest.mark.parametrize(
    ("files", "fields", "most"),
    [("rejected_files", {"level": "x"}, REJECTS_AT_ONCE), ("files", {}, ROWS_AT_ONCE)],
    ids=["rejects", "accepted"],
)
def test_long_rejects_are_searched_few_at_a_time(lake: ErasingLake, files, fields, most):
    manifest = lake.land(*(of(1, each, **fields) for each in range(200)))
    (file, *_) = getattr(manifest, files)
    seen = []

    search(lake.store, file.path, [], lambda rows: seen.append(rows.num_rows) or Cleaned(rows))

    assert sum(seen) == file.rows
    assert max(seen) == min(most, file.rows)
