"""The worked example of docs/models/audiences.md says what the bundled archives give."""

import re
from pathlib import Path

import pytest
from processes import run

pytestmark = [pytest.mark.slow, pytest.mark.checkout]
ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "models" / "audiences.md"
PAGE = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
EXAMPLE = PAGE.partition("## A worked example")[2].partition("\n## ")[0]
QUERIES = re.findall(r"```sql\n([^`]*?);\n```\n```text\n([^`]*?)\n```", EXAMPLE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo with the settings and runs of the example, and the file of the section on SQL traits."""
    folder = tmp_path_factory.mktemp("demo")
    settings = re.search(r"```yaml\n(.*?)```", EXAMPLE, re.DOTALL)[1]
    config = (ROOT / "examples" / "demo.yaml").read_text(encoding="utf-8")
    config = config.replace("./data/", f"{ROOT / 'examples' / 'data'}/")
    (folder / "loader.yaml").write_text(config + settings, encoding="utf-8")
    (folder / "models").mkdir()
    sql_traits = re.search(r"```sql\n(-- What each customer has paid.*?)```", PAGE, re.DOTALL)[1]
    (folder / "models" / "sql_traits_billing.sql").write_text(sql_traits, encoding="utf-8")
    ran = [run(folder, "load", "--json")]
    needed = [
        f"audience_{key}"
        for key in ("accounts_to_upsell", "accounts_won", "cart_abandonment", "members", "ready_to_buy")
    ]
    needed += ["computed_traits", "computed_account_traits", "sql_traits_billing"]
    for day in re.findall(r"--as-of (\S+)", EXAMPLE):
        ran.append(run(folder, "models", "run", "--as-of", day, "--json", "--select", *(f"+{name}" for name in needed)))
    assert [each.code for each in ran] == [0, 0, 0], [each.err or each.out for each in ran]
    return folder


@pytest.mark.parametrize(("query", "shown"), QUERIES)
def test_a_query_of_the_page_gives_what_the_page_shows(query, shown, demo):
    assert run(demo, "sql", query).out.rstrip("\n") == shown


def test_the_file_of_the_page_gives_one_row_per_customer(demo):
    query = "select count(*), count(distinct user_id), min(first_paid_on) from models.sql_traits_billing"
    ((rows, users, first),) = [line.split() for line in run(demo, "sql", query).out.splitlines()[1:]]

    assert rows == users != "0"
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", first)
