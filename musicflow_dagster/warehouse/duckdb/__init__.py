"""The warehouse in a DuckDB file: one writer at a time; readers have the snapshot."""
