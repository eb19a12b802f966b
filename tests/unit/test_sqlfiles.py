"""The SQL files are found in a checkout and in a wheel alike."""

from itertools import takewhile

import pytest

from loader.errors import TerminalError
from loader.sqlfiles import read_sql, sql_files

WORDS = ("In:", "Out:", "Reader")


@pytest.mark.parametrize("folder", ["checks", "identity", "page", "reports"])
def test_every_query_says_what_goes_in_and_out(folder):
    """Before its first line of SQL: purpose, inputs, outputs and reader."""
    files = sql_files(folder)
    headers = {
        path.name: "".join(takewhile(lambda line: line.startswith("--"), path.read_text(encoding="utf-8").splitlines()))
        for path in files
    }

    assert files
    assert [name for name, header in headers.items() if not all(word in header for word in WORDS)] == []


def test_a_missing_file_is_a_broken_installation():
    """The fix is to install again."""
    with pytest.raises(TerminalError, match="there is no SQL file nowhere.sql"):
        read_sql("nowhere.sql")
