"""The bucket and folder in which Pulumi stores state."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import AccessError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # Amazon S3 User Guide, "General purpose bucket naming rules"
_FOLDER = re.compile(r"[A-Za-z0-9!_.'()/-]*")  # no * ? $, which have a meaning in policies
_EXAMPLE = "write it as for `pulumi login`, e.g. s3://acme-state or s3://acme-state/iam"


@dataclass(frozen=True)
class Location:
    """A bucket and a folder in it."""

    bucket: str
    folder: str = ""
    """The folder with a slash at the end; empty for the bucket's root."""

    def key(self, name: str) -> str:
        """Return the key of an object in the folder."""
        return f"{self.folder}.pulumi/{name}"


def read_location(url: str) -> Location:
    """Return the place in a backend's URL, whose options, such as ``profile``, are ignored.

    Source: Pulumi's documentation, "Using a DIY backend".

    Raises:
        AccessError: the URL is not one of S3, or has characters with a meaning in policies.
    """
    parts = urlsplit(url)
    folder = parts.path.strip("/")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
        raise AccessError(f"{url!r} is not allowed; {_EXAMPLE}")
    if not _FOLDER.fullmatch(folder) or "//" in folder:
        raise AccessError(f"{url!r} is not allowed: the folder may have letters, digits and !_.'()/-; {_EXAMPLE}")
    return Location(parts.netloc, f"{folder}/" if folder else "")
