"""The page Overview: the last of the chosen days at a glance, against the day before."""

from datetime import date

import polars as pl

from dashboard import components, formats
from dashboard.components import Tile
from dashboard.data import overview
from dashboard.data.overview import Streams, Today
from dashboard.figures import overview as figures
from dashboard.view import View

STREAMS = overview.STREAMS
ACTIVE = "reporting.rpt_active_users"


def show(view: View) -> None:
    """Show the page."""
    tables, filters = view.tables, view.filters
    today = Today.of(tables, filters)
    now, before = overview.today_and_before(tables, filters, today)
    days = overview.days(tables, filters)
    users = overview.active_users(tables, today, filters)
    components.note(
        f"“Today” is {today.day}, the last of the chosen days, up to {today.as_of:%H:%M} UTC"
        if not today.is_over
        else f"“Today” is {today.day}, the last of the chosen days, all of it."
    )
    streams, skip_rate = _streams(today, now, before, days)
    first = tables.publication.first_hour
    daily, weekly, monthly = _users(today, users, first.date() if first else today.day)
    total = _in_total(overview.streams_in_total(tables, filters))
    components.metrics(
        streams, daily, _sessions(today, days), skip_rate,
        total, weekly, monthly, _paid_share(today, users),
    )  # fmt: skip
    if filters.is_listening_filtered and filters.days > overview.COUNTED_DAYS:
        components.note(
            f"With a filter, active users are counted for the last {overview.COUNTED_DAYS} days."
        )
    _days(today, days, users)


def _streams(today: Today, now: Streams, before: Streams, days: pl.DataFrame) -> list[Tile]:
    same_hour = "from the day before, same hour"
    points = _points(now.skip_rate, before.skip_rate)
    return [
        Tile(
            "Streams today",
            formats.number(now.streams),
            f"{STREAMS}.streams",
            delta=formats.change(now.streams, before.streams),
            compared=same_hour,
            spark=_spark(today, days, "streams"),
        ),
        Tile(
            "Skip rate today",
            formats.percent(now.skip_rate),
            f"{STREAMS}.skips",
            delta=points,
            compared=same_hour,
            spark=_spark(today, days, "skip_rate"),
            more_is="inverse",
        ),
    ]


def _sessions(today: Today, days: pl.DataFrame) -> Tile:
    now, before = _last_two(days, "day", "sessions", today)
    return Tile(
        "Sessions today",
        formats.number(now or 0),
        f"{overview.SESSIONS}.sessions",
        delta=formats.change(now, before) if today.is_over else None,
        compared="from the day before",
        spark=_spark(today, days, "sessions"),
    )


def _in_total(streams: int) -> Tile:
    return Tile("Streams in total", formats.number(streams), f"{STREAMS}.streams", "all days")


def _users(today: Today, users: pl.DataFrame, first: date) -> list[Tile]:
    tiles = []
    there = (today.day - first).days + 1
    for column, label, days in (
        ("daily_users", "Active users today", 1),
        ("weekly_users", "Active users, 7 days", 7),
        ("monthly_users", "Active users, 28 days", 28),
    ):
        now, before = _last_two(users, "active_on", column, today)
        tiles.append(
            Tile(
                label,
                formats.number(now or 0),
                f"{ACTIVE}.{column}",
                f"of {there} day(s) with data" if there < days else "",
                delta=formats.change(now, before) if today.is_over else None,
                compared="from the day before",
                spark=_spark(today, users, column),
            )
        )
    return tiles


def _paid_share(today: Today, users: pl.DataFrame) -> Tile:
    shares = users.with_columns(paid_share=pl.col("paid_users") / pl.col("daily_users"))
    now, before = _last_two(shares, "active_on", "paid_share", today)
    return Tile(
        "Paid share today",
        formats.percent(now),
        f"{overview.LISTENERS}.level",
        "of active users",
        delta=_points(now, before) if today.is_over else None,
        compared="from the day before",
        spark=_spark(today, shares, "paid_share"),
    )


def _days(today: Today, days: pl.DataFrame, users: pl.DataFrame) -> None:
    components.chart(
        "Streams by day",
        lambda: figures.streams_by_day(days, today),
        f"{STREAMS}.streams",
        empty=days.is_empty(),
    )
    table = days.join(
        users.select("active_on", "daily_users", "paid_users"),
        left_on="day",
        right_on="active_on",
        how="left",
    ).sort("day", descending=True)
    components.table(
        table.select(
            "day", "streams", "skip_rate", "listening_seconds", "sessions", "daily_users",
            "paid_users",
        ),
        "Days",
        STREAMS,
        labels={"day": "Day (UTC)", "daily_users": "Active users", "paid_users": "Of them paying"},
    )  # fmt: skip


def _last_two(
    frame: pl.DataFrame, day: str, column: str, today: Today
) -> tuple[float | None, float | None]:
    """The value of the day, and of the day before; None where there is none."""
    values = dict(frame.select(day, column).iter_rows())
    before = max((each for each in values if each < today.day), default=None)
    is_the_day_before = before is not None and (today.day - before).days == 1
    return values.get(today.day), values.get(before) if is_the_day_before else None


def _points(now: float | None, before: float | None) -> str | None:
    """How a share changed, in points of percent."""
    return None if now is None or before is None else f"{100 * (now - before):+.1f} points"


def _spark(today: Today, frame: pl.DataFrame, column: str) -> list[float] | None:
    """The values of the whole days: one that is not over would look like a fall."""
    day = frame.columns[0]
    whole = frame if today.is_over else frame.filter(pl.col(day) < today.day)
    values = whole[column].drop_nulls().to_list()
    return values if len(values) > 1 else None
