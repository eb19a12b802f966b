"""What holds for every test: no network but this machine, UTC, no telemetry, no credentials from outside."""

import os
import socket
import time
from typing import Any

import pytest
from hypothesis import settings

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", ""})  # noqa: S104 - compared, never bound

os.environ["TZ"] = "UTC"
time.tzset()
for name in [n for n in os.environ if n.startswith("AWS_") or n.startswith("LOADER_")]:
    del os.environ[name]
os.environ.update(
    DO_NOT_TRACK="1",
    DAGSTER_DISABLE_TELEMETRY="yes",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    NO_COLOR="1",
)

settings.register_profile("default", deadline=None, print_blob=True)
settings.load_profile("default")


class NetworkClosedError(RuntimeError):
    """A test tried to reach something beyond this machine."""


_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family == getattr(socket, "AF_UNIX", None):
        return
    host = address[0] if isinstance(address, tuple) else address
    if host not in LOCAL_HOSTS:
        raise NetworkClosedError(f"tests may only connect to this machine, not to {host!r}")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(self, address)
    return _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(self, address)
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def closed_network():
    """Sockets reach this machine and Unix sockets only, for the whole session."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]
