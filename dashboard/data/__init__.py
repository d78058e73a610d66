"""What the pages read: published tables, Postgres, records of the lake."""
