"""The bucket, and the folder in it, in which Pulumi keeps state."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import AccessError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # Amazon S3 User Guide, "General purpose bucket naming rules"
_FOLDER = re.compile(r"[A-Za-z0-9!_.'()/-]*")  # no * ? $, which mean something in a policy
_EXAMPLE = "write it as for `pulumi login`, e.g. s3://acme-state or s3://acme-state/iam"


@dataclass(frozen=True)
class Location:
    """A bucket and a folder in it."""

    bucket: str
    folder: str = ""
    """Ends with a slash, unless it is empty."""

    def key(self, name: str) -> str:
        """Return the key of something in the folder."""
        return f"{self.folder}.pulumi/{name}"


def read_location(url: str) -> Location:
    """Return the place that a backend's URL names; its options, such as ``profile``, don't matter.

    Source: Pulumi's documentation, "Using a DIY backend".

    Raises:
        AccessError: it is no URL of S3, or it has characters that have a meaning in policies.
    """
    parts = urlsplit(url)
    folder = parts.path.strip("/")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
        raise AccessError(f"{url!r} is not allowed; {_EXAMPLE}")
    if not _FOLDER.fullmatch(folder) or "//" in folder:
        raise AccessError(f"{url!r} is not allowed: the folder may have letters, digits and !_.'()/-; {_EXAMPLE}")
    return Location(parts.netloc, f"{folder}/" if folder else "")
