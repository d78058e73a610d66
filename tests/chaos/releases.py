"""An older release of the product: the same code, with a contract that has one field less."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "streaming")
FIELD = re.compile(r',\s*Field\("song_id", "songId".*?nullable=True\)', re.DOTALL)
VERSION = re.compile(r"^CONTRACT_VERSION = (\d+)$", re.MULTILINE)


def older_release(folder: Path) -> dict[str, str]:
    """Make it in `folder`; the environment of processes that shall run it, workers included."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    events = folder / "contracts" / "events.py"
    declared, removed = FIELD.subn("", events.read_text(), count=1)
    declared, versions = VERSION.subn(lambda found: _before(int(found[1])), declared)
    assert (removed, versions) == (1, 1), "contracts/events.py is not written as it was"
    events.write_text(declared)
    # Without the second, Python would take the packages of the current folder.
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def _before(version: int) -> str:
    return f"CONTRACT_VERSION = {version - 1}"
