"""The statements that `made_marts` fills its tables with.

`PATTERNS` make a week of listens, as numbers; `BY_DAY` tells of the `{day}` by its weekday's
pattern. A listener's place, plan and device are made from the number.
"""
# ruff: noqa: S608  the statements are made of constants

PATTERNS = (
    "select setseed(0.5)",
    """
    create table listens as
    select
        weekday, song, song % {artists} as artist, listener,
        listener % {states} as state, listener % {places} as place,
        listener % 3 = 0 as is_paid, (listener + (chance < 0.2)::int) % 4 as device,
        (24 * (1 - abs(hour - 0.6)))::int % 24 as hour,
        (3600000 * moment)::int as millisecond,
        skip < 0.25 as is_skipped, skip > 0.4 as is_completed, skip > 0.1 as is_qualified,
        (300 * least(1, skip + 0.1))::decimal(18, 3)::double as listening_seconds
    from (
        select
            1 + range % 7 as weekday,
            ({songs} * power(random(), 3))::int % {songs} as song,
            ({listeners_a_day} * power(random(), 1.5))::int % {listeners_a_day} as listener,
            random() as chance, random() as hour, random() as moment, random() as skip
        from range(7 * {streams_a_day})
    )
    """,
    "create macro state_name(state) as 'S' || lpad(state::varchar, 2, '0')",
    "create macro plan(is_paid) as case when is_paid then 'paid' else 'free' end",
    "create macro device_name(device) as ['phone', 'desktop', 'tablet', 'tv'][device + 1]",
    "create macro of_day(day) as extract(isodow from day::date)",
    """
    create table songs as
    select
        range::int as song, range::int % {artists} as artist,
        md5('song' || range) as song_key, md5('artist' || range % {artists}) as artist_key,
        'A song of some length, number ' || range as song_title,
        'The Artists of Number ' || range % {artists} as artist_name
    from range({songs})
    """,
    """
    create table song_days as
    select
        weekday, song, count(*) as plays, count(distinct listener) as listeners,
        count_if(is_qualified) as qualified_plays, count_if(is_skipped) as skips,
        count_if(is_completed) as completions, sum(listening_seconds) as listening_seconds
    from listens group by all
    """,
    """
    create table artist_days as
    select
        weekday, artist, count(*) as plays, count(distinct song) as songs,
        count(distinct listener) as listeners, count_if(is_qualified) as qualified_plays,
        count_if(is_skipped) as skips, count_if(is_completed) as completions,
        sum(listening_seconds) as listening_seconds
    from listens group by all
    """,
    """
    create table hours as
    select
        weekday, hour, state, is_paid, device, count(*) as streams, 0 as guest_streams,
        count_if(is_qualified) as qualified_streams, count_if(is_skipped) as skips,
        count_if(is_completed) as completions, sum(listening_seconds) as listening_seconds
    from listens group by all
    """,
    """
    create table listener_days as
    select
        weekday, listener, state, is_paid, device, count(*) as streams,
        count_if(is_qualified) as qualified_streams, count_if(is_skipped) as skips,
        count_if(is_completed) as completions, sum(listening_seconds) as listening_seconds
    from listens group by all
    """,
)

MEASURES = "plays, listeners, qualified_plays, skips, completions, listening_seconds"
RATES = "skips / plays as skip_rate, completions / plays as completion_rate"
OF_STREAMS = "streams, qualified_streams, skips, completions, listening_seconds"
CELL = 'state_name(state) as state, plan(is_paid) as "level", device_name(device) as device_type'
DAYS = "from generate_series(date '{first}', date '{last}', interval 1 day) as days(moment)"
HOURS = (
    "from generate_series(timestamp '{first}', timestamp '{last} 23:00:00', interval 1 hour)"
    " as hours(moment)"
)
TOPICS = (
    "(values ('listen_events'), ('page_view_events'), ('auth_events'), ('status_change_events'),"
    " ('music_events')) as topics(event)"
)
FACTS = (
    "(values ('fct_streams'), ('fct_page_views'), ('fct_auth_attempts'), ('fct_plan_changes'),"
    " ('fct_player_events')) as facts(fact)"
)
ACTIONS = (
    "(values ('play'), ('pause'), ('resume'), ('stop'), ('skip'), ('add_to_playlist'))"
    " as actions(event_type)"
)
TOP = """
    select 'day' as period, date '{{day}}' as period_starts_on, place as {of}_rank, {of}_key,
        {names}, plays, place + 1 as previous_rank, 1 as rank_movement, false as is_entry
    from (
        select *, row_number() over (order by plays desc, {of}) as place
        from {of}_days where weekday = of_day('{{day}}') qualify place <= 100
    ) inner join (select distinct {of}, {of}_key, {names} from songs) using ({of})
"""

