"""The page itself: what a person clicks who loads a day and looks at the result."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
from e2e.small_archive import DAYS, DUPLICATES, write_project

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ROOT = Path(__file__).resolve().parents[2]
DAY = DAYS[1].isoformat()
# Three orders, and the copy of one of the first day, which nobody loaded.
ROWS = 3 + DUPLICATES
READY_SECONDS, RUN_SECONDS = 120, 120
MOST_MILLISECONDS = 60_000
MOST_BYTES = 300_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever is not this machine has no address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
RUNS = "{ runsOrError(limit: 10) { ... on Runs { results { status } } } }"
MAKE_MODELS = """mutation { launchRun(executionParams: {runConfigData: "{}", selector: {
  jobName: "models_job", repositoryName: "__repository__", repositoryLocationName: "loader"}}) { __typename } }"""
READY = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
SHOWN = (
    *("archive/shop", "shop/tracks", "shop/pages", "shop/screens", "shop/identifies"),
    *("models/events", "models/events_daily", "models/mtu_monthly", "models/activity_monthly"),
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found (Debian: apt-get install chromium)"),
]


class Server:
    """`dagster dev` in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = folder / "warehouse.duckdb"
        config = write_project(folder, "publish: {path: ./analytics.duckdb}\n")
        home = folder / "home"
        home.mkdir()
        shutil.copy(ROOT / "dagster.yaml", home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = folder / "dagster.log"
        command = ["dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(self.port)]
        environ = {"LOADER_CONFIG": str(config), "DAGSTER_HOME": str(home), "PYTHONWARNINGS": "ignore"}
        with self._log.open("wb") as log:
            # Dagster hands on to its children how it was told to treat signals.
            kept = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=folder,
                    env={**os.environ, **environ},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            finally:
                for number, handler in kept.items():
                    signal.signal(number, handler)

    def address(self, path: str) -> str:
        """A page."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, query: str) -> dict[str, Any]:
        """A GraphQL query."""
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(self.address("/graphql"), body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:
            return json.load(answer)["data"]

    def wait_until_ready(self) -> None:
        """Until the definitions are loaded."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                if self.ask(READY)["repositoriesOrError"].get("nodes"):
                    return
            time.sleep(0.5)
        raise AssertionError(f"dagster dev is not ready:\n{self.log()}")

    def wait_until_loaded(self, runs: int = 1) -> None:
        """Until that many runs, one of them launched from the page, ended well."""
        deadline = time.monotonic() + RUN_SECONDS
        statuses: list[str] = []
        while time.monotonic() < deadline and statuses != ["SUCCESS"] * runs and "FAILURE" not in statuses:
            time.sleep(0.5)
            statuses = [run["status"] for run in self.ask(RUNS)["runsOrError"]["results"]]
        assert statuses == ["SUCCESS"] * runs, self.log()

    def make_models(self) -> None:
        """All of them, after a load."""
        assert self.ask(MAKE_MODELS)["launchRun"]["__typename"] == "LaunchRunSuccess"
        self.wait_until_loaded(runs=2)

    def log(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-5000:]

    def stop(self) -> None:
        """SIGTERM, which ends its children too; SIGKILL for whatever is left of the group."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)


@pytest.fixture
def server(tmp_path):
    """A project with three received days that nobody loaded, on the page."""
    started = Server(tmp_path)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()


@pytest.fixture
def page():
    """A browser window; at the end, every address it asked for must have been on this machine."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=MOST_MILLISECONDS)
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        window = browser.new_page(viewport={"width": 1300, "height": 1500})
        window.on("request", lambda request: asked.append(urlsplit(request.url)))
        window.on("websocket", lambda opened: asked.append(urlsplit(opened.url)))
        window.set_default_timeout(MOST_MILLISECONDS)
        yield window
        browser.close()
    outside = {url.geturl() for url in asked if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1"}
    assert asked
    assert outside == set()


def materialize(page: Any, day: str) -> None:
    """Load one received day from the page of an asset."""
    from playwright.sync_api import expect

    page.get_by_role("button", name="Materialize").first.click()
    # One load writes all tables of a source; the page says so first.
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="Latest", exact=True)).to_be_visible()
    # It begins with the last 90 days, when there are more.
    if page.get_by_text("Show all partitions").is_visible():
        page.get_by_text("Show all partitions").click()
    days = page.get_by_placeholder("ex: ")
    days.fill(day)
    days.press("Enter")
    expect(page.get_by_text("1 partition", exact=True)).to_be_visible()
    page.get_by_role("button", name="Launch").last.click()
    expect(page.get_by_text("Launched run")).to_be_visible()


def open_graph(server: Server, page: Any) -> None:
    """The graph of all assets, group by group: the models alone are more than a hundred."""
    from playwright.sync_api import expect

    page.goto(server.address("/asset-groups"))
    for name in ("shop", "models", "published"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def keep_picture(server: Server, page: Any, folder: str) -> None:
    """The graph in docs/dagster.md: one way through it, for nobody can read more than a hundred boxes."""
    server.make_models()
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(server.address("/asset-groups"))
    page.get_by_text("Hide navigation").click()
    page.locator(".CodeMirror").first.click()
    page.keyboard.insert_text(" or ".join(f'key:"{key}"' for key in SHOWN))
    page.keyboard.press("Enter")
    page.get_by_role("img", name="panel_show_right").click()  # no list of groups at its left
    page.mouse.click(700, 850)
    page.keyboard.press("Alt+e")  # what is in the groups
    page.wait_for_timeout(10_000)
    page.mouse.move(700, 840)
    page.mouse.down()
    page.mouse.move(700, 885, steps=5)  # the upper edges, too
    page.mouse.up()
    page.wait_for_timeout(1000)
    picture = Path(folder) / "asset-graph.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    # Neither the navigation at its left nor the buttons at its right.
    page.screenshot(path=str(picture), clip={"x": 70, "y": 112, "width": 1260, "height": 788})
    assert picture.stat().st_size < MOST_BYTES


def test_a_day_is_loaded_from_the_page_and_its_rows_are_shown(server, page):
    """Graph, one click on Materialize, the row count of the table."""
    from playwright.sync_api import expect

    open_graph(server, page)
    page.goto(server.address("/assets/shop/tracks"))
    expect(page.get_by_text("Never materialized")).to_be_visible()
    materialize(page, DAY)
    server.wait_until_loaded()

    page.goto(server.address("/assets/shop/tracks"))
    expect(page.get_by_text("Row count", exact=True).locator("xpath=../..")).to_contain_text(f"Row count{ROWS}")
    expect(page.get_by_role("row").filter(has_text="rows_loaded").get_by_text(str(ROWS), exact=True)).to_be_visible()
    with duckdb.connect(str(server.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from shop.tracks").fetchall() == [(ROWS,)]
    open_graph(server, page)
    if folder := os.environ.get("SCREENSHOT_DIR"):
        keep_picture(server, page, folder)
