"""Loads from a bucket over the real S3 protocol: a service in its own process, and a proxy that breaks the line."""

import gzip
import itertools
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import duckdb
import pytest
import urllib3
from botocore.response import StreamingBody
from factories import a_key, a_track_call, an_archive_object
from servers import Proxy, Reply, proxy_to, s3_server

from loader.config import load_config
from loader.jobs.load import load_source
from loader.jobs.report import LoadReport
from loader.staging import StagingLimits

pytestmark = pytest.mark.s3

_BUCKETS = itertools.count(1)


@dataclass
class BucketLoading:
    """A source in a bucket. `put` writes or replaces objects, `load` loads what is new through the proxy."""

    folder: Path
    service_url: str
    proxy: Proxy
    bucket: str = field(default_factory=lambda: f"history-{next(_BUCKETS)}")
    report: LoadReport = field(default_factory=LoadReport)

    def __post_init__(self) -> None:
        self.client = boto3.client("s3", endpoint_url=self.service_url, region_name="us-east-1")
        self.client.create_bucket(Bucket=self.bucket)

    def put(self, name: str, ids: Iterable[str]) -> str:
        """One object with a track call per id; its key."""
        key = a_key(name=name)
        body = gzip.compress(an_archive_object(a_track_call({"total": 1}, message_id=each) for each in ids), 1)
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def load(self, **keywords: Any) -> dict[str, Any]:
        """Load what is new; the report as a dict."""
        self.proxy.requests.clear()
        archive = {"uri": f"s3://{self.bucket}/", "endpoint_url": self.proxy.url, "region": "us-east-1"}
        settings = {
            "warehouse": {"path": "./warehouse.duckdb"},
            "sources": [{"name": "web", "archive": archive}],
            "resources": {"memory": "500MB", "threads": 2, "work_dir": "./work"},
        }
        path = self.folder / "loader.yaml"
        path.write_text(json.dumps(settings), encoding="utf-8")
        config = load_config(path, {})
        self.report = load_source(config, config.source("web"), **keywords)
        assert not list((self.folder / "work").iterdir())
        return self.report.as_dict()

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def ids(self) -> list[str]:
        """Ids of all rows, so that a doubled one shows."""
        return [each for (each,) in self.query("select id from web.tracks order by id")]

    def statuses(self) -> list[tuple[str, str]]:
        """Name and status of every version of an object that the ledger knows."""
        rows = self.query("select key, status from _loader.objects order by object_id")
        return [(key.rpartition("/")[2].removesuffix(".gz"), status) for key, status in rows]

    def reads(self) -> list[str]:
        """Names of the objects that the last load asked for."""
        targets = [urlsplit(request.target) for request in self.proxy.requests if request.method == "GET"]
        return [unquote(target.path).rpartition("/")[2] for target in targets if target.path.endswith(".gz")]

    def listings(self) -> int:
        """Pages that the last load listed."""
        return sum("list-type=2" in request.target for request in self.proxy.requests)


@pytest.fixture(scope="module")
def service_url():
    """A local S3 service."""
    with s3_server() as url:
        yield url


