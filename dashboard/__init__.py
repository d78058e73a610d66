"""Station 5: the pages that people look at; they read the published snapshot and Postgres."""
