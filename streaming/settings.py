"""What an operator can set, by environment variable or option; read once, in `main`."""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import ConfigurationError


class CommonSettings(BaseSettings):
    """Where things are kept, and where Kafka is."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    home: Path = Field(Path(".musicflow"), validation_alias="MUSICFLOW_HOME")
    cache_folder: Path | None = Field(None, validation_alias="MUSICFLOW_CACHE")
    kafka: str | None = Field(None, validation_alias="KAFKA_BOOTSTRAP_SERVERS", min_length=1)
    """Addresses of an existing cluster; None: the local broker."""

    @classmethod
    def read(cls, **options: Any) -> Self:
        """The settings: the options that were given, then the environment, then defaults.

        Raises:
            ConfigurationError: A value is not of its kind; the message names the setting.
        """
        try:
            return cls(**{name: value for name, value in options.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigurationError(
                f"{where} can't be {first['input']!r}: {first['msg']}"
            ) from error

    @property
    def cache(self) -> Path:
        """Folder of what is downloaded once and can always be downloaded again."""
        return (self.cache_folder or self.home / "cache").absolute()

    @property
    def broker_home(self) -> Path:
        """Folder of the local broker's data, log and address."""
        return (self.home / "kafka").absolute()


class BrokerSettings(CommonSettings):
    """How the local broker is run."""

    port: int = Field(9092, ge=0, le=65535, validation_alias="MUSICFLOW_KAFKA_PORT")
    """0: any free one."""
    partitions: int = Field(4, ge=1, le=1000, validation_alias="MUSICFLOW_TOPIC_PARTITIONS")
