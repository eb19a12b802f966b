"""The section `models` of the configuration file, a module for each family of models."""
