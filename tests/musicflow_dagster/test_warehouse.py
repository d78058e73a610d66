import stat
import subprocess
import sys

import pytest

from contracts.errors import ConfigurationError, UnavailableError
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare, set_pseudonym_key
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.pseudonyms import pseudonym_key


@pytest.fixture
def path(tmp_path):
    return tmp_path / "warehouse" / "musicflow.duckdb"


def test_one_run_writes_at_a_time(path):
    first, second = WriterLock(path, 0), WriterLock(path, 0)
    first.acquire()

    with pytest.raises(UnavailableError, match="another run"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_preparing_a_warehouse_twice_changes_nothing(path):
    with open_warehouse(path) as connection:
        prepare(connection)
        before = connection.sql("from reconciliation.warehouse").fetchall()
        prepare(connection)

        assert connection.sql("from reconciliation.warehouse").fetchall() == before


def test_a_file_that_is_no_warehouse_is_refused_in_one_line(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(UnavailableError) as refusal, open_warehouse(path):
        pass
    assert "\n" not in str(refusal.value)


def test_a_warehouse_that_another_process_has_open_is_refused_after_a_while(path):
    with open_warehouse(path) as connection:
        prepare(connection)
    program = f"import duckdb; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(UnavailableError, match="close what else"), open_warehouse(path, 0):
            pass
        other.communicate(b"\n")
    with open_warehouse(path):
        pass


def test_the_key_of_the_pseudonyms_is_kept_for_its_owner_only(tmp_path):
    key = pseudonym_key(None, tmp_path)

    assert pseudonym_key(None, tmp_path) == key
    assert pseudonym_key("configured", tmp_path) == "configured"
    assert stat.S_IMODE((tmp_path / "pseudonym.key").stat().st_mode) == 0o600


def test_another_key_is_refused_without_showing_either(path):
    with open_warehouse(path) as connection:
        prepare(connection)
        set_pseudonym_key(connection, "old-secret")
        set_pseudonym_key(connection, "old-secret")

        with pytest.raises(ConfigurationError) as refusal:
            set_pseudonym_key(connection, "new-secret")
    assert "secret" not in str(refusal.value)