BY_DAY = {
    "marts.fct_streams": """
        select
            song_key, artist_key, md5('place' || place) as location_key,
            md5('device' || device) as device_key, plan(is_paid) as "level", listening_seconds,
            is_completed, is_skipped, is_qualified,
            timestamp '{day}' + hour * interval 1 hour + millisecond * interval 1 millisecond
                as listened_at
        from listens inner join songs using (song) where weekday = of_day('{day}')
    """,
    "reporting.rpt_streams_by_hour": f"""
        select timestamp '{{day}}' + hour * interval 1 hour as hour_starts_at, {CELL},
            guest_streams, {OF_STREAMS}
        from hours where weekday = of_day('{{day}}') order by hour
    """,
    "reporting.rpt_listener_days": f"""
        select date '{{day}}' as active_on,
            (hash(listener + {{listeners_a_day}}
                * (hash(listener, date '{{day}}') % {{groups}})::int) >> 4)::bigint
                as listener_number,
            {CELL}, {OF_STREAMS}
        from listener_days where weekday = of_day('{{day}}')
    """,
    "reporting.rpt_song_plays": f"""
        select date '{{day}}' as listened_on, song_key, song_title, artist_name, {MEASURES}, {RATES}
        from song_days inner join songs using (song) where weekday = of_day('{{day}}')
    """,
    "reporting.rpt_artist_plays": f"""
        select date '{{day}}' as listened_on, artist_key, artist_name, songs, {MEASURES}, {RATES}
        from artist_days
        inner join (select distinct artist, artist_key, artist_name from songs) using (artist)
        where weekday = of_day('{{day}}')
    """,
    "reporting.rpt_top_songs": TOP.format(of="song", names="song_title, artist_name"),
    "reporting.rpt_top_artists": TOP.format(of="artist", names="artist_name"),
    "reporting.rpt_demographics": """
        select date '{day}' as active_on, gender, plan(is_paid) as "level", account_age,
            state_name(state) as state, count(distinct listener) as users,
            sum(streams)::bigint as streams, sum(listening_seconds) as listening_seconds
        from (
            select *, ['F', 'M', 'unknown'][1 + listener % 3] as gender,
                ['under 7 days', '7 to 29 days', '30 to 89 days', '90 to 364 days',
                 '365 days and more'][1 + listener % 5] as account_age
            from listener_days where weekday = of_day('{day}')
        ) group by all
    """,
    "reporting.rpt_geography": """
        select date '{day}' as occurred_on, state_name(state) as state,
            sum(streams)::bigint as streams, count(distinct listener) as listeners,
            0 as guest_streams, sum(listening_seconds) as listening_seconds,
            sum(streams)::bigint as page_views
        from listener_days where weekday = of_day('{day}') group by all
    """,
    "reporting.rpt_conversions": """
        select date '{day}' as occurred_on, 40 as registrations, 30 as upgrades, 10 as downgrades,
            5 as cancellations, count(distinct listener) filter (where not is_paid) as free_users,
            count(distinct listener) filter (where is_paid) as paid_users,
            30 / count(*) as conversion_rate, 15 / count(*) as churn_rate
        from listener_days where weekday = of_day('{day}')
    """,
    "reporting.rpt_player_engagement": """
        select timestamp '{day}' + hour.hour * interval 1 hour as hour_starts_at,
            device_name(device.range) as device_type, 'C' || country.range as country,
            500 as events, 150 as plays, 30 as skips, 10 as playlist_additions, 90 as users,
            95 as sessions, 0.2::double as skip_rate
        from range(24) as hour(hour), range(4) as device, range(20) as country
    """,
    "reporting.rpt_daily_metrics": f"""
        select date '{{day}}' as acted_on, event_type, 'C' || country.range as country,
            'R' || region.range as region, 90 as events, 40 as users, 45 as sessions
        from {ACTIONS}, range(20) as country, range(10) as region
    """,
}
"""The tables that are published by day."""

