"""Batch files: CSV, NDJSON and Parquet, judged as messages are, into the lake or Postgres."""
