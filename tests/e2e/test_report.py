"""`loader report` as a user runs it: on an empty project, on the demo, and in a browser."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from processes import run
from report_tables import MODELS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE, DESK = {"width": 375, "height": 800}, {"width": 1100, "height": 1400}
MOST_BYTES = 400_000


def test_without_a_warehouse_the_fix_is_to_load(project):
    """Nothing is written, and nothing is created by looking."""
    ran = project.run("report")

    assert (ran.code, "run `loader load` first" in ran.err) == (2, True)
    assert not project.warehouse.exists()
    assert not (project.folder / "report.html").exists()


def test_an_empty_warehouse_has_a_page(project):
    """A file without any table of ours: the page says what to run."""
    duckdb.connect(str(project.warehouse)).close()
    ran = project.run("report")

    assert ran.code == 0
    assert "loader load" in (project.folder / "report.html").read_text(encoding="utf-8")


def test_the_page_goes_where_output_says(loaded_project):
    """An earlier page there is replaced, and nothing is left beside it; the object says what is on it."""
    page = loaded_project.folder / "pages" / "today.html"
    page.parent.mkdir()
    page.write_text("yesterday", encoding="utf-8")
    ran = loaded_project.run("report", "--json", "--output", "pages/today.html")

    assert ran.code == 0
    assert (ran.json["file"], ran.json["bytes"]) == ("pages/today.html", page.stat().st_size)
    assert ran.json["parts"]["Quarantine"] == "shown"
    assert [file.name for file in page.parent.iterdir()] == ["today.html"]


@pytest.mark.parametrize("output", ["nowhere/report.html", "."])
def test_a_place_that_cannot_be_written_is_explained(output, loaded_project):
    """Wrong usage is 2."""
    ran = loaded_project.run("report", "--output", output)

    assert (ran.code, "name a file in a folder that exists" in ran.err) == (2, True)


def test_an_earlier_page_stays_when_the_new_one_cannot_be_made(loaded_project):
    """The file is a load's: exit code 4, and the page of yesterday is still whole."""
    page = loaded_project.folder / "report.html"
    page.write_text("yesterday", encoding="utf-8")
    hold = "import duckdb,sys; c=duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(loaded_project.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        holder.stdout.readline()
        ran = loaded_project.run("report")
        holder.stdin.close()

    assert ran.code == 4
    assert page.read_text(encoding="utf-8") == "yesterday"


def test_a_report_changes_nothing(loaded_project):
    """It reads a file that it may not write."""
    before = loaded_project.warehouse.read_bytes()
    loaded_project.warehouse.chmod(stat.S_IREAD)

    assert loaded_project.run("report").code == 0
    assert loaded_project.warehouse.read_bytes() == before


