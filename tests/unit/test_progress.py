"""Ctrl-C and SIGTERM let the batch in hand finish."""

import os
import signal

import pytest

from loader.__main__ import main
from loader.commands.progress import Progress


def test_the_first_ctrl_c_stops_at_the_next_batch(capsys):
    """The work in hand goes on; the next call of the job stops the run."""
    with Progress(as_json=True) as progress:
        progress(objects=1)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            progress(objects=2)

    assert "finishing what is in hand" in capsys.readouterr().err


def test_the_second_ctrl_c_stops_at_once():
    """Nobody has to wait for a batch."""
    with Progress(as_json=True):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handler_before_comes_back():
    """Outside of a load Ctrl-C is what it was."""
    before = signal.getsignal(signal.SIGINT)

    with Progress(as_json=True):
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before


def test_sigterm_is_like_ctrl_c(monkeypatch, capsys):
    """Of schedulers and containers, which end what they started and kill it half a minute later."""
    before = signal.getsignal(signal.SIGTERM)

    def command() -> int:
        with Progress(as_json=True) as progress:
            os.kill(os.getpid(), signal.SIGTERM)
            assert progress.is_stopping
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
        return 1

    monkeypatch.setattr("loader.cli.main", command)
    try:
        assert main() == 1
    finally:
        signal.signal(signal.SIGTERM, before)

    assert "finishing what is in hand" in capsys.readouterr().err
