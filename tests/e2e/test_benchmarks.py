"""The benchmarks run: what they measure is no test, but that they can be run is."""

import pytest

pytestmark = [pytest.mark.checkout, pytest.mark.slow]


@pytest.fixture(autouse=True)
def archives(tmp_path, monkeypatch):
    """Archives of their own, not those that are kept for measuring."""
    from bench.load import generate, scenarios

    for module in (generate, scenarios):
        monkeypatch.setattr(module, "ARCHIVES", tmp_path)


def printed_rows(capsys):
    """The variants of the table at the end."""
    lines = capsys.readouterr().out.splitlines()
    header = next(at for at, line in enumerate(lines) if "peak MiB" in line and "wall ×" in line)
    return [line[:25].strip() for line in lines[header + 1 :] if line[:1].strip()]


@pytest.mark.parametrize(
    ("scenario", "sizes"),
    [("size", ["--events", "2000"]), ("history", ["--events", "1000", "--history", "2000"])],
)
def test_loading_is_measured(scenario, sizes, capsys):
    """A load that lost or doubled a message would end with another exit code."""
    from bench.load.run import main

    assert main([scenario, *sizes, "--runs", "1"]) == 0
    assert len(printed_rows(capsys)) >= 2


@pytest.mark.parametrize(
    ("scenario", "sizes"),
    [
        ("identity", ["--users", "200"]),
        ("sessions", ["--events", "200", "--factor", "2"]),
        ("attribution", ["--touches", "200", "--factor", "2"]),
    ],
)
def test_models_are_measured(scenario, sizes, capsys):
    """Beside what they are compared with."""
    from bench.models.run import main

    assert main([scenario, *sizes, "--runs", "1"]) == 0
    assert len(printed_rows(capsys)) >= 2