@pytest.fixture(scope="module")
def page(demo, tmp_path_factory):
    """The page of the demo, in a folder of its own."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    ran = run(demo.folder, "report", "--output", str(file))
    assert ran.code == 0, ran.out + ran.err
    return file


@pytest.mark.slow
def test_the_demo_has_a_page_of_what_its_archives_hold(page):
    """Sources, counts that plain Python also found in the archives, events."""
    html = page.read_text(encoding="utf-8")

    for expected in ("music_shop", "app_backend", "6,919", "Order Completed · music_shop", "Nothing is in quarantine"):
        assert expected in html
    assert len(html) < MOST_BYTES


@pytest.mark.slow
def test_nobody_of_the_demo_is_on_its_page(demo, page):
    """No id and no address of anybody in the archives."""
    html = page.read_text(encoding="utf-8")
    with duckdb.connect(str(demo.folder / "warehouse.duckdb"), read_only=True) as connection:
        people = connection.execute(
            "select distinct unnest([id, email]) from web.users union select distinct anonymous_id from web.tracks "
            "union select distinct id from support.users union select distinct id from orders_api.users"
        ).fetchall()
    found = [value for (value,) in people if value and len(value) > 4 and value in html]

    assert len(people) > 500
    assert found == []


def seen(page, address):
    """Open a page; what it asked for, what the console said, and how wide it is."""
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return asked, said, page.evaluate("document.documentElement.scrollWidth")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def full_page(demo, tmp_path_factory):
    """The page of the demo with a table of every model that the page reads."""
    folder = tmp_path_factory.mktemp("full")
    shutil.copy(demo.folder / "warehouse.duckdb", folder)
    config = (demo.folder / "loader.yaml").read_text(encoding="utf-8").replace("uri: ", f"uri: {demo.folder}/")
    (folder / "loader.yaml").write_text(config, encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        there = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
        for name, query in MODELS.items():
            if name not in there:
                connection.execute(f'create table models."{name}" as {query}')
    ran = run(folder, "report")
    assert ran.code == 0, ran.out + ran.err
    return folder / "report.html"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found (Debian: apt-get install chromium)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [pytest.param(PHONE, id="phone"), pytest.param(DESK, id="desk")])
def test_the_page_in_a_browser(size, scheme, full_page, browser):
    """It asks for nothing but itself, says nothing to the console, and does not scroll sideways."""
    address = full_page.as_uri()
    window = browser.new_page(viewport=size, color_scheme=scheme)
    asked, said, width = seen(window, address)

    assert asked == [address]
    assert said == []
    assert width == size["width"]
    assert window.locator("svg[role=img]").count() >= 10
    for table in window.locator(".scroll").all():
        box = table.bounding_box()
        assert box is None or box["x"] + box["width"] <= size["width"]


WIDE = {
    "campaign_performance": """
select 'campaign' as dimension, v as value, 9 as store_visits, 4 as product_views, 1 as orders, 14000000069.75::decimal(28, 6) as revenue,
  0.5::double as view_rate, 0.2::double as order_rate, 1e10::decimal(28, 6) as aov, 1e10::decimal(28, 6) as revenue_per_visit
from (values (repeat('x', 90)), (repeat('🎉', 90)), (repeat('x ', 90))) as t(v)""",
    "attribution_summary": """
select m as model, 'channel' as dimension, v as value, 1.0 as orders, n::decimal(28, 6) as revenue, null::double as cost, null::double as roi
from (values ('last'), ('linear')) as a(m), (values ('email', 14000000069.75), ('display', 999999.99)) as t(v, n)""",
    "ltv_scores": f"select * from ({MODELS['ltv_scores']}) as s limit 0",
    "ltv_params": f"select * replace ('too few; models.ltv.minimum_repeat_buyers asks for 20' as problem) from ({MODELS['ltv_params']}) as p",
}
"""Tables with long names, large amounts, and long words."""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found (Debian: apt-get install chromium)")
@pytest.mark.parametrize("width", [320, 375])
def test_long_names_and_large_amounts_fit_a_phone(width, loaded_project, browser):
    """The page is as wide as the screen, and no text of a chart and no caption of a table ends beyond it."""
    with duckdb.connect(str(loaded_project.warehouse)) as connection:
        connection.execute("create schema models")
        for name, query in {**MODELS, **WIDE}.items():
            connection.execute(f'create table models."{name}" as {query}')
    assert loaded_project.run("report").code == 0
    window = browser.new_page(viewport={"width": width, "height": 800})
    _, said, page_width = seen(window, (loaded_project.folder / "report.html").as_uri())

    assert (page_width, said) == (width, [])
    boxes = [text.bounding_box() for text in window.locator(".flat .value").all()]
    assert boxes
    assert [box for box in boxes if box["x"] + box["width"] > width] == []
    assert (
        window.locator("dd b").evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth).length") == 0
    )
    beyond = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth).length"
    assert window.locator("caption").evaluate_all(beyond) == 0


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found (Debian: apt-get install chromium)")
def test_a_picture_of_the_page_is_kept(page, browser):
    """docs/images/report.png, where SCREENSHOT_DIR says so."""
    window = browser.new_page(viewport=DESK)
    window.goto(page.as_uri())
    assert window.get_by_role("heading", level=1).is_visible()
    if folder := os.environ.get("SCREENSHOT_DIR"):
        window.screenshot(path=str(Path(folder) / "report.png"))
