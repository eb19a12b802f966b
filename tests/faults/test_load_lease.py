"""A load that takes longer than its lease lasts keeps it, and stops where another writer has it."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from loader.errors import BusyError
from loader.jobs import load
from loader.leases import Lease
from loader.staging import StagingLimits
from loader.warehouses.duckdb import DuckDBWarehouse

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path):
    engine = duckdb.connect()
    warehouse = DuckDBWarehouse(engine, tmp_path / "w.duckdb", "_loader")
    with warehouse.attached(0):
        warehouse.migrate(BEGAN)
        yield warehouse
    engine.close()


@pytest.fixture
def lease(warehouse):
    """Of a load on another machine, of which no process can be asked for."""
    lease = Lease(warehouse, "web")
    lease.take("first", BEGAN)
    warehouse.engine.execute(f"update {warehouse.state('leases')} set host = 'elsewhere'")
    return lease


def test_a_lease_lapses_after_a_quarter_of_an_hour(lease, warehouse):
    """Whoever comes then has it alone."""
    lease.take("second", BEGAN + timedelta(minutes=16))

    holders = warehouse.engine.execute(f"select holder from {warehouse.state('leases')}").fetchall()
    assert holders == [("second",)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells of a process that has ended")
def test_a_process_that_was_killed_has_no_lease_though_nobody_asked_how_it_ended(warehouse):
    """Of one that runs it has."""
    work = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    lease = Lease(warehouse, "web")
    lease.take("first", BEGAN)
    warehouse.engine.execute(f"update {warehouse.state('leases')} set pid = {work.pid}")
    with pytest.raises(BusyError):
        lease.take("second", BEGAN)

    work.kill()
    os.waitid(os.P_PID, work.pid, os.WEXITED | os.WNOWAIT)
    lease.take("second", BEGAN)

    holders = warehouse.engine.execute(f"select holder from {warehouse.state('leases')}").fetchall()
    work.wait()
    assert holders == [("second",)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process began")
def test_a_process_is_too_young_for_a_lease_from_before_it_began(warehouse):
    """In a container that was killed and started again, the number of the killed process is that of the new one."""
    hour = timedelta(hours=1)
    lease = Lease(warehouse, "web")
    lease.take("killed", BEGAN)

    lease.take("second", BEGAN + hour)

    holders = warehouse.engine.execute(f"select holder from {warehouse.state('leases')}").fetchall()
    assert holders == [("second",)]


def test_a_renewed_lease_lasts_a_quarter_of_an_hour_from_then(lease):
    lease.renew("first", BEGAN + timedelta(minutes=10))

    with pytest.raises(BusyError, match="another load of 'web' is running"):
        lease.take("second", BEGAN + timedelta(minutes=16))


def test_a_lease_that_another_writer_took_over_cannot_be_renewed(lease):
    lease.take("second", BEGAN + timedelta(minutes=16))

    with pytest.raises(BusyError, match="another process took over"):
        lease.renew("first", BEGAN + timedelta(minutes=17))


def test_a_load_writes_nothing_after_its_lease_was_taken_over(loading, monkeypatch):
    """And nothing is lost: the next load finds all of it."""
    taken = Lease.take

    def take_and_lose(self, holder, now):
        taken(self, holder, now)
        self.drop(holder)

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "take", take_and_lose)
        with pytest.raises(BusyError, match="another process took over"):
            loading.load()
    assert loading.query("select count(*) from _loader.objects") == [(0,)]

    assert loading.load()["objects"] == len(loading.stored)


def test_a_load_renews_its_lease_whenever_it_comes_back_to_the_file(loading, monkeypatch):
    renewed = []
    monkeypatch.setattr(load, "_VISIT_BATCHES", 1)
    monkeypatch.setattr(Lease, "renew", lambda self, holder, now: renewed.append(holder))

    report = loading.load(limits=StagingLimits(batch_objects=1))

    assert report["batches"] > 1
    assert len(renewed) == report["batches"]
    assert len(set(renewed)) == 1
