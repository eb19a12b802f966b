"""Finds the SQL files: `sql/` of a checkout, `loader/_sql` of an installed wheel."""

from pathlib import Path

from loader.errors import TerminalError

_PACKAGE = Path(__file__).resolve().parent
# A wheel always has `_sql`, an editable install never does, so `_sql` is used if it exists.
_ROOTS = (_PACKAGE / "_sql", _PACKAGE.parent / "sql")


def sql_root() -> Path:
    """The folder of the SQL files. Raises TerminalError if the installation lacks it."""
    for root in _ROOTS:
        if root.is_dir():
            return root
    raise TerminalError(
        "the SQL files are missing from this installation", str(_ROOTS[0]), "install the package again: pip install ."
    )


def sql_files(folder: str) -> list[Path]:
    """The `.sql` files of a folder such as `ledger`, in the order of their names."""
    return sorted((sql_root() / folder).glob("*.sql"))


def read_sql(name: str) -> str:
    """The text of one file, by its path: `checks/unique_ids.sql`. Raises TerminalError if it is missing."""
    path = sql_root() / name
    if not path.is_file():
        raise TerminalError(f"there is no SQL file {name}", str(sql_root()), "install the package again: pip install .")
    return path.read_text(encoding="utf-8")
