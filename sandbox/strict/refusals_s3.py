"""S3's refusals that MiniStack lacks. Each function is a rule, with AWS's codes and messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ministack.core.responses import get_account_id
from ministack.services import s3

from sandbox.strict.accounts import Accounts
from sandbox.strict.policy_documents import bucket_policy_error
from sandbox.strict.refusal import Refusal

_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


@dataclass(frozen=True)
class Call:
    """An S3 call."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: bytes

    @property
    def bucket(self) -> str:
        """The call's bucket; empty if it has none."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The key of the call's object; empty if it has none."""
        return self.path.lstrip("/").partition("/")[2]

    @property
    def is_about_bucket(self) -> bool:
        """``True`` if the call is about a bucket, not an object in it."""
        return bool(self.bucket) and not self.key


Rule = Callable[[Call], Refusal | None]


def rules(accounts: Accounts) -> list[Rule]:
    """Return all rules."""
    return [_reserved_name, lambda call: _malformed_policy(call, accounts)]


def _reserved_name(call: Call) -> Refusal | None:
    """Refuse a bucket name that AWS reserves.

    Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    """
    name = call.bucket
    creates = call.method == "PUT" and call.is_about_bucket and not call.query
    if not creates or not (name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES)):
        return None
    return Refusal(400, "InvalidBucketName", "The specified bucket is not valid.")


def _malformed_policy(call: Call, accounts: Accounts) -> Refusal | None:
    """Refuse an invalid bucket policy or an unknown principal. Source: S3 API Reference, "PutBucketPolicy"."""
    puts = call.method == "PUT" and call.is_about_bucket and "policy" in call.query
    if not puts or not s3._buckets.contains_scoped(get_account_id(), None, call.bucket):
        return None
    error = bucket_policy_error(call.body.decode(errors="replace"), call.bucket, accounts)
    return Refusal(400, "MalformedPolicy", error) if error else None
