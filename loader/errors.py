"""The error tree: one class per reaction, each with the exit code of the command that meets it."""

from typing import ClassVar


class LoaderError(Exception):
    """Base of every error raised on purpose. `what` happened, `where`, and the `fix`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, where: str, fix: str) -> None:
        super().__init__(what, where, fix)

    @property
    def what(self) -> str:
        """What happened, in one sentence."""
        return str(self.args[0])

    @property
    def where(self) -> str:
        """The file, key, object or setting concerned."""
        return str(self.args[1])

    @property
    def fix(self) -> str:
        """What to do about it."""
        return str(self.args[2])

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  fix:   {self.fix}"


class ConfigError(LoaderError):
    """Wrong configuration or usage: stop before touching anything."""

    exit_code = 2


class TransientError(LoaderError):
    """The same call may succeed later; retry within limits."""


class TerminalError(LoaderError):
    """Cannot succeed as it is; stop this object, continue with the rest."""


class GuardError(LoaderError):
    """A guard stopped the run before it could do harm."""

    exit_code = 3


class BusyError(LoaderError):
    """Another process holds the lease or the warehouse file."""

    exit_code = 4
