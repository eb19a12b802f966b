"""`loader run` as a user runs it: from an archive to the tables of the models."""

import json

import pytest
from factories import a_key, a_track_call
from loading import Loading
from processes import run


@pytest.fixture
def shop(tmp_path):
    """An archive with two orders that was never loaded."""
    loading = Loading(tmp_path)
    for number in (1, 2):
        order = {"order_id": f"o{number}", "total": 10 * number}
        loading.write(a_track_call(order, "Order Completed", f"m{number}"), key=a_key(number))
    return loading


def test_one_command_from_the_archive_to_the_models(shop):
    ran = run(shop.folder, "run", "--config", str(shop.config_file), "--json")

    assert ran.code == 0, ran.err
    assert ran.json["load"]["sources"]["web"]["objects"] == 2
    assert ran.json["models"]["replaced"]
    assert shop.query("select net from models.orders order by 1") == [(10,), (20,)]


def test_a_load_says_what_is_new_in_a_line_for_tables_and_one_for_columns(shop):
    loaded = run(shop.folder, "load", "--config", str(shop.config_file))
    shop.write(a_track_call({"order_id": "o3", "coupon": "c", "tax": 1}, "Order Completed", "m3"), key=a_key(3))

    again = run(shop.folder, "load", "--config", str(shop.config_file))

    assert "new tables: order_completed, tracks" in loaded.out.splitlines()
    assert "new columns: order_completed.coupon, order_completed.tax" in again.out.splitlines()


def test_a_load_names_the_first_thirty_of_many_new_columns(shop):
    run(shop.folder, "load", "--config", str(shop.config_file))
    many = {f"size_{number:03}": 1 for number in range(1_040)}
    shop.write(a_track_call({"order_id": "o3", **many}, "Order Completed", "m3"), key=a_key(3))

    again = run(shop.folder, "load", "--config", str(shop.config_file))

    (line,) = (line for line in again.out.splitlines() if line.startswith("new columns: "))
    assert line.endswith("order_completed.size_028, order_completed.size_029 and 1,010 more")


def test_a_file_of_an_input_that_is_not_there_ends_it_before_the_load(shop):
    config_file = shop.config_file
    config = {**json.loads(config_file.read_text()), "models": {"inputs": {"campaign_costs": "./costs.csv"}}}
    config_file.write_text(json.dumps(config))

    ran = run(shop.folder, "run", "--config", str(config_file))
    checked = run(shop.folder, "check", "--config", str(config_file))

    assert (ran.code, shop.warehouse.exists()) == (2, False)
    assert f"there is no file {shop.folder / 'costs.csv'}\n  where: models.inputs.campaign_costs" in ran.err
    assert (checked.code, "models: correct the path" in checked.out) == (2, True)


def test_a_dry_run_of_a_project_that_was_never_loaded_writes_nothing(shop):
    ran = run(shop.folder, "run", "--config", str(shop.config_file), "--dry-run", "--json")

    assert ran.code == 0, ran.err
    assert ran.json["load"]["sources"]["web"]["messages"] == 2
    assert not shop.warehouse.exists()
