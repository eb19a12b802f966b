"""What only a bucket does: refused, cut and changed answers, credentials, and how much it asks for."""

import gzip
import http.client
import ssl
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

import pytest
import urllib3
from botocore.exceptions import HTTPClientError
from botocore.response import StreamingBody
from servers import Reply

from loader.archive.s3 import S3Archive
from loader.errors import ConfigError, TerminalError, TransientError

pytestmark = pytest.mark.s3

BODY = gzip.compress(bytes(range(256)) * 4000, 1)
KEY = "segment-logs/src/1789344000000/x.gz"


@pytest.fixture
def listed(bucket):
    """An archive that retries at once, and its one object."""
    bucket.put(KEY, BODY)
    archive = bucket.open()
    archive._retry_seconds = 0.01
    return archive, next(iter(archive.objects()))


def answer(status, code):
    """A fault: downloads are answered with an error of the protocol."""

    def fault(target: str, reply: Reply) -> None:
        if target.split("?")[0].endswith("x.gz"):
            reply.status, reply.body = status, f"<Error><Code>{code}</Code><Message>SECRET</Message></Error>".encode()

    return fault


def test_stored_bytes_are_downloaded_even_if_marked_as_encoded(bucket, tmp_path):
    """Segment marks its objects Content-Encoding: gzip; undoing that would break length and checksum."""
    bucket.put(KEY, BODY, ContentEncoding="gzip", ContentType="text/plain")
    archive = bucket.open()

    archive.download(next(iter(archive.objects())), tmp_path / "x")

    assert (tmp_path / "x").read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        pytest.param(403, "AccessDenied", "access was denied", id="403"),
        pytest.param(404, "NoSuchKey", "the object is gone", id="404"),
        pytest.param(412, "PreconditionFailed", "rewritten after it was listed", id="412"),
        pytest.param(400, "KMS.DisabledException", "key that encrypts", id="KMS"),
        pytest.param(403, "InvalidObjectState", "cold storage", id="archived"),
        pytest.param(403, "SignatureDoesNotMatch", "secret key is wrong", id="signature"),
        pytest.param(403, "RequestTimeTooSkewed", "the clock of this machine is wrong", id="clock"),
    ],
)
def test_a_refused_object_is_terminal_and_says_why(listed, proxy, tmp_path, status, code, message):
    """By code, with the object and a remedy; the service's own text stays out."""
    archive, obj = listed
    proxy.fault = answer(status, code)

    with pytest.raises(TerminalError, match=message) as caught:
        archive.download(obj, tmp_path / "x")

    assert caught.value.where == f"s3://{archive._bucket}/{KEY}"
    assert "SECRET" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_cut_once_is_tried_again(listed, proxy, tmp_path):
    """The second attempt starts over and the file is whole."""
    archive, obj = listed
    cuts = []

    def cut_once(target, reply):
        if target.split("?")[0].endswith("x.gz") and not cuts:
            cuts.append(target)
            reply.cut_at = len(reply.body) // 2

    proxy.fault = cut_once
    archive.download(obj, tmp_path / "x")

    assert (tmp_path / "x").read_bytes() == BODY
    assert len(cuts) == 1


def test_a_connection_that_is_always_cut_is_transient(listed, proxy, tmp_path):
    """Attempts are bounded, and no half file stays."""
    archive, obj = listed
    proxy.requests.clear()

    def cut(target, reply):
        reply.cut_at = 10

    proxy.fault = cut
    with pytest.raises(TransientError, match="broke off 3 times"):
        archive.download(obj, tmp_path / "x")

    assert len(proxy.requests) == 3
    assert list(tmp_path.iterdir()) == []


@dataclass
class Breaking:
    """A stream that gives some bytes and then an error of a library, which no server can bring about."""

    error: Exception
    opened: int = 0

    def open(self, **_):
        self.opened += 1
        self.left = [BODY[:1000]]
        return {"Body": StreamingBody(self, len(BODY))}

    def read(self, amt=None):
        if self.left:
            return self.left.pop()
        raise self.error

    def close(self):
        pass


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(urllib3.exceptions.SSLError("bad record mac"), id="TLS"),
        pytest.param(urllib3.exceptions.IncompleteRead(10, 20), id="incomplete, of urllib3"),
        pytest.param(urllib3.exceptions.ProtocolError("cut"), id="protocol"),
        pytest.param(urllib3.exceptions.DecodeError("no chunk"), id="decoding"),
        pytest.param(http.client.IncompleteRead(b"x", 20), id="incomplete, of http"),
        pytest.param(ConnectionResetError(104, "reset"), id="reset"),
        pytest.param(ssl.SSLError(1, "record layer failure"), id="TLS, of the socket"),
        pytest.param(TimeoutError("timed out"), id="timeout"),
        pytest.param(HTTPClientError(error="anything"), id="the client's own"),
    ],
)
def test_any_error_of_the_connection_is_transient(listed, tmp_path, monkeypatch, error):
    """Whatever library says so: the object fails and the load goes on; the next run tries again."""
    archive, obj = listed
    broken = Breaking(error)
    monkeypatch.setattr(archive._client, "get_object", broken.open)

    with pytest.raises(TransientError) as caught:
        archive.download(obj, tmp_path / "x")

    assert caught.value.where.endswith(KEY)
    assert broken.opened == (1 if isinstance(error, HTTPClientError) else 3)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_error_of_the_connection(listed, tmp_path):
    """It stops the load instead of failing object after object."""
    archive, obj = listed

    with pytest.raises(FileNotFoundError):
        archive.download(obj, tmp_path / "gone" / "x")


