"""The same project under Dagster."""
