"""The SQL files are found in a checkout and in a wheel alike."""

import pytest

from loader.errors import TerminalError
from loader.sqlfiles import read_sql, sql_files


def test_every_sql_file_says_what_goes_in_and_out():
    """Each report starts with its purpose, its inputs and its reader."""
    files = sql_files("reports")

    assert files
    assert all(path.read_text(encoding="utf-8").startswith("--") for path in files)
    assert read_sql("reports/status.sql").count("$source") > 0


def test_a_missing_file_is_a_broken_installation():
    """The fix is to install again."""
    with pytest.raises(TerminalError, match="there is no SQL file nowhere.sql"):
        read_sql("nowhere.sql")
