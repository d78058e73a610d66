import pytest

from .counting_store import CountingStore


@pytest.fixture
def store(tmp_path) -> CountingStore:
    return CountingStore(tmp_path / "lake")
