"""How a BigQuery warehouse is opened: by a run that writes, and by who looks at what it left."""

from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.place import Place, place_of
from musicflow_dagster.warehouse.bigquery.publications import BigQueryPublications
from musicflow_dagster.warehouse.bigquery.session import BigQueryWarehouse
from musicflow_dagster.warehouse.bigquery.tables import prepare


def open_warehouse(place: Place, origin: str) -> BigQueryWarehouse:
    """The warehouse, with everything in it that loads need; ids of jobs begin with `origin`.

    Raises:
        MusicFlowError: It cannot be reached or made; the message says what to do.
    """
    jobs = connect(place, origin)
    prepare(jobs)
    return BigQueryWarehouse(jobs)


def publications_of(settings: Settings) -> BigQueryPublications:
    """What readers see of the warehouse.

    Raises:
        ConfigurationError: There are no credentials.
    """
    return BigQueryPublications(connect(place_of(settings), "musicflow-look"), settings.warehouse)
