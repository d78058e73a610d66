"""Serving: the player's actions in Postgres, with metrics that are always a recount of them."""
