"""Where a BigQuery warehouse is: a project, its datasets' prefix and location."""

from dataclasses import dataclass

from musicflow_dagster.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """The datasets `<prefix>raw`, `<prefix>marts` and so on of `project`, in `location`."""

    project: str
    location: str
    prefix: str = ""
    maximum_bytes_billed: int | None = None

    def __str__(self) -> str:
        """For people."""
        return f"BigQuery project {self.project}, datasets {self.prefix}*, {self.location}"

    def dataset(self, schema: str) -> str:
        """The dataset that stands for a schema, with the project."""
        return f"{self.project}.{self.prefix}{schema}"

    def table(self, schema: str, name: str) -> str:
        """A table, with project and dataset."""
        return f"{self.dataset(schema)}.{name}"

    def sql(self, schema: str, name: str) -> str:
        """The table as a statement names it."""
        return f"`{self.table(schema, name)}`"


def place_of(settings: Settings) -> Place:
    """What the settings say."""
    return Place(
        settings.project,
        settings.bigquery_location,
        settings.dataset_prefix,
        settings.maximum_bytes_billed,
    )
