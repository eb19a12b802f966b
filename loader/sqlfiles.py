"""Finds the SQL files: `sql/` of a checkout, `loader/_sql` of an installed wheel."""

from pathlib import Path

from loader.errors import TerminalError

_PACKAGE = Path(__file__).resolve().parent
# An editable install never has `_sql`, a wheel always has; so the wheel's copy wins where it exists.
_ROOTS = (_PACKAGE / "_sql", _PACKAGE.parent / "sql")


def sql_root() -> Path:
    """The folder that holds the SQL files. Raises TerminalError when the installation lacks it."""
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
    """The text of one file, named from the root: `checks/unique_ids.sql`. Raises TerminalError when absent."""
    path = sql_root() / name
    if not path.is_file():
        raise TerminalError(f"there is no SQL file {name}", str(sql_root()), "install the package again: pip install .")
    return path.read_text(encoding="utf-8")
