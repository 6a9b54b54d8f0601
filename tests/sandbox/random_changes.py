"""Make random calls of IAM, S3 and STS in the emulator's own Python, and print its stores.

``random_changes.py make SEED CALLS`` makes the calls and saves as the emulator does; ``random_changes.py show`` loads
the saved state. Both print the stores, and end as if they were killed.
"""

import asyncio
import json
import os
import random
import sys
from typing import Any

from ministack.core import persistence
from ministack.core.responses import set_request_account_id
from ministack.services import iam, s3, sts

from sandbox.strict import saving

ACCOUNTS = ("111111111111", "999999999999")
NAMES = ("Ann", "Bob", "Cyd")
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
BUCKET_SETTINGS = {
    "encryption": "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
    "</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    "ownershipControls": "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
    "</OwnershipControls>",
    "policy": "",
    "publicAccessBlock": "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
    "</PublicAccessBlockConfiguration>",
    "tagging": "<Tagging><TagSet><Tag><Key>Team</Key><Value>é</Value></Tag></TagSet></Tagging>",
    "versioning": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
}


def stores() -> dict[str, Any]:
    """Return the content of the stores in memory."""
    held = {f"iam {name}": store._data for name, store in saving._STORES["iam"].items()}
    held |= {f"s3 {name}": store._data for name, store in saving._STORES["s3"].items()}
    return {
        name: {
            repr(key): {part: value[part] for part in value if part != "objects"} if name == "s3 buckets" else value
            for key, value in entries.items()
        }
        for name, entries in {**held, "sts sessions": sts._sessions}.items()
    }


def iam_parameters(chance: random.Random, account: str) -> dict[str, list[str]]:
    """Return a superset of every IAM call's parameters."""
    name, other = chance.choice(NAMES), chance.choice(NAMES)
    keys = [key for owner, key in iam._access_keys._data if owner == account]
    devices = [serial for owner, serial in iam._mfa_devices._data if owner == account]
    profiles = [arn for owner, arn in iam._saml_providers._data if owner == account]
    roles = [role for owner, role in iam._roles._data if owner == account]
    values = {
        **dict.fromkeys(("UserName", "VirtualMFADeviceName", "Name", "AccountAlias"), name),
        **dict.fromkeys(("GroupName", "InstanceProfileName", "PolicyName"), other),
        **dict.fromkeys(("PolicyDocument", "AssumeRolePolicyDocument"), DOCUMENT),
        "AccessKeyId": chance.choice([*keys, "none"]),
        "AWSServiceName": "ecs.amazonaws.com",
        "Arn": f"arn:aws:iam::{account}:user/{name}",
        "AuthenticationCode1": "123456",
        "AuthenticationCode2": "654321",
        "Description": chance.choice(["", 'ü"\n', "\u2028"]),
        "OpenIDConnectProviderArn": f"arn:aws:iam::{account}:oidc-provider/{name.lower()}.example",
        "Password": "none",
        "PolicyArn": f"arn:aws:iam::{account}:policy/{other}",
        "SAMLMetadataDocument": "<EntityDescriptor/>",
        "SAMLProviderArn": chance.choice([*profiles, "none"]),
        "SerialNumber": chance.choice([*devices, "none"]),
        "SetAsDefault": "true",
        "RoleName": chance.choice([*roles, name]),
        "Status": chance.choice(["Active", "Inactive"]),
        "TagKeys.member.1": "Team",
        "Tags.member.1.Key": "Team",
        "Tags.member.1.Value": other,
        "Url": f"https://{name.lower()}.example",
        "UserPermissionsBoundary": "none",
        "VersionId": "v1",
    }
    return {key: [value] for key, value in values.items()}


async def call(chance: random.Random) -> None:
    """Make a call. Many are refused, because their resources do not exist."""
    account = chance.choice(ACCOUNTS)
    set_request_account_id(account)
    service = chance.choice(["iam"] * 6 + ["s3"] * 3 + ["sts"])
    if service == "iam":
        kind = chance.choice(["Create", "Put", "Attach", "Update", "", ""])
        action = chance.choice([name for name in iam._IAM_HANDLERS if name.startswith(kind)])
        iam._IAM_HANDLERS[action](iam_parameters(chance, account))
    elif service == "sts":
        session = {"Arn": f"arn:aws:sts::{account}:assumed-role/Ann/s", "Expiration": 1e11, "SessionTags": [{}]}
        sts.register_session(f"ASIA{chance.randrange(50)}", session)
    else:
        bucket, setting = f"bucket-{chance.randrange(3)}-{account}", chance.choice([None, "key", *BUCKET_SETTINGS])
        method = chance.choice(["PUT", "PUT", "PUT", "DELETE"])
        path = f"/{bucket}/kept/{chance.randrange(3)}" if setting == "key" else f"/{bucket}"
        query = {setting: [""]} if setting in BUCKET_SETTINGS else {}
        statement = {"Effect": "Deny", "Action": "s3:*", "Principal": "*", "Resource": f"arn:aws:s3:::{bucket}/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        body = policy if setting == "policy" else BUCKET_SETTINGS.get(setting or "", "")
        await s3.handle_request(method, path, {}, body.encode(), query)


async def make(seed: int, calls: int) -> set[str]:
    """Make calls and save after each. Return the stores that were ever used."""
    chance, used = random.Random(seed), set()  # noqa: S311 (it must be reproducible)
    for _ in range(calls):
        await call(chance)
        saving.save()
        used |= {name for name, entries in stores().items() if entries}
    return used


def main() -> None:
    """Make calls, or none, and print the stores."""
    saving.load()
    used = asyncio.run(make(int(sys.argv[2]), int(sys.argv[3]))) if sys.argv[1] == "make" else set()
    text = json.dumps({"stores": stores(), "used": sorted(used)}, default=persistence._json_default, sort_keys=True)
    print(text, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
