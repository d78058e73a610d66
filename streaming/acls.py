"""Who may do what in Kafka: a file of users, as the ACLs that it stands for."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, some names forgotten
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from contracts.errors import ConfigurationError
from contracts.events import EVENTS

OPERATIONS = {
    operation.name.replace("_", "").lower(): operation
    for operation in AclOperation
    if operation not in (AclOperation.UNKNOWN, AclOperation.ANY)
}
"""By the words that Kafka's tools have for them, in small letters."""
KEYS = {"principal", "events", "groups", "cluster"}
CLUSTER = "kafka-cluster"
"""What Kafka calls itself in an ACL."""

Acls = dict[str, set[AclBinding]]
"""By principal; one without any may do nothing."""


def read_acls(text: str) -> Acls:
    """The ACLs that a file of users stands for.

    Raises:
        ConfigurationError: It is no TOML, or says what Kafka has no word for.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"the file of users is no TOML: {error}") from error
    users = said.get("users", {})
    if said.keys() != {"users"} or not all(isinstance(user, dict) for user in users.values()):
        raise ConfigurationError("a file of users holds tables [users.NAME], and nothing else")
    return {
        user.get("principal", f"User:{name}"): set(_bindings(name, user))
        for name, user in users.items()
    }


def shown(binding: AclBinding) -> str:
    r"""An ACL as people read it.

    >>> shown(read_acls("[users.me]\ncluster = ['Describe']")["User:me"].pop())
    'User:me may Describe the cluster'
    """
    word = AclOperation(binding.operation).name.title().replace("_", "")
    denied = "" if binding.permission_type is AclPermissionType.ALLOW else "not "
    return f"{binding.principal} may {denied}{word} {_resource(binding)}"


def _resource(binding: AclBinding) -> str:
    if binding.restype is ResourceType.BROKER:
        return "the cluster"
    prefixed = binding.resource_pattern_type is ResourcePatternType.PREFIXED
    kind = ResourceType(binding.restype).name.lower()
    return f"{kind} {binding.name}{'*' if prefixed else ''}"


def _bindings(name: str, user: Mapping[str, Any]) -> Iterator[AclBinding]:
    if unknown := user.keys() - KEYS:
        raise ConfigurationError(f"[users.{name}] has no {unknown.pop()}; it has {', '.join(KEYS)}")
    principal = user.get("principal", f"User:{name}")
    literal, prefixed = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    for event in EVENTS:
        for operation in _operations(name, user.get("events", [])):
            yield _allow(ResourceType.TOPIC, event.name, literal, principal, operation)
    for group, words in user.get("groups", {}).items():
        for operation in _operations(name, words):
            pattern = prefixed if group else literal
            yield _allow(ResourceType.GROUP, group or "*", pattern, principal, operation)
    for operation in _operations(name, user.get("cluster", [])):
        yield _allow(ResourceType.BROKER, CLUSTER, literal, principal, operation)


def _operations(name: str, words: list[str]) -> list[AclOperation]:
    try:
        return [OPERATIONS[word.lower()] for word in words]
    except (AttributeError, KeyError) as error:
        raise ConfigurationError(
            f"[users.{name}]: Kafka has no operation {error}; write it as in Read, DescribeConfigs"
        ) from error


def _allow(
    kind: ResourceType,
    name: str,
    pattern: ResourcePatternType,
    principal: str,
    operation: AclOperation,
) -> AclBinding:
    return AclBinding(kind, name, pattern, principal, "*", operation, AclPermissionType.ALLOW)
