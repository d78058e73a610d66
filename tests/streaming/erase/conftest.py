import pytest

from .lake import ErasingLake


@pytest.fixture
def lake(tmp_path) -> ErasingLake:
    return ErasingLake(tmp_path)
