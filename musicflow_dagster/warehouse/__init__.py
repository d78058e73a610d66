"""The warehouse: what steps and commands ask of it, and the two that answer."""
