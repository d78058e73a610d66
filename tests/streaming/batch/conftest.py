"""What the tests of batch files share."""

import pytest

from .landing import Inbox


@pytest.fixture
def inbox(tmp_path) -> Inbox:
    return Inbox(tmp_path)
