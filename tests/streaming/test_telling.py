"""Each alert is told once when it begins and once when it ends, whatever the webhook does."""

from datetime import UTC, datetime

from contracts.errors import UnavailableError
from contracts.health import Alert
from streaming.telling import MOST_WAITING, Teller

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STALLED = Alert("stalled", NOON, "listen_events: no progress")


class Receiver:
    """A webhook that may be away."""

    def __init__(self) -> None:
        self.texts = []
        self.is_away = False

    def post(self, text: str) -> None:
        if self.is_away:
            raise UnavailableError("away")
        self.texts.append(text)


def test_an_alert_is_told_when_it_begins_and_when_it_ends():
    receiver = Receiver()
    teller = Teller(receiver)

    for standing in ([STALLED], [STALLED], [], []):
        teller.tell({"listen_events": standing})

    assert receiver.texts == [
        "MusicFlow: listen_events: no progress (docs/runbook.md#stalled)",
        "MusicFlow: listen_events: stalled is over",
    ]


def test_what_the_webhook_did_not_take_is_told_later_in_order():
    receiver = Receiver()
    teller = Teller(receiver)
    receiver.is_away = True
    teller.tell({"listen_events": [STALLED]})
    teller.tell({"listen_events": []})

    receiver.is_away = False
    teller.tell({"listen_events": []})

    assert [text.rpartition(" ")[2] for text in receiver.texts] == [
        "(docs/runbook.md#stalled)",
        "over",
    ]


def test_little_is_kept_while_the_webhook_is_away():
    receiver = Receiver()
    receiver.is_away = True
    teller = Teller(receiver)
    for _ in range(MOST_WAITING):
        teller.tell({"listen_events": [STALLED]})
        teller.tell({"listen_events": []})

    receiver.is_away = False
    teller.tell({})

    assert len(receiver.texts) == MOST_WAITING


def test_without_a_webhook_alerts_are_logged_only(capsys):
    Teller(None).tell({"listen_events": [STALLED]})

    assert "no progress" in "".join(capsys.readouterr())
