"""Archives in S3 and in services with the same protocol."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ProfileNotFound

from loader.archive.base import ArchiveObject, ArchiveOptions, StoredFile, never
from loader.archive.layouts import Walk
from loader.archive.s3_errors import CUT, LIBRARY, chunks, translate
from loader.errors import ConfigError, TerminalError, TransientError

CHUNK_BYTES = 1024 * 1024
DOWNLOAD_ATTEMPTS = 3

_MD5 = re.compile(r"[0-9a-f]{32}")


class S3Archive:
    """An archive in a bucket."""

    def __init__(self, settings: ArchiveOptions, retry_seconds: float = 0.5) -> None:
        bucket, _, prefix = settings.uri.partition("://")[2].partition("/")
        if not bucket:
            raise ConfigError("the archive URI names no bucket", "archive.uri", "write s3://bucket/prefix/")
        self._bucket = bucket
        self._retry_seconds = retry_seconds
        self._client = _client(settings)
        self._walk = Walk(BucketTree(self._client, bucket, f"{prefix.rstrip('/')}/" if prefix else ""), settings)

    @property
    def skipped_objects(self) -> int:
        """As `Archive.skipped_objects`."""
        return self._walk.skipped

    def objects(self, start: date | None = None, until: date | None = None) -> Iterator[ArchiveObject]:
        """As `Archive.objects`."""
        return self._walk.objects(start, until)

    def local_path(self, obj: ArchiveObject) -> Path | None:  # noqa: ARG002 - asked of every archive
        """Always None: objects of a bucket are downloaded."""
        return None

    def download(self, obj: ArchiveObject, path: Path, is_cancelled: Callable[[], bool] = never) -> None:
        """As `Archive.download`. If the connection breaks off, the download is tried again."""
        where = f"s3://{self._bucket}/{obj.key}"
        try:
            for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
                try:
                    return self._copy(obj, path, is_cancelled, where)
                except CUT as error:
                    if attempt == DOWNLOAD_ATTEMPTS or is_cancelled():
                        raise TransientError(
                            f"the download broke off {attempt} times ({type(error).__name__})",
                            where,
                            "run again; if it happens again, check the network between this machine and the bucket",
                        ) from error
                    time.sleep(self._retry_seconds * 2 ** (attempt - 1))
        except LIBRARY as error:
            path.unlink(missing_ok=True)
            raise translate(error, "read the object", where) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _copy(self, obj: ArchiveObject, path: Path, is_cancelled: Callable[[], bool], where: str) -> None:
        response = self._client.get_object(Bucket=self._bucket, Key=obj.key, IfMatch=f'"{obj.etag}"')
        digest, size = hashlib.md5(usedforsecurity=False), 0
        body = response["Body"]
        try:
            with path.open("wb") as file:
                for chunk in chunks(body, CHUNK_BYTES):
                    if is_cancelled():
                        raise TransientError("the download was cancelled", where, "run again")
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        finally:
            body.close()
        if size != obj.size or (_has_md5_etag(obj, response) and digest.hexdigest() != obj.etag):
            raise TransientError(
                f"the downloaded object is not the listed one ({size} bytes instead of {obj.size}, or another MD5)",
                where,
                "run again; if it happens again, the storage or a proxy changes the bytes",
            )


class BucketTree:
    """A bucket, or the part below a prefix, as a `Tree`."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    @property
    def parts(self) -> tuple[str, ...]:
        """As `Tree.parts`; the bucket itself is not a folder."""
        return tuple(part for part in self._prefix.split("/") if part)

    def entries(self, folder: str) -> Iterator[str | StoredFile]:
        """As `Tree.entries`."""
        above = len(self._prefix) + len(folder)
        for page in self._pages(folder, Delimiter="/"):
            for found in page.get("CommonPrefixes", ()):
                yield found["Prefix"][above:].removesuffix("/")
            yield from map(_stored, page.get("Contents", ()))

    def files(self, folder: str) -> Iterator[StoredFile]:
        """As `Tree.files`."""
        for page in self._pages(folder):
            yield from map(_stored, page.get("Contents", ()))

    def _pages(self, folder: str, **options: str) -> Iterator[dict[str, Any]]:
        prefix = f"{self._prefix}{folder}"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, **options)
        where = f"s3://{self._bucket}/{prefix}"
        try:
            for page in pages:
                if "IsTruncated" not in page:
                    raise TerminalError(
                        "cannot list the bucket: the answer does not come from an S3 service",
                        where,
                        "check archive.endpoint_url: it may be the address of a console or a proxy",
                    )
                yield page
        except LIBRARY as error:
            raise translate(error, "list the bucket", where) from error


def _stored(listed: dict[str, Any]) -> StoredFile:
    modified = listed["LastModified"].astimezone(UTC)
    return StoredFile(listed["Key"], listed["ETag"].strip('"'), listed["Size"], modified)


def _has_md5_etag(obj: ArchiveObject, response: dict[str, Any]) -> bool:
    """Whether the ETag is the MD5 of the bytes: uploaded in one part, not encrypted with a customer's or KMS key."""
    encrypted = response.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in response
    return _MD5.fullmatch(obj.etag) is not None and not encrypted


def _client(settings: ArchiveOptions) -> Any:
    config = Config(
        signature_version=UNSIGNED if settings.anonymous else None,
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=16,
        user_agent_extra="loader",
        # Services with their own endpoint seldom resolve bucket.host.
        s3={"addressing_style": "path"} if settings.endpoint_url else None,
    )
    try:
        session = botocore.session.Session(profile=settings.profile)
        if settings.role_arn and not settings.anonymous:
            session = _session_of_role(session, settings, settings.role_arn)
        return boto3.Session(botocore_session=session).client(
            "s3", endpoint_url=settings.endpoint_url, region_name=settings.region, config=config
        )
    except ProfileNotFound as error:
        raise ConfigError(
            f"there is no AWS profile {settings.profile!r}",
            "archive.profile",
            "add it to ~/.aws/config, or name another profile",
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(
            f"the S3 client cannot be set up ({type(error).__name__})",
            settings.uri,
            "check archive.endpoint_url, archive.region and the AWS configuration files",
        ) from error


def _session_of_role(session: Any, settings: ArchiveOptions, role_arn: str) -> Any:
    """A session with the credentials of a role, which are renewed automatically."""
    own = session.get_credentials()
    if own is None:
        raise ConfigError(
            "no credentials were found to assume the role with",
            "archive.role_arn",
            "set archive.profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )

    def sts(service: str, **options: Any) -> Any:
        region = settings.region or session.get_config_variable("region") or "us-east-1"
        return session.create_client(service, endpoint_url=settings.endpoint_url, region_name=region, **options)

    fetcher = AssumeRoleCredentialFetcher(sts, own, role_arn, extra_args={"RoleSessionName": "loader"})
    assumed = botocore.session.Session()
    assumed._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined] # noqa: SLF001 - no public way
        fetcher.fetch_credentials, "assume-role"
    )
    return assumed
