"""The page Audience."""

from dashboard import components
from dashboard.view import View


def show(_view: View) -> None:
    """Show the page."""
    components.nothing("Audience", "This page is being built.")
