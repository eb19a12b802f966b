"""A Python model for tests of the runner."""


def run(context):
    """Doubles the numbers of `given`, by way of a temporary table."""
    context.execute("create temp table twice as select n * 2 as n from given")
    context.write("doubled", "select n from twice")
    context.connection.execute("drop table twice")
