"""What an operator can set for the dashboard, by environment variable; read once, in `main`."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import ConfigurationError
from contracts.secret_files import secret


class Settings(BaseSettings):
    """Where the published tables and Postgres are, and who may look at the pages."""

    # With a prefix, since a field is read by its own name too: `home` must not be the HOME of
    # the user.
    model_config = SettingsConfigDict(
        frozen=True,
        populate_by_name=True,
        extra="ignore",
        env_ignore_empty=True,
        env_prefix="MUSICFLOW_DASHBOARD_",
    )

    home: Path = Field(Path(".musicflow"), validation_alias="MUSICFLOW_HOME")
    target: Literal["local", "gcp"] = Field("local", validation_alias="MUSICFLOW_TARGET")
    snapshot_folder: Path | None = Field(None, validation_alias="MUSICFLOW_SNAPSHOT")
    lake_address: str | None = Field(None, validation_alias="MUSICFLOW_LAKE")
    postgres_url: SecretStr | None = Field(
        None, validation_alias="POSTGRES_URL", validate_default=True
    )
    host: str = Field("127.0.0.1", validation_alias="MUSICFLOW_DASHBOARD_HOST")
    port: int = Field(8501, ge=1, le=65535, validation_alias="MUSICFLOW_DASHBOARD_PORT")
    user_header: str | None = Field(None, validation_alias="MUSICFLOW_DASHBOARD_USER_HEADER")
    """The header in which a proxy says who is looking; a request without it is refused."""
    password: SecretStr | None = Field(
        None, validation_alias="MUSICFLOW_DASHBOARD_PASSWORD", validate_default=True
    )

    @classmethod
    def read(cls, **options: Any) -> Self:
        """The settings: the options that were given, then the environment, then defaults.

        Raises:
            ConfigurationError: A value is not of its kind, or the pages would be open to
                everybody on a network.
        """
        try:
            return cls(**{name: value for name, value in options.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            says = first["msg"].removeprefix("Value error, ")
            raise ConfigurationError(f"{where}: {says}" if where else says) from error

    @property
    def snapshot(self) -> Path:
        """The folder of the published snapshot."""
        return self.snapshot_folder or self.home / "snapshot"

    @property
    def lake(self) -> str:
        """The lake, whose records tell of its health, and hold live counts."""
        return self.lake_address or str(self.home / "lake")

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return not (self.user_header or self.password)

    @field_validator("postgres_url", "password", mode="before")
    @classmethod
    def _or_in_a_file(
        cls, given: str | SecretStr | None, asked: ValidationInfo
    ) -> str | SecretStr | None:
        found = secret(os.environ, str(cls.model_fields[str(asked.field_name)].validation_alias))
        return given if given is not None else found or None

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.is_open and not is_loopback(self.host):
            raise ValueError(
                f"MUSICFLOW_DASHBOARD_HOST={self.host} would show the pages to everybody who "
                "reaches it: set MUSICFLOW_DASHBOARD_PASSWORD, or behind a proxy "
                "MUSICFLOW_DASHBOARD_USER_HEADER"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
