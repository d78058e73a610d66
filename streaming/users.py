"""`python -m streaming.users`: passwords and ACLs of Kafka's users, from a file that is reviewed.

It reads the same KAFKA_… variables as everything else; the user they name must be one that may
change ACLs, such as one of the brokers' `super.users`.
"""

import getpass
import os
import sys
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import click
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, some names forgotten
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from contracts.errors import ConfigurationError, MusicFlowError, UnavailableError
from contracts.kafka_security import KafkaSecurity, Refusal
from streaming.acls import Acls, read_acls, shown
from streaming.kafka import SILENT

PATIENCE = 15.0
"""Seconds that the cluster has to answer."""
ITERATIONS = 8192
"""How often a password is hashed: what a thief of the brokers' records has to repeat."""
MECHANISMS = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256,
              "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}  # fmt: skip
FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))


class Users:
    """The users of a cluster, seen by one who may change what they may do."""

    def __init__(self, servers: str, security: KafkaSecurity) -> None:
        """Talk to the cluster at `servers`; nothing is sent yet."""
        self._servers = servers
        self._refusal = Refusal()
        options: dict[str, Any] = {
            "bootstrap.servers": servers,
            "error_cb": self._refusal,
            **security.as_librdkafka(),
        }
        self._admin = AdminClient(options, logger=SILENT)

    def check_allowed(self) -> None:
        """The user that we are must be one that may change users.

        Asked for ACLs by another one, the client says that there are none.

        Raises:
            UnavailableError: It may not, or no broker answers.
        """
        asked = self._admin.describe_cluster(
            include_authorized_operations=True, request_timeout=PATIENCE
        )
        allowed = self._confirmed(asked).authorized_operations or ()
        if not {AclOperation.ALTER, AclOperation.DESCRIBE} <= set(allowed):
            raise UnavailableError(self._refused())

    def acls_of(self, principals: Iterable[str]) -> set[AclBinding]:
        """All that these may do now.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        return {acl for principal in principals for acl in self._acls_of(principal)}

    def grant(self, acls: Iterable[AclBinding]) -> None:
        """Add ACLs.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        for answer in self._admin.create_acls(list(acls), request_timeout=PATIENCE).values():
            self._confirmed(answer)

    def revoke(self, acls: Iterable[AclBinding]) -> None:
        """Take ACLs away.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        exactly = [
            AclBindingFilter(
                acl.restype, acl.name, acl.resource_pattern_type,
                acl.principal, acl.host, acl.operation, acl.permission_type,
            )
            for acl in acls
        ]  # fmt: skip
        for answer in self._admin.delete_acls(exactly, request_timeout=PATIENCE).values():
            self._confirmed(answer)

    def set_password(self, name: str, mechanism: str, password: str) -> None:
        """Make a user, or give it another password.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        hashing = ScramCredentialInfo(MECHANISMS[mechanism], ITERATIONS)
        order = UserScramCredentialUpsertion(name, hashing, password.encode())
        orders = self._admin.alter_user_scram_credentials([order], request_timeout=PATIENCE)
        for answer in orders.values():
            self._confirmed(answer)

    def _acls_of(self, principal: str) -> list[AclBinding]:
        any_: Any = None  # of a name and of a host; typed as text
        all_of_it = AclBindingFilter(
            ResourceType.ANY, any_, ResourcePatternType.ANY,
            principal, any_, AclOperation.ANY, AclPermissionType.ANY,
        )  # fmt: skip
        answer = self._admin.describe_acls(all_of_it, request_timeout=PATIENCE)
        found: list[AclBinding] = self._confirmed(answer)
        return found

    def _confirmed(self, answer: Future) -> Any:
        try:
            return answer.result(PATIENCE + 1)
        except (KafkaException, TimeoutError) as error:
            raise UnavailableError(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        self._admin.poll(0)
        if advice := self._refusal.advice():
            return f"Kafka at {self._servers} does not let us in: {advice}"
        if not isinstance(error, KafkaException):
            return f"Kafka at {self._servers} does not answer"
        if error.args[0].code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            return self._refused()
        if error.args[0].code() == KafkaError.SECURITY_DISABLED:
            return (
                f"Kafka at {self._servers} has no authorizer: set authorizer.class.name "
                "(deploy/kafka/server.properties)"
            )
        return f"Kafka at {self._servers} refuses: {error.args[0].str()}"

    def _refused(self) -> str:
        return (
            f"Kafka at {self._servers} lets this user change no users: be one of its super.users, "
            "or one with Alter and Describe on the cluster"
        )


def differences(users: Users, wanted: Acls) -> tuple[list[AclBinding], list[AclBinding]]:
    """What the cluster lacks, and what these users have beyond it."""
    standing = users.acls_of(wanted)
    all_wanted = {acl for acls in wanted.values() for acl in acls}
    return sorted(all_wanted - standing), sorted(standing - all_wanted)


@click.group()
def main() -> None:
    """Passwords and ACLs of Kafka's users."""


@main.command()
@FILE
def apply(file: Path) -> None:
    """Let the users of FILE do what it says, and nothing else. Other users stay as they are."""
    users = _users()
    missing, extra = differences(users, read_acls(file.read_text()))
    if missing:
        users.grant(missing)
    if extra:
        users.revoke(extra)
    _print(missing, extra)
    click.echo(f"{len(missing)} ACLs added, {len(extra)} removed")


@main.command()
@FILE
def check(file: Path) -> None:
    """Say what the cluster lacks (+) and has beyond FILE (-); exit code 1 if anything."""
    missing, extra = differences(_users(), read_acls(file.read_text()))
    _print(missing, extra)
    sys.exit(1 if missing or extra else 0)


@main.command()
@click.argument("name")
@click.option("--mechanism", type=click.Choice(list(MECHANISMS)), default="SCRAM-SHA-512")
def password(name: str, mechanism: str) -> None:
    """Make the user NAME, or change its password: the first line of the input, or asked for."""
    new = getpass.getpass(f"Password of {name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not (new := new.removesuffix("\n")):
        raise ConfigurationError(f"give the password of {name}: a line on the command's input")
    _users().set_password(name, mechanism, new)
    click.echo(f"{name} has this password now")


def _users() -> Users:
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not servers:
        raise ConfigurationError("name the cluster in KAFKA_BOOTSTRAP_SERVERS")
    users = Users(servers, KafkaSecurity.read(os.environ))
    users.check_allowed()
    return users


def _print(missing: Iterable[AclBinding], extra: Iterable[AclBinding]) -> None:
    for sign, acls in (("+", missing), ("-", extra)):
        for acl in acls:
            click.echo(f"{sign} {shown(acl)}")


if __name__ == "__main__":
    try:
        main(prog_name="python -m streaming.users")
    except MusicFlowError as error:
        sys.exit(f"users: {error}")
