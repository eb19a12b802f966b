"""Python models for tests of the runner."""


def run(context):
    """Doubles the numbers of `given`, by way of a temporary table."""
    context.execute("create temp table twice as select n * 2 as n from given")
    context.write("doubled", "select n from twice")
    context.connection.execute("drop table twice")


def widen(context):
    """A table with the column `plan` where a source has it."""
    assert "plan" in context.sources["web"]["identifies"]
    context.write("wide", "select plan, 1 as n from web.identifies")


def fit(context):
    """Two rows of Python values."""
    context.write_rows("fitted", [(1, context.parameters["as_of"], 0.5), (2, None, None)])


def both(context):
    """Two tables at once."""
    for name in ("one", "two"):
        context.write_rows(name, [(name, 1)])


def steal(context):
    """The table of another model."""
    context.write("given", "select 2 as n")


def die(context):
    """The process is gone, as when the machine is switched off."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
