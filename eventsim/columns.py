"""Messages as Arrow columns, named and ordered like the fields of their JSON; absent ones null.

No text is built for it: a column of texts is the numbers of the texts in a dictionary that stands
once, found by the numbers of each row's state, song, home, browser and names.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import AUTH_EVENTS, LISTEN_EVENTS, PAGE_VIEW_EVENTS, STATUS_CHANGE_EVENTS
from eventsim.arrays import Coded, bits, booleans, numbers, strings
from eventsim.faults import ELSEWHERE
from eventsim.messages import Messages
from eventsim.player import ACTIONS
from eventsim.sessions import Requests
from eventsim.simulation import PlayerActions
from eventsim.world import World

NULLABLE = {
    "userId", "lastName", "firstName", "gender", "registration", "artist", "song", "duration",
}  # fmt: skip
"""What page views of guests, or of other pages than songs, do not have."""
Arrays = dict[str, pa.Array]
"""Columns by name, in order."""


class Columns:
    """Makes the columns of all topics."""

    def __init__(self, world: World) -> None:
        """Put all texts into dictionaries."""
        self._machine = world.machine
        self._with_song_id = world.player is not None
        states, songs, people = world.machine.states, world.catalog.songs, world.people
        self._page = Coded.of(state.page for state in states)
        self._auth = Coded.of(state.auth for state in states)
        self._method = Coded.of(state.method for state in states)
        self._level = Coded.of(state.level for state in states)
        self._status = np.array([state.status for state in states], dtype=np.int64)
        self._artist = Coded.of(song.artist for song in songs)
        self._title = Coded.of(song.title for song in songs)
        self._song_id = Coded.of(song.song_id for song in songs)
        self._duration = np.array([song.duration for song in songs], dtype=np.float64)
        self._city = Coded.of((home.city for home in people.homes), ELSEWHERE)
        self._zip = Coded.of(home.zip for home in people.homes)
        self._state = Coded.of(home.state for home in people.homes)
        self._country = Coded.of(home.country for home in people.homes)
        self._place = np.array([(home.lon, home.lat) for home in people.homes], dtype=np.float64)
        self._browser = Coded.of(row["user_agent"] for row in people.browsers)
        self._device = Coded.of((row["device_type"] for row in people.browsers), ELSEWHERE)
        self._surname = Coded.of(row["name"] for row in people.surnames)
        self._given_name = Coded.of(row["name"] for row in people.given_names)
        self._gender = Coded.of(row["gender"] for row in people.given_names)
        self._kind = Coded.of(ACTIONS)
        self._dash = strings(["-"], pa.string())
        self._tag = Coded.of([world.config.tag]) if world.config.tag else None
        self._makers: dict[str, Callable[[Requests, Arrays], Arrays]] = {
            PAGE_VIEW_EVENTS.name: self._page_views,
            LISTEN_EVENTS.name: self._listens,
            AUTH_EVENTS.name: self._logins,
            STATUS_CHANGE_EVENTS.name: self._changes,
        }

    def of(self, messages: Messages) -> pa.Table:
        """The columns of a chunk."""
        rows = messages.rows
        if isinstance(rows, PlayerActions):
            return _table(self._player_actions(rows, messages))
        return _table(self._makers[messages.topic](rows, self._who(rows, messages)))

    def _page_views(self, requests: Requests, who: Arrays) -> Arrays:
        starts = bits(self._machine.is_song[requests.state])
        return {
            **_when(requests),
            "page": self._page.column(requests.state),
            "auth": self._auth.column(requests.state),
            "method": self._method.column(requests.state),
            "status": numbers(self._status[requests.state]),
            "level": self._level.column(requests.state),
            "itemInSession": numbers(requests.item),
            **who,
            **self._played(requests, starts),
        }

    def _listens(self, starts: Requests, who: Arrays) -> Arrays:
        listens = {
            **self._played(starts),
            **_when(starts),
            "auth": self._auth.column(starts.state),
            "level": self._level.column(starts.state),
            "itemInSession": numbers(starts.item),
            **who,
        }
        if self._with_song_id:
            listens["songId"] = self._song_id.column(starts.song)
        return listens

    def _logins(self, after: Requests, who: Arrays) -> Arrays:
        return {
            **_when(after),
            "level": self._level.column(after.state),
            "itemInSession": numbers(after.item),
            **who,
            "success": booleans(self._machine.is_logged_in[after.state]),
        }

    def _changes(self, changes: Requests, who: Arrays) -> Arrays:
        return {
            **_when(changes),
            "auth": self._auth.column(changes.state),
            "level": self._level.column(changes.state),
            "itemInSession": numbers(changes.item),
            **who,
        }

    def _played(self, requests: Requests, starts: pa.Buffer | None = None) -> Arrays:
        """The song of each request, or of those that start one."""
        return {
            "artist": self._artist.column(requests.song, starts),
            "song": self._title.column(requests.song, starts),
            "duration": numbers(self._duration[requests.song], starts),
        }

    def _who(self, requests: Requests, messages: Messages) -> Arrays:
        """Home and browser of each request's listener, and if he is shown the rest of him."""
        listeners, row = messages.listeners, requests.listener
        home, given_name = listeners.home[row], listeners.given_name[row]
        shown = bits(self._machine.is_shown[requests.state])
        who = {
            "city": self._city.column(home),
            "zip": self._zip.column(home),
            "state": self._state.column(home),
            "userAgent": self._browser.column(listeners.browser[row]),
            "lon": numbers(self._place[home, 0]),
            "lat": numbers(self._place[home, 1]),
            "userId": numbers(messages.key, shown),
            "lastName": self._surname.column(listeners.surname[row], shown),
            "firstName": self._given_name.column(given_name, shown),
            "gender": self._gender.column(given_name, shown),
            "registration": numbers(listeners.registered_at[row] * 1000, shown),
        }
        if self._tag is not None:
            who["tag"] = self._tag.column(np.zeros(len(row), dtype=np.intp))
        return who

    def _player_actions(self, actions: PlayerActions, messages: Messages) -> Arrays:
        listeners, row = messages.listeners, actions.listener
        home = listeners.home[row]
        ids = [
            numbers(part).cast(pa.string())
            for part in (actions.session, actions.item, actions.kind)
        ]
        dash = self._dash.take(numbers(np.zeros_like(actions.at)))
        return {
            "event_id": pc.binary_join_element_wise(*ids, dash),
            "user_id": numbers(messages.key),
            "session_id": numbers(actions.session),
            "event_type": self._kind.column(actions.kind),
            "song_id": self._song_id.column(actions.song),
            "song": self._title.column(actions.song),
            "artist": self._artist.column(actions.song),
            "position_seconds": numbers(actions.position),
            "device_type": self._device.column(listeners.browser[row]),
            "region": self._state.column(home),
            "country": self._country.column(home),
            "ts": numbers(actions.at * 1000),
        }


def _table(arrays: Arrays) -> pa.Table:
    schema = pa.schema(
        [pa.field(name, each.type, nullable=name in NULLABLE) for name, each in arrays.items()]
    )
    return pa.Table.from_arrays(list(arrays.values()), schema=schema)


def _when(requests: Requests) -> Arrays:
    return {"ts": numbers(requests.at * 1000), "sessionId": numbers(requests.session)}
