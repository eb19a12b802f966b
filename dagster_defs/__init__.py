"""Runs the project of a configuration file in Dagster."""
