"""Telling people: alerts as they begin and end, in the log and to the webhook."""

from collections import deque
from collections.abc import Iterable, Mapping

from contracts.errors import UnavailableError
from contracts.health import Alert, AlertKind
from contracts.logs import log
from contracts.runbook import see
from contracts.webhook import Webhook

MOST_WAITING = 20
"""Lines kept while the webhook does not answer; the oldest are dropped."""


class Teller:
    """Says each alert once when it begins, and once when it ends."""

    def __init__(self, webhook: Webhook | None) -> None:
        self._webhook = webhook
        self._told: set[tuple[str, AlertKind]] = set()
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)

    def say(self, text: str) -> None:
        """Post a line with the next call of `tell`."""
        self._waiting.append(f"MusicFlow: {text}")

    def tell(self, alerts: Mapping[str, Iterable[Alert]]) -> None:
        """Say what is new about the alerts that stand now, by topic.

        What the webhook did not take is offered again at the next call.
        """
        standing = {(topic, each.kind): each for topic, some in alerts.items() for each in some}
        for topic, kind in sorted(standing.keys() - self._told):
            alert = standing[topic, kind]
            say = log.error if kind == "stalled" else log.warning
            say("alert", event_name=topic, alert=kind, problem=alert.text)
            self.say(f"{alert.text} {see(kind)}")
        for topic, kind in sorted(self._told - standing.keys()):
            log.info("alert is over", event_name=topic, alert=kind)
            self.say(f"{topic}: {kind} is over")
        self._told = set(standing)
        self._post()

    def _post(self) -> None:
        while self._waiting:
            try:
                if self._webhook:
                    self._webhook.post(self._waiting[0])
            except UnavailableError as error:
                log.warning("alert not posted", problem=str(error), waiting=len(self._waiting))
                return
            self._waiting.popleft()