WHOLE = {
    "marts.dim_songs": """
        select song_key, artist_key, 'SO' || song as song_id, song_title, artist_name,
            200.0::double as duration_seconds, null::varchar as album_title,
            null::bigint as release_year, null::double as tempo_bpm, null::double as loudness_db,
            null::double as hotness, true as is_in_catalogue,
            timestamp '{first}' as first_heard_at, timestamp '{last}' as last_heard_at
        from songs
    """,
    "marts.dim_artists": """
        select artist_key, any_value(artist_name) as artist_name, count(*) as songs_in_catalogue,
            true as is_in_catalogue, timestamp '{first}' as first_heard_at,
            timestamp '{last}' as last_heard_at
        from songs group by artist_key
    """,
    "marts.dim_locations": """
        select md5('place' || range) as location_key, 'City ' || range as city,
            state_name(range % {states}) as state, 'West' as home_region
        from range({places})
    """,
    "marts.dim_devices": """
        select md5('device' || range) as device_key, device_name(range) as device_type,
            'ios' as operating_system, 'app' as browser
        from range(4)
    """,
    "reporting.rpt_hourly_activity": f"""
        select hours.moment as hour_starts_at, coalesce(streams, 0) as streams, 9000 as page_views,
            500 as login_attempts, 3 as plan_changes, 9000 as player_actions, 3000 as sessions,
            2900 as active_users, coalesce(listening_seconds, 0) as listening_seconds,
            coalesce(streams, 0) as streams_day_before, 2900 as active_users_day_before
        {HOURS} left join (
            select weekday, hour, sum(streams)::bigint as streams,
                sum(listening_seconds) as listening_seconds
            from hours group by all
        ) as of_hour on of_hour.weekday = of_day(hours.moment) and of_hour.hour = hour(hours.moment)
    """,
    "reporting.rpt_listening_clock": """
        select weekday, hour as hour_of_day, 52 as hours, sum(streams)::double as mean_streams,
            sum(listening_seconds) as mean_listening_seconds, 2900.0::double as mean_active_users
        from hours group by all
    """,
    "reporting.rpt_active_users": f"""
        select days.moment::date as active_on, {{listeners_a_day}} as daily_users,
            4 * {{listeners_a_day}} as weekly_users, 12 * {{listeners_a_day}} as monthly_users,
            (1 / 12)::double as stickiness
        {DAYS}
    """,
    "reporting.rpt_event_types": f"""
        select days.moment::date as occurred_on, event as event_name,
            'type ' || kind.range as event_type,
            1000 as events, 0.1::double as share_of_topic, 1000 as events_day_before,
            1000.0::double as mean_events_7_days
        {DAYS}, {TOPICS}, range(8) as kind
    """,
    "reporting.rpt_sessions": f"""
        select days.moment::date as started_on, 60000 as sessions, {{listeners_a_day}} as users,
            1.5::double as sessions_per_user, 900.0::double as mean_length_seconds,
            700.0::double as median_length_seconds, 4.5::double as mean_streams,
            9000 as sessions_without_streams
        {DAYS}
    """,
    "reporting.rpt_session_days": f"""
        select days.moment::date as started_on, state_name(state.range) as state,
            plan(plan.range = 1) as "level", device_name(device.range) as device_type,
            150 as sessions, 10 as guest_sessions, 20 as sessions_without_streams, 600 as streams,
            135000.0::double as length_seconds
        {DAYS}, range({{states}}) as state, range(2) as plan, range(4) as device
    """,
    "reporting.rpt_session_agreement": f"""
        select days.moment::date as started_on, 60000 as given_sessions, 60100 as rebuilt_sessions,
            59000 as agreeing_sessions, 0.98::double as agreement_rate
        {DAYS}
    """,
    "reporting.rpt_retention": """
        select weeks.moment::date as registration_week, since.range as weeks_since_registration,
            3000 as registered_users, 3000 // (since.range + 1) as active_users,
            1 / (since.range + 1) as retention_rate
        from generate_series(
            date_trunc('week', date '{first}'), timestamp '{last}', interval 7 day
        ) as weeks(moment), range(53) as since
        where weeks.moment + since.range * interval 7 day <= timestamp '{last}'
    """,
    "reporting.rpt_conversion_paths": """
        select * from (values ('free', 700000), ('free > paid', 200000), ('paid', 90000),
            ('free > paid > cancelled', 10000)) as paths(path, users)
    """,
    "reporting.rpt_test_groups": f"""
        select days.moment::date as active_on, 'none' as test_group, {{listeners_a_day}} as users,
            {{streams_a_day}} as streams, {{streams_a_day}} as qualified_streams,
            1.0::double as listening_seconds, 0.2::double as skip_rate,
            6.5::double as streams_per_user, 30 as upgrades, 10 as downgrades
        {DAYS}
    """,
    "reconciliation.raw_hours": f"""
        select event, hours.moment as hour, 11000 as accepted, 0 as replayed, 0 as from_files,
            10990 as raw_rows, 10 as duplicates, 0 as conflicting_duplicates, 0 as erased,
            'made' as manifests, hours.moment + interval 70 minute as loaded_at
        {HOURS}, {TOPICS}
    """,
    "reconciliation.fact_hours": f"""
        select fact, hours.moment as hour, 10990 as raw_rows, 10990 as fact_rows
        {HOURS}, {FACTS}
    """,
    "reconciliation.built_hours": f"""
        select event, hours.moment as hour, 'made' as manifests
        {HOURS}, {TOPICS}
    """,
}
"""The tables that are published whole."""
