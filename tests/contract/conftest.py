"""Fixtures of the contract suites: every adapter of a Protocol, one after the other."""

import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from servers import proxy_to, s3_server

from loader.archive import open_archive
from loader.archive.base import Archive

_BUCKETS = itertools.count(1)


@dataclass(frozen=True)
class Settings:
    """The `archive` section of a configuration, with its defaults."""

    uri: str
    layout: str = "auto"
    source_id: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    anonymous: bool = False
    recent_days: int | None = None


class FolderStore:
    """A folder that tests fill and open as an archive."""

    kind = "folder"

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def put(self, key: str, body: bytes = b"{}\n") -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def delete(self, key: str) -> None:
        (self.root / key).unlink()

    def delete_folder(self, folder: str) -> None:
        shutil.rmtree(self.root / folder)

    def open(self, prefix: str = "", **settings: object) -> Archive:
        return open_archive(Settings(str(self.root / prefix), **settings))


@dataclass
class BucketStore:
    """A bucket that tests fill and open as an archive; read through a proxy, so that tests can break the line."""

    endpoint_url: str
    proxy_url: str
    bucket: str = field(default_factory=lambda: f"archive-{next(_BUCKETS)}")
    kind = "s3"

    def __post_init__(self) -> None:
        self.client = boto3.client("s3", endpoint_url=self.endpoint_url, region_name="us-east-1")
        self.client.create_bucket(Bucket=self.bucket)

    def put(self, key: str, body: bytes = b"{}\n", **options: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **options)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def delete_folder(self, folder: str) -> None:
        for found in self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{folder}/")["Contents"]:
            self.delete(found["Key"])

    def open(self, prefix: str = "", **settings: object) -> Archive:
        options = {"endpoint_url": self.proxy_url, "region": "us-east-1", **settings}
        return open_archive(Settings(f"s3://{self.bucket}/{prefix}", **options))


@pytest.fixture(scope="session")
def s3_url():
    """A local S3 service for the whole session."""
    with s3_server() as url:
        yield url


@pytest.fixture
def proxy(s3_url):
    """A proxy before the S3 service."""
    with proxy_to(s3_url) as proxy:
        yield proxy


@pytest.fixture
def credentials(monkeypatch):
    """Credentials that the local service takes."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCALONLY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local-secret-key")


@pytest.fixture
def bucket(s3_url, proxy, credentials):
    """An empty bucket."""
    return BucketStore(s3_url, proxy.url)


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def store(request, tmp_path):
    """An empty archive of every kind."""
    return FolderStore(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("bucket")
