"""`python -m dashboard`: the pages, on this machine only unless the settings guard them."""

import logging
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click
from streamlit import net_util
from streamlit.web import bootstrap

from contracts.errors import MusicFlowError, UnavailableError
from contracts.logs import configure_logs, log
from dashboard import app, theme
from dashboard.data.common import choices
from dashboard.settings import Settings, is_loopback

SCRIPT = Path(app.__file__).parent / "script" / "main.py"

NOWHERE = "no-address.invalid"
SLOW_MODULES = ("altair", "pandas", "PIL.Image", "pyarrow.pandas_compat")
"""What Streamlit would import while it draws the first page."""


@click.command()
@click.option("--log-json", is_flag=True, help="One JSON object a line.")
def main(*, log_json: bool) -> None:
    """Serve the dashboard until Ctrl-C."""
    configure_logs(json=log_json)
    settings = Settings.read()
    refuse_taken_port(settings)
    # As flags they outlive that a configuration file of Streamlit is changed meanwhile.
    flags = {name.replace(".", "_"): value for name, value in options(settings).items()}
    bootstrap.load_config_options(flags)
    ask_nobody_for_our_address()
    logging.getLogger("streamlit").setLevel(logging.WARNING)
    if settings.user_header and not is_loopback(settings.host):
        log.warning("whoever reaches this address past the proxy can name themselves")
    warm_up(settings)
    log.info("dashboard", address=f"http://{settings.host}:{settings.port}")
    bootstrap.run(str(SCRIPT), is_hello=False, args=[], flag_options=flags)


def options(settings: Settings) -> dict[str, object]:
    """Streamlit's options, whatever a configuration file of the user says."""
    return {
        "server.address": settings.host,
        "server.port": settings.port,
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.fileWatcherType": "none",
        # Where nobody is asked who they are, pages of other sites must not get in by a name
        # that they have made to point at this machine.
        "server.allowedHosts": ["localhost", "127.0.0.1", "[::1]"] if _is_local(settings) else [],
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        # Our own button writes CSV that a spreadsheet can't run.
        "client.disableDataExport": True,
        "runner.magicEnabled": False,
        **theme.options(),
    }


def ask_nobody_for_our_address() -> None:
    """Keep Streamlit from asking a host of others which address this machine has.

    It would, to see whether that is where a page comes from that knocks from another origin.
    """
    net_util._external_ip = NOWHERE  # noqa: SLF001  it has no option for this


def warm_up(settings: Settings) -> None:
    """Do now what the first reader would wait for: slow imports, the tables' files."""
    for name in SLOW_MODULES:
        import_module(name)
    if settings.target == "local":
        with suppress(MusicFlowError):  # the page says it, to whom it concerns
            choices(app.tables_of(settings).newest())


def refuse_taken_port(settings: Settings) -> None:
    """Make sure that the address can be bound to.

    Raises:
        UnavailableError: The port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise UnavailableError(
                f"{settings.host}:{settings.port} can't be served ({error.strerror}): stop what "
                "uses it, or set MUSICFLOW_DASHBOARD_PORT"
            ) from error


def _is_local(settings: Settings) -> bool:
    return settings.is_open and is_loopback(settings.host)


if __name__ == "__main__":
    try:
        main(prog_name="python -m dashboard")
    except MusicFlowError as error:
        sys.exit(f"musicflow: {error}")
