"""Messages as lines of JSON.

Fields stand in the classic eventsim's order; those of a user who is not to be shown are left
out. Texts are cut into fragments once (`fragments.py`); a chunk of requests becomes lines by
naming the fragments of each.
"""

import numpy as np
import numpy.typing as npt

from eventsim.catalog import Song
from eventsim.config import State
from eventsim.fragments import DIGITS, Column, Lines, Pool, text
from eventsim.listeners import Listeners
from eventsim.people import Home, People, Row
from eventsim.player import ACTIONS
from eventsim.randomness import Integers
from eventsim.sessions import Requests
from eventsim.simulation import PlayerActions
from eventsim.world import World

TIME_SPAN = 20 * 366 * 86_400
"""Seconds from its start that a simulation without an end can last."""
MOST_PREPARED = 60_000
"""Listeners whose texts are kept joined; more are joined from shared parts for each line."""


class Texts:
    """Writes the lines of all topics."""

    def __init__(
        self, world: World, listeners: Listeners, start: int, end: int | None = None
    ) -> None:
        """Cut all texts into fragments; events happen from `start` to `end`, epoch seconds."""
        self._machine = world.machine
        self._first_user_id = world.config.first_user_id
        tag = world.config.tag
        self._tag = f',"tag":{text(tag)}' if tag else ""
        self.pool = Pool()
        self._add_times(start, end or start + TIME_SPAN)
        self._add_states(world.machine.states)
        self._add_songs(world.catalog.songs, with_song_id=world.player is not None)
        self._add_people(world.people)
        self._close = self.pool.add(["}\n"])
        self._success = self.pool.add([',"success":false}\n', ',"success":true}\n'])
        self._listeners = listeners
        self._ready = 0
        # The last that is put into the pool, so that those who come later stand behind.
        self._prepared: int | None = None
        if len(listeners) <= MOST_PREPARED:
            self._prepared = self._prepare()

    def update(self, listeners: Listeners) -> None:
        """Take note that listeners have come behind those who were there."""
        self._listeners = listeners
        if self._prepared is None:
            return
        if len(listeners) <= MOST_PREPARED:
            self._prepare()
        else:
            self.pool.cut(self._prepared)
            self._prepared = None

    def page_views(self, requests: Requests) -> Lines:
        """A line a request."""
        song = np.where(
            self._machine.is_song[requests.state],
            self._song_behind + requests.song,
            self._close,
        )
        return self._lines(requests, [], self._page + requests.state, song)

    def listens(self, starts: Requests) -> Lines:
        """A line a song that starts."""
        return self._lines(
            starts,
            [self._song_before + starts.song],
            self._auth_and_level + starts.state,
            self._song_id + starts.song,
        )

    def logins(self, after: Requests) -> Lines:
        """A line a request that follows a Login page."""
        success = self._success + self._machine.is_logged_in[after.state].astype(np.int32)
        return self._lines(after, [], self._level + after.state, success)

    def changes(self, changes: Requests) -> Lines:
        """A line a request to change the plan."""
        return self._lines(changes, [], self._auth_and_level + changes.state, self._close)

    def player_actions(self, actions: PlayerActions) -> Lines:
        """A line an action."""
        pool, user = self.pool, self._first_user_id + self._listeners.number[actions.listener]
        home = self._listeners.home[actions.listener].astype(np.int64)
        browser = self._listeners.browser[actions.listener].astype(np.int64)
        session, item = pool.number(actions.session), pool.number(actions.item)
        columns: list[Column] = [
            self._event_id, *session, self._dash, *item, self._event_code + actions.kind,
            *pool.number(user), self._session_id, *session, self._event_type + actions.kind,
            self._song_played + actions.song, *pool.number(actions.position),
            self._device + browser, self._region + home,
            self._time + (actions.at // DIGITS - self._first_time),
            self._time_end + actions.at % DIGITS,
        ]  # fmt: skip
        return pool.lines(columns, len(actions))

    def _lines(
        self, requests: Requests, before: list[Column], about: Integers, behind: Column
    ) -> Lines:
        """Lines of a classic topic: time, session, what about it, who, and the rest."""
        opening = self._time if before else self._open_time
        shown = self._machine.is_shown[requests.state]
        columns = [
            *before,
            opening + (requests.at // DIGITS - self._first_time),
            self._time_and_session + requests.at % DIGITS,
            *self.pool.number(requests.session),
            about,
            *self.pool.number(requests.item),
            *self._who(requests.listener, shown),
            behind,
        ]
        return self.pool.lines(columns, len(requests))

    def _who(self, listener: Integers, shown: npt.NDArray[np.bool_]) -> list[Column]:
        if self._prepared is not None:
            return [self._prepared + 2 * listener + shown]
        return self._who_in_parts(self._listeners, listener, shown)

    def _who_in_parts(
        self, listeners: Listeners, row: Integers, shown: npt.NDArray[np.bool_]
    ) -> list[Column]:
        """Home and browser of each listener, and if he is shown the rest of him."""
        home = listeners.home[row].astype(np.int64)
        browser = listeners.browser[row].astype(np.int64)
        user = self._first_user_id + listeners.number[row]
        registered = listeners.registered_at[row]
        person: list[Column] = [
            self._user_id,
            *self.pool.number(user),
            self._surname + listeners.surname[row].astype(np.int64),
            self._given_name + listeners.given_name[row].astype(np.int64),
            *self.pool.number(registered),
            self._milliseconds,
        ]
        return [
            self._home + home,
            self._browser + browser,
            self._coordinates + home,
            *(np.where(shown, column, self.pool.empty) for column in person),
            self._tag_behind,
        ]

    def _prepare(self) -> int:
        """Join the texts, hidden and shown, of listeners who are not ready; their first number."""
        count = len(self._listeners)
        row = np.repeat(np.arange(self._ready, count), 2)
        shown = np.tile(np.array([False, True]), count - self._ready)
        parts = self._who_in_parts(self._listeners, row, shown)
        self._ready = count
        return self.pool.add_array(self.pool.texts(parts, len(row)))

    def _add_times(self, start: int, end: int) -> None:
        add = self.pool.add
        self._first_time = start // DIGITS
        leading = range(self._first_time, end // DIGITS + 1)
        self._open_time = add(f'{{"ts":{digits}' for digits in leading)
        self._time = add(str(digits) for digits in leading)
        self._time_and_session = add(f'{digits:04d}000,"sessionId":' for digits in range(DIGITS))
        self._time_end = add(f"{digits:04d}000}}\n" for digits in range(DIGITS))
        self._milliseconds = add(["000"])

    def _add_states(self, states: list[State]) -> None:
        add = self.pool.add
        item = ',"itemInSession":'
        self._level = add(f',"level":{text(state.level)}{item}' for state in states)
        self._auth_and_level = add(
            f',"auth":{text(state.auth)},"level":{text(state.level)}{item}' for state in states
        )
        self._page = add(
            f',"page":{text(state.page)},"auth":{text(state.auth)},"method":{text(state.method)}'
            f',"status":{state.status},"level":{text(state.level)}{item}'
            for state in states
        )

    def _add_songs(self, songs: list[Song], *, with_song_id: bool) -> None:
        add = self.pool.add
        texts = [
            f'"artist":{text(song.artist)},"song":{text(song.title)},"duration":{song.duration!r}'
            for song in songs
        ]
        self._song_before = add(f'{{{each},"ts":' for each in texts)
        self._song_behind = add(f",{each}}}\n" for each in texts)
        self._song_id = add(
            f',"songId":{text(song.song_id)}}}\n' if with_song_id else "}\n" for song in songs
        )
        self._song_played = add(
            f',"song_id":{text(song.song_id)},"song":{text(song.title)}'
            f',"artist":{text(song.artist)},"position_seconds":'
            for song in songs
        )
        self._event_id = add(['{"event_id":"'])
        self._dash = add(["-"])
        self._event_code = add(f'-{number}","user_id":' for number in range(len(ACTIONS)))
        self._session_id = add([',"session_id":'])
        self._event_type = add(f',"event_type":"{action}"' for action in ACTIONS)

    def _add_people(self, people: People) -> None:
        self._add_homes(people.homes)
        self._add_browsers(people.browsers)
        self._user_id = self.pool.add([',"userId":'])
        self._surname = self.pool.add(f',"lastName":{text(row["name"])}' for row in people.surnames)
        self._given_name = self.pool.add(
            f',"firstName":{text(row["name"])},"gender":"{row["gender"]}","registration":'
            for row in people.given_names
        )
        self._tag_behind = self.pool.add([self._tag])

    def _add_homes(self, homes: list[Home]) -> None:
        self._home = self.pool.add(
            f',"city":{text(home.city)},"zip":{text(home.zip)},"state":{text(home.state)}'
            ',"userAgent":'
            for home in homes
        )
        self._coordinates = self.pool.add(
            f',"lon":{home.lon!r},"lat":{home.lat!r}' for home in homes
        )
        self._region = self.pool.add(
            f',"region":{text(home.state)},"country":{text(home.country)},"ts":' for home in homes
        )

    def _add_browsers(self, browsers: list[Row]) -> None:
        self._browser = self.pool.add(text(row["user_agent"]) for row in browsers)
        self._device = self.pool.add(f',"device_type":"{row["device_type"]}"' for row in browsers)
