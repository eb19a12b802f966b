"""Archives: where the raw history is. `open_archive` finds the adapter by the scheme of the URI."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from loader.archive.base import Archive, ArchiveObject, ArchiveOptions
from loader.errors import ConfigError

__all__ = ["Archive", "ArchiveObject", "ArchiveOptions", "open_archive"]


def open_archive(settings: ArchiveOptions) -> Archive:
    """Open the archive of one source. Reads nothing yet, but looks for the credentials and the folder.

    Raises ConfigError for an unknown scheme, a folder that does not exist, or a profile that is not configured.
    """
    scheme, separator, rest = settings.uri.partition("://")
    if separator and scheme.lower() == "s3":
        from loader.archive.s3 import S3Archive  # importing boto3 takes a third of a second, and folders do not need it

        return S3Archive(settings)
    if separator and scheme.lower() != "file":
        raise ConfigError(
            f"unknown archive scheme {scheme!r}", "archive.uri", "use s3://bucket/prefix/, a folder, or file:///folder"
        )
    from loader.archive.files import FolderArchive

    folder = unquote(urlsplit(settings.uri).path) if separator else settings.uri
    if separator and not rest.startswith("/"):
        raise ConfigError("a file URI needs three slashes", "archive.uri", "write file:///path/to/folder")
    return FolderArchive(Path(folder).expanduser(), settings)
