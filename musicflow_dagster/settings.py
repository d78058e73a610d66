"""The station's settings: read once from the environment, then passed on."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import ConfigurationError
from contracts.lake import hour_of
from contracts.secret_files import secret
from contracts.suppression import SuppressionKey
from contracts.webhook import Webhook

REPOSITORY = Path(__file__).parents[1]
SCHEMAS = frozenset({"raw", "staging", "marts", "reporting", "reconciliation", "catalogue"})
"""Of the warehouse; its file's name is a name in SQL beside them."""
LEAST_BYTES_BILLED = 10 * 2**20
"""What BigQuery bills for the smallest query."""
_BUCKET = re.compile(r"(gs|s3)://[a-z0-9][a-z0-9._-]*[a-z0-9](/.*)?")


class Settings(BaseSettings):
    """Where things stand and how patient the planner is.

    Each field is the environment variable `MUSICFLOW_<NAME>`; folders that are not given stand
    below `home`.
    """

    model_config = SettingsConfigDict(env_prefix="MUSICFLOW_", frozen=True, extra="ignore")

    home: Path = Path(".musicflow")
    target: Literal["local", "gcp"] = "local"
    """Where the warehouse is: in a DuckDB file, or in BigQuery."""
    project: str = Field(default="", validation_alias="GOOGLE_CLOUD_PROJECT")
    """The project that BigQuery's datasets stand in, and that pays for jobs."""
    bigquery_location: str = Field(default="US", min_length=1)
    """Of the datasets; a bucket elsewhere cannot be loaded."""
    dataset_prefix: str = Field(default="", pattern=r"^\w*$", max_length=900)
    """What the names of our datasets begin with, where several platforms share a project."""
    maximum_bytes_billed: int | None = Field(default=None, ge=LEAST_BYTES_BILLED)
    """A query that would read more fails, before it costs anything."""
    dataproc_region: str = ""
    """Dataproc's region that landing runs in, such as `europe-west1`; empty: it runs elsewhere."""
    dataproc_cluster: str = ""
    """A cluster of Dataproc's to land on; empty: each landing is a batch without a cluster."""
    lake: str = ""
    warehouse: Path = Path()
    snapshot: Path = Path()
    dagster_home: Path = Field(default=Path(), validation_alias="DAGSTER_HOME")
    dbt_project: Path = REPOSITORY / "dbt_project"
    start: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    """First hourly partition; the oldest event that landing accepts."""
    grace_seconds: int = Field(default=300, ge=0)
    """How long after its end an hour waits for stragglers."""
    gap_hours: int = Field(default=24, ge=0)
    """Longest silence whose hours are built empty; a longer one was no service at all."""
    run_hours: int = Field(default=168, ge=1)
    """Most hours that one run builds."""
    retention_days: int | None = Field(default=None, ge=1)
    """How many days the lake keeps; None: for ever."""
    duplicate_share: float = Field(default=0.05, ge=0, le=1)
    """Largest share of an hour's landed rows that may be copies without a warning."""
    late_share: float = Field(default=0.01, ge=0, le=1)
    """Largest share that may arrive after the hour was complete."""
    alert_reject_share: float = Field(default=0.05, ge=0, le=1)
    """Largest share of rejects; landing's alert has the same setting."""
    volume_weeks: int = Field(default=8, ge=1)
    """How many weeks back an hour's rows are compared with."""
    volume_deviations: float = Field(default=6, gt=0)
    """How far from their median, in typical deviations, an hour's rows may be."""
    stale_minutes: int = Field(default=30, ge=1)
    """How old the time up to which landing is caught up may be."""
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    """How many of the machine's cores dbt's statements take."""
    songs: Path | None = None
    """The CSV file of the catalogue, if there is one."""
    inbox: Path | None = None
    """The folder whose files are landed, if one is watched."""
    code_url: str = ""
    """Where the code and its docs can be read, such as `https://github.com/me/musicflow`."""
    pseudonym_key: SecretStr | None = Field(default=None, validate_default=True)
    suppression_key: SecretStr | None = Field(default=None, validate_default=True)
    # Private, so that no value of it is ever in a validation error.
    _webhook: Webhook | None = PrivateAttr(default_factory=lambda: Webhook.read(os.environ))

    @field_validator("start")
    @classmethod
    def _whole_hour(cls, start: datetime) -> datetime:
        aware = start if start.tzinfo else start.replace(tzinfo=UTC)
        if hour_of(aware) != aware:
            raise ValueError("give a whole UTC hour, such as 2024-01-01T00:00:00Z")
        return aware.astimezone(UTC)

    @field_validator("pseudonym_key", "suppression_key", mode="before")
    @classmethod
    def _or_in_a_file(
        cls, given: str | SecretStr | None, about: ValidationInfo
    ) -> str | SecretStr | None:
        found = secret(os.environ, f"MUSICFLOW_{about.field_name}".upper())
        return given if given is not None else found or None

    @field_validator("lake")
    @classmethod
    def _folder_or_bucket(cls, lake: str) -> str:
        if "://" in lake and not _BUCKET.fullmatch(lake):
            raise ValueError("give a folder, gs://bucket/folder or s3://bucket/folder")
        return lake

    @field_validator("warehouse")
    @classmethod
    def _unlike_its_schemas(cls, warehouse: Path) -> Path:
        if warehouse.stem in SCHEMAS:
            raise ValueError(f"DuckDB would take the file {warehouse.name} for a schema; rename it")
        return warehouse

    @model_validator(mode="after")
    def _target_is_complete(self) -> Self:
        if self.target == "local":
            if self.dataproc_region:
                raise ValueError("MUSICFLOW_DATAPROC_REGION is for MUSICFLOW_TARGET=gcp")
            return self
        if not self.project:
            raise ValueError(
                "with MUSICFLOW_TARGET=gcp, GOOGLE_CLOUD_PROJECT must name the project"
            )
        if not self.lake.startswith("gs://"):
            raise ValueError(
                "with MUSICFLOW_TARGET=gcp, MUSICFLOW_LAKE must be gs://…: BigQuery loads it"
            )
        return self

    def model_post_init(self, _context: object) -> None:
        """Fill in the folders that were not given, all absolute."""
        home = self.home.expanduser().absolute()
        defaults = {
            "warehouse": home / "warehouse" / "musicflow.duckdb",
            "snapshot": home / "snapshot",
            "dagster_home": home / "dagster",
        }
        for name, default in defaults.items():
            given: Path = getattr(self, name)
            filled = default if given == Path() else given.expanduser().absolute()
            object.__setattr__(self, name, filled)  # the model is frozen from here on
        object.__setattr__(self, "home", home)
        for name in ("songs", "inbox"):
            if path := getattr(self, name):
                object.__setattr__(self, name, path.expanduser().absolute())
        if "://" not in self.lake:
            lake = Path(self.lake or home / "lake").expanduser().absolute()
            object.__setattr__(self, "lake", str(lake))

    @property
    def webhook(self) -> Webhook | None:
        """Where alerts are posted, if anywhere."""
        return self._webhook

    def dataset(self, schema: str) -> str:
        """The dataset in BigQuery of one of `SCHEMAS`."""
        return f"{self.dataset_prefix}{schema}"

    @property
    def suppression(self) -> SuppressionKey:
        """Where the key is that the list of forgotten users is made with."""
        key = self.suppression_key
        return SuppressionKey(key.get_secret_value() if key else None, self.home)

    @property
    def grace(self) -> timedelta:
        """`grace_seconds` as a duration."""
        return timedelta(seconds=self.grace_seconds)

    @property
    def erasures(self) -> Path:
        """Where the reports of `musicflow forget` are kept, by the hash of the user."""
        return self.home / "erasures"

    @property
    def index(self) -> Path:
        """The local index of the lake's manifests; it can be removed at any time."""
        return self.home / "index" / "manifests.sqlite"

    @property
    def dbt_target(self) -> Path:
        """Where dbt keeps what it derives from the project."""
        return self.home / ("dbt" if self.target == "local" else f"dbt-{self.dataset('gcp')}")


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: A variable cannot be read; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        if not first["loc"]:
            told = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
            raise ConfigurationError(told) from error
        name = "_".join(str(part) for part in first["loc"]).upper()
        variable = name if name.startswith(("DAGSTER", "GOOGLE")) else f"MUSICFLOW_{name}"
        raise ConfigurationError(f"{variable} cannot be used: {first['msg']}") from error
