"""The refusals of S3 that MiniStack lacks, a rule a function, in AWS's codes and words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ministack.core.responses import get_account_id
from ministack.services import s3

from sandbox.strict.accounts import Accounts
from sandbox.strict.policy_documents import wrong_with_bucket_policy
from sandbox.strict.refusal import Refusal

_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an")


@dataclass(frozen=True)
class Call:
    """A call of S3."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: bytes

    @property
    def bucket(self) -> str:
        """The bucket that it is about, if it is about one."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object that it is about, if it is about one."""
        return self.path.lstrip("/").partition("/")[2]

    @property
    def is_about_bucket(self) -> bool:
        """``True`` if it is about a bucket and not about an object in it."""
        return bool(self.bucket) and not self.key


Rule = Callable[[Call], Refusal | None]


def rules(accounts: Accounts) -> list[Rule]:
    """Return all rules."""
    return [_reserved_name, lambda call: _malformed_policy(call, accounts)]


def _reserved_name(call: Call) -> Refusal | None:
    """Refuse a bucket a name that AWS keeps for itself.

    Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    """
    name = call.bucket
    creates = call.method == "PUT" and call.is_about_bucket and not call.query
    if not creates or not (name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES)):
        return None
    return Refusal(400, "InvalidBucketName", "The specified bucket is not valid.")


def _malformed_policy(call: Call, accounts: Accounts) -> Refusal | None:
    """Refuse what is no policy of the bucket, or names nobody. Source: S3 API Reference, "PutBucketPolicy"."""
    puts = call.method == "PUT" and call.is_about_bucket and "policy" in call.query
    if not puts or not s3._buckets.contains_scoped(get_account_id(), None, call.bucket):
        return None
    wrong = wrong_with_bucket_policy(call.body.decode(errors="replace"), call.bucket, accounts)
    return Refusal(400, "MalformedPolicy", wrong) if wrong else None
