"""The layout of a lake: a station that does not know it leaves the lake alone."""

import msgspec

from contracts.errors import ConfigurationError, LakeError
from contracts.lake import LAYOUT_VERSION


class _Layout(msgspec.Struct, frozen=True):
    layout: int = LAYOUT_VERSION


def check_layout(record: bytes, lake: str) -> None:
    """Make sure that this version knows the layout that the lake's `record` tells.

    Raises:
        ConfigurationError: The layout is newer.
        LakeError: The record cannot be read.
    """
    try:
        found = msgspec.json.decode(record, type=_Layout).layout
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the record of the lake {lake} cannot be read: {error}") from error
    if found > LAYOUT_VERSION:
        raise ConfigurationError(
            f"the lake {lake} has layout {found}, this version knows up to {LAYOUT_VERSION}: "
            "upgrade this station"
        )
