"""The warehouse in BigQuery: load jobs, and one MERGE for each change of a table."""
