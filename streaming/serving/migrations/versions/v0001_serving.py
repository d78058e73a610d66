"""The tables of serving.

Each user of a window (a row of `…_metrics`, by its id) has a row in `…_users`: an insert that
finds no such row adds one to the window's `users`. So counting costs what is new.
"""

from alembic import op

revision = "0001"
down_revision = None

EVENT = """
    event_id text not null,
    ts timestamp with time zone not null,
    user_id bigint not null,
    session_id bigint not null,
    event_type text not null,
    song_id text not null,
    song text not null,
    artist text not null,
    position_seconds double precision not null,
    device_type text not null,
    region text not null,
    country text not null,
    home_region text,
    kafka_topic text not null,
    kafka_partition bigint not null,
    kafka_offset bigint not null,
    landed_at timestamp with time zone not null
"""

STEPS = (
    f"create table raw_events ({EVENT}, primary key (event_id))",
    # Rows lie nearly in the order of their time, so this index costs next to nothing.
    "create index raw_events_ts on raw_events using brin (ts)",
    f"create unlogged table staging_events (run text not null, {EVENT})",
    """
    create table daily_metrics (
        id bigint generated always as identity unique,
        day date not null,
        event_type text not null,
        region text not null,
        events bigint not null,
        users bigint not null,
        primary key (day, event_type, region)
    ) with (fillfactor = 70)
    """,
    """
    create table minute_metrics (
        id bigint generated always as identity unique,
        window_start timestamp with time zone not null,
        event_type text not null,
        region text not null,
        events bigint not null,
        users bigint not null,
        is_final boolean not null default false,
        primary key (window_start, event_type, region)
    ) with (fillfactor = 70)
    """,
    "create index minute_metrics_open on minute_metrics (window_start) where not is_final",
    """
    create table daily_users (
        window_id bigint not null,
        user_id bigint not null,
        primary key (window_id, user_id)
    )
    """,
    """
    create table minute_users (
        window_id bigint not null,
        user_id bigint not null,
        primary key (window_id, user_id)
    )
    """,
    """
    create table serving_batches (
        writer text not null,
        batch bigint not null,
        kind text not null,
        events bigint not null,
        inserted bigint not null,
        duplicates bigint not null,
        rejected bigint not null,
        first_ts timestamp with time zone,
        last_ts timestamp with time zone,
        committed_at timestamp with time zone not null,
        primary key (writer, batch)
    )
    """,
    """
    create table serving_offsets (
        topic text not null,
        partition bigint not null,
        next_offset bigint not null,
        topic_id text,
        primary key (topic, partition)
    )
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for step in STEPS:
        op.execute(step)


def downgrade() -> None:
    """Remove the tables, with all that is in them."""
    op.execute(
        "drop table raw_events, staging_events, daily_metrics, minute_metrics, daily_users, "
        "minute_users, serving_batches, serving_offsets"
    )
