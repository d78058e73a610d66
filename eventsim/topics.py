"""The five topics: which requests and player actions make a message of each."""

from functools import cached_property, partial

import numpy as np

from contracts.events import (
    AUTH_EVENTS,
    LISTEN_EVENTS,
    MUSIC_EVENTS,
    PAGE_VIEW_EVENTS,
    STATUS_CHANGE_EVENTS,
)
from eventsim.fragments import Lines
from eventsim.listeners import Listeners
from eventsim.machine import Flags
from eventsim.messages import Messages
from eventsim.player import ACTIONS
from eventsim.sessions import NO_REQUESTS, Requests
from eventsim.simulation import NO_ACTIONS, PlayerActions
from eventsim.texts import Texts
from eventsim.world import World

CLASSIC_TOPICS = tuple(
    event.name for event in (LISTEN_EVENTS, PAGE_VIEW_EVENTS, AUTH_EVENTS, STATUS_CHANGE_EVENTS)
)
TOPICS = (*CLASSIC_TOPICS, MUSIC_EVENTS.name)


class Topics:
    """Makes the messages of all topics."""

    def __init__(
        self, world: World, listeners: Listeners, start: int, end: int | None = None
    ) -> None:
        """Events happen from `start` to `end`, epoch seconds."""
        self._world = world
        self._machine = world.machine
        self._first_user_id = world.config.first_user_id
        self._listeners = listeners
        self._span = start, end

    def update(self, listeners: Listeners) -> None:
        """Take note that listeners have come."""
        self._listeners = listeners
        if "_texts" in self.__dict__:
            self._texts.update(listeners)

    def prepare_texts(self) -> None:
        """Have the texts ready now; otherwise they are made when first asked for."""
        self._texts  # noqa: B018 - that is to ask for them

    def nothing(self, topic: str) -> Messages:
        """No messages of a topic."""
        if topic == MUSIC_EVENTS.name:
            return self.player_actions(NO_ACTIONS)
        return self._messages(topic, NO_REQUESTS)

    def page_views(self, requests: Requests) -> Messages:
        """One message a request."""
        return self._messages(PAGE_VIEW_EVENTS.name, requests)

    def listens(self, requests: Requests) -> Messages:
        """One message a song that starts."""
        return self._messages(
            LISTEN_EVENTS.name, _chosen(requests, self._machine.is_song[requests.state])
        )

    def logins(self, requests: Requests) -> Messages:
        """One message a request that follows a Login page in its session."""
        return self._messages(
            AUTH_EVENTS.name, _chosen(requests, self._machine.is_login[requests.previous])
        )

    def changes(self, requests: Requests) -> Messages:
        """One message a request to change the plan."""
        return self._messages(
            STATUS_CHANGE_EVENTS.name, _chosen(requests, self._machine.is_change[requests.state])
        )

    def player_actions(self, actions: PlayerActions) -> Messages:
        """One message an action."""
        return Messages(
            MUSIC_EVENTS.name,
            actions,
            self._listeners,
            actions.item * len(ACTIONS) + actions.kind,
            self._first_user_id + self._listeners.number[actions.listener],
            partial(self._actions_written, actions),
        )

    def _messages(self, topic: str, requests: Requests) -> Messages:
        """Messages of a classic topic."""
        shown = self._machine.is_shown[requests.state]
        user = self._first_user_id + self._listeners.number[requests.listener]
        return Messages(
            topic,
            requests,
            self._listeners,
            requests.item,
            np.where(shown, user, requests.session),
            partial(self._written, topic, requests),
        )

    @cached_property
    def _texts(self) -> Texts:
        """Who writes no text need not wait for it."""
        return Texts(self._world, self._listeners, *self._span)

    def _written(self, topic: str, requests: Requests) -> Lines:
        texts = self._texts
        write = {
            PAGE_VIEW_EVENTS.name: texts.page_views,
            LISTEN_EVENTS.name: texts.listens,
            AUTH_EVENTS.name: texts.logins,
            STATUS_CHANGE_EVENTS.name: texts.changes,
        }
        return write[topic](requests)

    def _actions_written(self, actions: PlayerActions) -> Lines:
        return self._texts.player_actions(actions)


def _chosen(requests: Requests, wanted: Flags) -> Requests:
    return requests.taken(np.flatnonzero(wanted))