@pytest.fixture
def loading(service_url, tmp_path, monkeypatch):
    """An empty bucket and a source that reads it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCALONLY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local-secret-key")
    with proxy_to(service_url) as proxy:
        yield BucketLoading(tmp_path, service_url, proxy)


def is_for(key: str, target: str) -> bool:
    """Whether a request is about that object."""
    return unquote(urlsplit(target).path).endswith(key)


def denied(key: str):
    """A fault: the object may not be read."""

    def fault(target: str, reply: Reply) -> None:
        if is_for(key, target):
            reply.status, reply.headers = 403, [("Content-Type", "application/xml")]
            reply.body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"

    return fault


@pytest.mark.slow
def test_a_bucket_of_many_pages_loads_and_is_read_once(loading):
    """More objects than one page of a listing has; the second load lists them all and reads none."""
    names = [f"part-{n:04}" for n in range(1010)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: loading.put(name, [name]), names))

    first = loading.load()

    assert (first["objects"], first["messages"], first["rows"]["tracks"]) == (1010, 1010, 1010)
    assert loading.ids() == names
    assert sorted(loading.reads()) == [f"{name}.gz" for name in names]
    pages = loading.listings()
    assert pages >= 2

    second = loading.load()

    assert (second["status"], second["objects"], second["messages"]) == ("done", 0, 0)
    assert loading.reads() == []
    assert loading.listings() == pages
    assert loading.ids() == names


def test_a_denied_object_fails_the_load_and_is_tried_by_the_next(loading):
    """Others load. Once it may be read, the next run reads it and it alone."""
    loading.put("a", ["a1", "a2"])
    key = loading.put("b", ["b1"])
    loading.put("c", ["c1"])
    loading.proxy.fault = denied(key)

    report = loading.load()

    ((failed),) = report["failed_objects"]
    assert failed["key"] == key
    assert "access was denied" in failed["error"]
    assert (loading.report.exit_code(strict=False), report["status"]) == (1, "failed")
    assert loading.ids() == ["a1", "a2", "c1"]
    assert loading.statuses() == [("a", "done"), ("b", "failed"), ("c", "done")]

    assert loading.load()["failed_objects"] == [failed]  # still denied: still said
    loading.proxy.fault = None
    report = loading.load()

    assert (report["status"], report["objects"], loading.report.exit_code(strict=False)) == ("done", 1, 0)
    assert loading.reads() == ["b.gz"]
    assert loading.ids() == ["a1", "a2", "b1", "c1"]
    assert sorted(loading.statuses()) == [("a", "done"), ("b", "done"), ("c", "done")]


def test_a_download_cut_in_the_middle_is_tried_again(loading):
    """The object loads in the same run, once."""
    ids = [f"m{n:04}" for n in range(2000)]
    key = loading.put("a", ids)
    cuts = []

    def cut_once(target: str, reply: Reply) -> None:
        if is_for(key, target) and not cuts:
            cuts.append(target)
            reply.cut_at = len(reply.body) // 2

    loading.proxy.fault = cut_once
    report = loading.load()

    assert (len(cuts), loading.reads()) == (1, ["a.gz", "a.gz"])
    assert (report["status"], report["objects"], report["warnings"]) == ("done", 1, [])
    assert loading.ids() == ids


def test_a_download_that_is_always_cut_is_left_to_the_next_run(loading):
    """Not a line of it loads before all of it is there."""
    ids = [f"m{n:04}" for n in range(500)]
    key = loading.put("a", ids)
    loading.put("b", ["x"])

    def cut(target: str, reply: Reply) -> None:
        if is_for(key, target):
            reply.cut_at = len(reply.body) - 10

    loading.proxy.fault = cut
    report = loading.load()

    assert [failed["key"] for failed in report["failed_objects"]] == [key]
    assert "broke off" in report["failed_objects"][0]["error"]
    assert loading.ids() == ["x"]

    loading.proxy.fault = None
    assert loading.load()["status"] == "done"
    assert loading.ids() == [*ids, "x"]


def test_an_error_that_the_client_does_not_know_fails_one_object_only(loading, monkeypatch):
    """Raised by a library in the middle of a download; the others load, and the next run reads the one."""
    broken = loading.put("broken", ["m2"])
    loading.put("larger", [f"l{number}" for number in range(50)])
    broken_bytes = str(loading.client.head_object(Bucket=loading.bucket, Key=broken)["ContentLength"])
    read = StreamingBody.read

    def failing(body, amt=None):
        if body._content_length == broken_bytes:
            raise urllib3.exceptions.SSLError("bad record mac")
        return read(body, amt)

    with monkeypatch.context() as patched:
        patched.setattr(StreamingBody, "read", failing)
        patched.setattr("loader.archive.s3.time.sleep", lambda _: None)
        report = loading.load()

    assert [each["key"] for each in report["failed_objects"]] == [broken]
    assert dict(loading.statuses()) == {"broken": "failed", "larger": "done"}
    assert loading.report.exit_code(False) == 1
    assert loading.load()["objects"] == 1
    assert "m2" in loading.ids()


def test_an_object_rewritten_after_it_was_listed_is_reported(loading):
    """Neither the old nor half of the new version loads; the next run loads the new one."""
    key = loading.put("a", ["old1", "old2"])
    loading.put("b", ["b1"])
    rewritten = []

    def rewrite(target: str, reply: Reply) -> None:
        if f"<Key>{key}</Key>".encode() in reply.body and not rewritten:
            rewritten.append(loading.put("a", ["new1", "new2", "new3"]))

    loading.proxy.fault = rewrite
    report = loading.load()

    assert rewritten == [key]
    assert [failed["key"] for failed in report["failed_objects"]] == [key]
    assert "rewritten after it was listed" in report["failed_objects"][0]["error"]
    assert loading.report.exit_code(strict=False) == 1
    assert loading.ids() == ["b1"]

    report = loading.load()

    assert (report["status"], report["objects"], report["warnings"]) == ("done", 1, [])
    assert loading.ids() == ["b1", "new1", "new2", "new3"]


def test_an_object_with_new_content_is_read_again(loading):
    """New lines load; those that were there before are not doubled, and a third load reads nothing."""
    loading.put("a", ["m1", "m2"])
    loading.put("b", ["b1"])
    loading.load()

    loading.put("a", ["m1", "m2", "m3"])
    report = loading.load()

    assert loading.reads() == ["a.gz"]
    assert (report["objects"], report["messages"], report["duplicates"]) == (1, 3, 2)
    assert (report["conflicts"], report["rows"]["tracks"] - report["replaced"], report["warnings"]) == (0, 1, [])
    assert loading.ids() == ["b1", "m1", "m2", "m3"]

    assert loading.load()["objects"] == 0
    assert loading.reads() == []


def test_an_object_gone_from_the_bucket_leaves_its_rows(loading):
    """Reported as a warning, by every load that lists the whole archive."""
    key = loading.put("a", ["a1"])
    loading.put("b", ["b1"])
    loading.load()
    loading.delete(key)

    for _ in range(2):
        report = loading.load()
        assert len(report["warnings"]) == 1
        assert report["warnings"][0].startswith("1 loaded object gone from the archive")
        assert (report["status"], loading.report.exit_code(strict=True)) == ("warnings", 0)
        assert loading.reads() == []
        assert loading.ids() == ["a1", "b1"]


def test_an_object_gone_after_it_was_listed_is_reported(loading):
    """The service answers 404; the rest loads, and the next run has nothing that failed."""
    key = loading.put("a", ["a1"])
    loading.put("b", ["b1"])

    def remove(target: str, reply: Reply) -> None:
        if f"<Key>{key}</Key>".encode() in reply.body:
            loading.delete(key)

    loading.proxy.fault = remove
    report = loading.load()

    assert [failed["key"] for failed in report["failed_objects"]] == [key]
    assert "gone" in report["failed_objects"][0]["error"]
    assert loading.ids() == ["b1"]

    report = loading.load()

    assert (report["failed_objects"], loading.report.exit_code(strict=True)) == ([], 0)
    assert (loading.reads(), loading.ids()) == ([], ["b1"])


def test_an_object_larger_than_a_batch_loads_whole(loading):
    """Over several batches, as one object, between two small ones."""
    ids = [f"m{n:05}" for n in range(6000)]
    loading.put("a", ["a1"])
    loading.put("b", ids)
    loading.put("c", ["z1"])

    report = loading.load(limits=StagingLimits(batch_bytes=1024 * 1024, block_bytes=128 * 1024))

    assert report["batches"] >= 3
    assert (report["status"], report["objects"], report["lines"], report["messages"]) == ("done", 3, 6002, 6002)
    assert loading.ids() == ["a1", *ids, "z1"]
    assert loading.query("select lines, messages from _loader.objects order by object_id") == [
        (1, 1),
        (6000, 6000),
        (1, 1),
    ]
    assert sorted(loading.reads()) == ["a.gz", "b.gz", "c.gz"]

    assert loading.load()["objects"] == 0
