"""Rejects: how much of what was judged in an hour broke its contract."""

from datetime import datetime

from contracts.lake import HOUR
from musicflow_dagster.checks.findings import Finding, is_usual, share_of
from musicflow_dagster.lake_index import LakeIndex


def rejects(index: LakeIndex, event: str, hour: datetime, most: float) -> Finding:
    """The share of rejects among the messages of the batches that began in `hour`."""
    bounds = [f"{at:%Y-%m-%dT%H}" for at in (hour, hour + HOUR)]
    [(judged, rejected)] = index.query(_JUDGED, (event, *bounds))
    share = share_of(rejected, judged)
    numbers = {"judged": judged, "rejected": rejected, "reject_share": share}
    if is_usual(rejected, judged, most):
        return Finding(passed=True, numbers=numbers)
    says = f"{share:.1%} of {judged} messages were rejected; {most:.1%} are usual"
    return Finding(passed=False, numbers=numbers, says=says)


_JUDGED = """
select coalesce(sum(accepted + rejected), 0), coalesce(sum(rejected), 0)
from batches indexed by batches_by_time
where event = ? and batch_at >= ? and batch_at < ? and kind = 'stream'
"""