def test_a_listing_that_is_no_listing_is_transient(bucket, proxy):
    """A proxy on the way answers with a page of its own, and half of it."""
    bucket.put(KEY)

    def page(target, reply):
        reply.body = b"<html><body>Welcome"

    proxy.fault = page
    with pytest.raises(TransientError, match="cannot list the bucket"):
        list(bucket.open().objects())


def test_changed_bytes_are_noticed(listed, proxy, tmp_path):
    """Right length, wrong bytes: the ETag is an MD5, so it is compared."""
    archive, obj = listed

    def flip(target, reply):
        reply.body = bytes([reply.body[0] ^ 1]) + reply.body[1:]
        reply.headers = [(name, value) for name, value in reply.headers if "checksum" not in name.lower()]

    proxy.fault = flip
    with pytest.raises(TransientError, match="not the listed one"):
        archive.download(obj, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_an_etag_of_parts_is_not_taken_for_an_md5(bucket, tmp_path):
    """Objects uploaded in parts have an ETag that no hash of the bytes equals."""
    upload = bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key=KEY)["UploadId"]
    part = bucket.client.upload_part(Bucket=bucket.bucket, Key=KEY, UploadId=upload, PartNumber=1, Body=BODY)
    bucket.client.complete_multipart_upload(
        Bucket=bucket.bucket,
        Key=KEY,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    archive = bucket.open()
    obj = next(iter(archive.objects()))

    archive.download(obj, tmp_path / "x")

    assert obj.etag.endswith("-1")
    assert (tmp_path / "x").read_bytes() == BODY


def test_a_cancelled_download_stops_and_leaves_nothing(listed, tmp_path):
    """The run ends while a large object comes in."""
    archive, obj = listed

    with pytest.raises(TransientError, match="cancelled"):
        archive.download(obj, tmp_path / "x", lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_listing_asks_for_no_day_that_is_not_wanted(bucket, proxy):
    """Ten years of history cost a frequent run nothing."""
    for day in ("2026-09-13", "2026-09-14", "2026-09-15"):
        bucket.put(f"segment-logs/src/{day}/x.gz")
    proxy.requests.clear()

    assert len(list(bucket.open().objects(start=date(2026, 9, 15)))) == 1

    assert not [request for request in proxy.requests if "2026-09-14" in unquote(request.target)]
    assert all("delimiter" in request.target for request in proxy.requests[:-1])


def test_a_bucket_that_does_not_exist_says_so(bucket):
    """The message names bucket and prefix."""
    archive = S3Archive(type(bucket.open()._walk._settings)("s3://no-such/x", endpoint_url=bucket.proxy_url))

    with pytest.raises(TerminalError, match=r"bucket does not exist\n  where: s3://no-such/x/"):
        list(archive.objects())


def test_a_page_in_the_place_of_a_listing_is_no_empty_bucket(bucket, proxy):
    """As the console of a storage server answers, on its other port."""

    def console(path, reply):
        reply.status, reply.body = 200, b"<html><body>Sign in</body></html>"

    proxy.fault = console

    with pytest.raises(TerminalError, match="the answer does not come from an S3 service") as caught:
        list(bucket.open().objects())
    assert "archive.endpoint_url" in caught.value.fix


def test_no_credentials_is_a_configuration_error(bucket, monkeypatch):
    """Nothing was touched; the message says where credentials may come from."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(ConfigError, match="no complete credentials") as caught:
        list(bucket.open().objects())
    assert "archive.anonymous" in caught.value.fix


def test_an_unknown_profile_is_a_configuration_error(bucket):
    """Before anything is asked of the service."""
    with pytest.raises(ConfigError, match="no AWS profile 'nobody'"):
        bucket.open(profile="nobody")


def test_a_public_bucket_is_read_without_signature(bucket, proxy, monkeypatch):
    """anonymous needs no credentials and sends none."""
    bucket.put(KEY)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    proxy.requests.clear()

    assert len(list(bucket.open(anonymous=True).objects())) == 1
    assert not [request for request in proxy.requests if "Authorization" in request.headers]


def test_a_role_is_assumed_and_its_key_is_used(bucket, proxy):
    """The role's own key signs the listing."""
    bucket.put(KEY)
    proxy.requests.clear()

    assert len(list(bucket.open(role_arn="arn:aws:iam::123456789012:role/reader").objects())) == 1

    assume, *listing = proxy.requests
    assert b"Action=AssumeRole" in assume.body
    assert not [request for request in listing if "AKIALOCALONLY" in request.headers["Authorization"]]


def test_no_connection_is_transient(bucket):
    """A service that is down may come back."""
    archive = bucket.open(endpoint_url="http://127.0.0.1:9")

    with pytest.raises(TransientError, match=r"no connection to the service \(EndpointConnectionError\)"):
        list(archive.objects())
