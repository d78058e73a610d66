"""Forgetting a user: the lake, the warehouse and what was published, step by step."""
