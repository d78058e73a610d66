"""The assets, by layer: what landing leaves, raw tables, dbt models, accounts, snapshot."""
