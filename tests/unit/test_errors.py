"""The error tree: one shape, one exit code per reaction, and it survives the way between processes."""

import pickle

import pytest

from loader.errors import BusyError, ConfigError, GuardError, LoaderError, TerminalError, TransientError

CODES = {LoaderError: 1, ConfigError: 2, TransientError: 1, TerminalError: 1, GuardError: 3, BusyError: 4}


@pytest.mark.parametrize("kind", CODES)
def test_an_error_says_what_where_and_fix(kind):
    """Three lines for people, three attributes for programs, one exit code, also after pickling."""
    error = pickle.loads(pickle.dumps(kind("it broke", "here", "mend it")))

    assert str(error) == "it broke\n  where: here\n  fix:   mend it"
    assert (error.what, error.where, error.fix, error.exit_code) == ("it broke", "here", "mend it", CODES[kind])
