"""The browser that looks at the dashboard: the system's own Chromium or Chrome."""

import os
import shutil
from pathlib import Path

from contracts.errors import ConfigurationError

VARIABLE = "MUSICFLOW_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def chromium() -> Path:
    """The browser's program: the one that `MUSICFLOW_CHROMIUM` names, or what is installed.

    Raises:
        ConfigurationError: There is none.
    """
    if given := os.environ.get(VARIABLE):
        if found := shutil.which(given):
            return Path(found)
        raise ConfigurationError(f"{VARIABLE} names no program: {given}")
    for name in (*NAMES, str(MAC)):
        if found := shutil.which(name):
            return Path(found)
    raise ConfigurationError(
        f"no Chromium or Chrome is installed: install one (`apt-get install chromium`), or let "
        f"{VARIABLE} name its program"
    )


def arguments() -> list[str]:
    """What the browser is started with: no host but this machine has a name or is reached."""
    alone = [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--disable-background-networking",
        "--disable-dev-shm-usage",
    ]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*alone, "--no-sandbox"] if is_root else alone
