"""Which Kafka topic the lake's offsets of an event are of: its id, which no new topic has."""

import msgspec

from contracts.errors import LakeError
from contracts.lake import topic_path
from contracts.store import Store


class TopicRecord(msgspec.Struct, frozen=True):
    """The id that Kafka gave the topic when it was created."""

    topic_id: str


def is_same_topic(store: Store, event_name: str, topic_id: str | None) -> bool:
    """Whether it is the topic that was landed before, as far as the lake and the broker know.

    Raises:
        LakeError: The record can't be read.
    """
    path = topic_path(event_name)
    if topic_id is None or not store.exists(path):
        return True
    try:
        record = msgspec.json.decode(store.read(path), type=TopicRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"{store.url(path)} can't be read: {error}") from error
    return record.topic_id == topic_id


def keep(store: Store, event_name: str, topic_id: str | None) -> None:
    """From now on the event's offsets are of the topic with this id."""
    path = topic_path(event_name)
    if topic_id and not (store.exists(path) and is_same_topic(store, event_name, topic_id)):
        store.put(path, msgspec.json.encode(TopicRecord(topic_id)))
