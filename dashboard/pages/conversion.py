"""The page Conversion."""

from dashboard import components
from dashboard.view import View


def show(_view: View) -> None:
    """Show the page."""
    components.nothing("Conversion", "This page is being built.")
