"""The warehouse once more, in plain polars: what the tables say, worked out from the raw events.

Written from the specification and not from the SQL, row by row and without windows: slow, and as
easy to check as can be. `tables.py` has the list of all of it.
"""
