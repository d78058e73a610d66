"""Erasing: what the lake and Postgres hold of one user is removed, and stays so."""
