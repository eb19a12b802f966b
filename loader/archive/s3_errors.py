"""Translates errors of the S3 client, and of the libraries below it, into our error classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from loader.errors import ConfigError, LoaderError, TerminalError, TransientError

LIBRARY: Final = (BotoCoreError, ClientError, ResponseParserError)
"""What a request may raise. `translate` knows them."""
CUT: Final = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, FlexibleChecksumError)
"""What ends a download half way and is worth another attempt at once."""
_REASONS: Mapping[str, tuple[str, str]] = {
    "403": ("access was denied", "grant s3:GetObject on the objects and s3:ListBucket on the bucket"),
    "404": ("the object is gone", "nothing to do if it was removed on purpose; a later listing leaves it out"),
    "412": ("the object was rewritten after it was listed", "run again: the next run reads the new version"),
    "NoSuchBucket": ("the bucket does not exist", "check the bucket in archive.uri, archive.region and endpoint_url"),
    "KMS": ("the key that encrypts the object refused", "grant kms:Decrypt on the key, and see that it is enabled"),
    "InvalidAccessKeyId": ("the access key is not known", "check the credentials that this process finds"),
    "SignatureDoesNotMatch": ("the secret key is wrong", "check the credentials that this process finds"),
    "ExpiredToken": ("the session token has expired", "sign in again, or use a role that renews itself"),
    "RequestTimeTooSkewed": ("the clock of this machine is wrong", "set it, best by a time service, and run again"),
    "InvalidObjectState": ("the object is in cold storage", "restore it to a class that can be read at once"),
    "PermanentRedirect": ("the bucket is in another region", "set archive.region"),
}
_SAME = {
    "AccessDenied": "403",
    "Forbidden": "403",
    "AllAccessDisabled": "403",
    "NoSuchKey": "404",
    "NotFound": "404",
    "NoSuchVersion": "404",
    "PreconditionFailed": "412",
    "AuthorizationHeaderMalformed": "PermanentRedirect",
    "301": "PermanentRedirect",
    "InvalidToken": "ExpiredToken",
    "RequestExpired": "ExpiredToken",
}
_TRANSIENT = frozenset({"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequestsException"})


def chunks(body: Any, chunk_bytes: int) -> Iterator[bytes]:
    """The stored bytes of a reply: botocore's read() never undoes a Content-Encoding.

    botocore passes on errors of the connection that it does not know; here each becomes one of CUT.
    """
    while True:
        try:
            chunk = body.read(chunk_bytes)
        except BotoCoreError:
            raise
        except (HTTPError, HTTPException, OSError) as error:
            raise ResponseStreamingError(error=type(error).__name__) from error
        if not chunk:
            return
        yield chunk


def translate(error: Exception, doing: str, where: str) -> LoaderError:
    """Our error for an error of the library, chosen by code and status: its text may contain keys or tokens."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code.startswith("KMS."):
            code = "KMS"
        elif code not in _REASONS:
            code = _SAME.get(code, str(status) if str(status) in _REASONS else code)
        if code in _REASONS:
            what, fix = _REASONS[code]
            return TerminalError(f"cannot {doing}: {what}", where, fix)
        kind = TransientError if status >= 500 or status == 429 or code in _TRANSIENT else TerminalError
        return kind(f"cannot {doing}: the service answered {status} {code}".rstrip(), where, "see the service's status")
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return ConfigError(
            f"cannot {doing}: no complete credentials were found",
            where,
            "set archive.profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or archive.anonymous: true",
        )
    if isinstance(error, (HTTPClientError, NoConnectionError, ResponseParserError)):
        return TransientError(
            f"cannot {doing}: no connection to the service ({type(error).__name__})",
            where,
            "check the network and archive.endpoint_url, then run again",
        )
    return TerminalError(f"cannot {doing} ({type(error).__name__})", where, "check the settings under archive")
