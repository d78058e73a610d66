"""`python -m musicflow_dagster` is the command `musicflow`."""

from musicflow_dagster.cli import main

main()
