"""Streamlit runs this anew for each view; everything else is imported once."""

from dashboard import app
from dashboard.settings import Settings

app.run(Settings.read())
