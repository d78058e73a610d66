"""Station 3: lake → warehouse → dbt models → published snapshot, hour by hour, by Dagster."""
