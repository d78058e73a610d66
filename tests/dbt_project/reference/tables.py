"""All that the reference works out, by the names of the tables."""

from collections.abc import Iterable, Mapping

import polars as pl

from tests.builders import Row
from tests.dbt_project.reference import (
    activity,
    audience,
    charts,
    conversions,
    dimensions,
    facts,
    filtered,
    sessions,
)
from tests.dbt_project.reference.listening import timed_listens
from tests.dbt_project.reference.staged import Staged, staged
from tests.dbt_project.reference.users import users

Tables = dict[str, pl.DataFrame]


def reference(raw: Mapping[str, Iterable[Row]], pseudonym_key: str) -> Tables:
    """Every fact, dimension and report, from the rows of the raw tables."""
    events = staged(raw, pseudonym_key)
    listens = timed_listens(events)
    given = sessions.sessions(events, listens)
    tables = {
        "marts.fct_streams": facts.streams(listens),
        "marts.fct_page_views": facts.page_views(events),
        "marts.fct_auth_attempts": facts.auth_attempts(events),
        "marts.fct_plan_changes": facts.plan_changes(events),
        "marts.fct_player_events": facts.player_events(events),
        "marts.fct_sessions": given,
        "marts.dim_users": users(events),
    }
    tables |= _dimensions(events, tables)
    return tables | _reports(events, listens, tables) | _filtered(events, listens, tables)


def _dimensions(events: Staged, marts: Tables) -> Tables:
    dims = {
        "users": marts["marts.dim_users"],
        "songs": dimensions.songs(events),
        "artists": dimensions.artists(events),
        "locations": dimensions.locations(events),
        "devices": dimensions.devices(events),
        "datetimes": dimensions.hours(events),
    }
    wide = dimensions.wide_streams(marts["marts.fct_streams"], dims)
    return {f"marts.dim_{name}": table for name, table in dims.items()} | {
        "marts.wide_streams": wide
    }


def _reports(events: Staged, listens: pl.DataFrame, marts: Tables) -> Tables:
    hours = activity.hourly_activity(events, listens)
    days = audience.user_days(events, listens)
    songs, artists = charts.song_plays(listens), charts.artist_plays(listens)
    changes, given = marts["marts.fct_plan_changes"], marts["marts.fct_sessions"]
    reports = {
        "daily_metrics": activity.daily_metrics(events),
        "hourly_activity": hours,
        "listening_clock": activity.listening_clock(hours),
        "player_engagement": activity.player_engagement(events),
        "event_types": activity.event_types(events),
        "song_plays": songs,
        "artist_plays": artists,
        "top_songs": charts.top_songs(songs),
        "top_artists": charts.top_artists(artists),
        "active_users": audience.active_users(events),
        "demographics": audience.demographics(days),
        "test_groups": audience.test_groups(days, changes),
        "geography": audience.geography(events, listens),
        "retention": audience.retention(days),
        "conversions": conversions.conversions(events, days, changes),
        "conversion_paths": conversions.conversion_paths(events, marts["marts.dim_users"]),
        "sessions": sessions.session_report(given),
        "session_agreement": sessions.session_agreement(given, sessions.visit_starts(events)),
    }
    return {f"reporting.rpt_{name}": table for name, table in reports.items()}


def _filtered(events: Staged, listens: pl.DataFrame, marts: Tables) -> Tables:
    places, devices = marts["marts.dim_locations"], marts["marts.dim_devices"]
    return {
        "reporting.rpt_streams_by_hour": filtered.streams_by_hour(listens),
        "reporting.rpt_listener_days": filtered.listener_days(events, listens),
        "reporting.rpt_session_days": filtered.session_days(
            marts["marts.fct_sessions"], places, devices
        ),
    }
