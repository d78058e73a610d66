"""How the serving database came to be, step by step (alembic); each step stays as it is."""
