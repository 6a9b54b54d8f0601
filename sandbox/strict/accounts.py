"""The accounts of the sandbox and their principals, which policies may name."""

import json
import re
from pathlib import Path

from ministack.services import iam, s3, sts

_IAM_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>root|user|role)(?:/(?P<name>.+))?")
_SESSION_ARN = re.compile(r"arn:aws[a-z-]*:sts::(?P<account>\d{12}):(?P<kind>assumed-role|federated-user)/(?P<name>.+)")
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")


class Accounts:
    """The accounts in a list, and those that have resources. Without the list, every account exists."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def has_principal(self, name: str) -> bool:
        """Return ``True`` if a policy may have this name as an AWS principal.

        Source: IAM User Guide, "AWS JSON policy elements: Principal".
        """
        if name == "*":
            return True
        if re.fullmatch(r"\d{12}", name):
            return self._exists(name)
        if _UNIQUE_ID.fullmatch(name):
            entities = [*iam._users._data.values(), *iam._roles._data.values()]
            return name in [entity.get("UserId") or entity.get("RoleId") for entity in entities]
        found = _IAM_ARN.fullmatch(name) or _SESSION_ARN.fullmatch(name)
        if found is None or not self._exists(found["account"]):
            return False
        if found["kind"] in ("user", "role"):
            store = iam._users if found["kind"] == "user" else iam._roles
            entity = store.get_scoped(found["account"], None, (found["name"] or "").rpartition("/")[2])
            return entity is not None and entity["Arn"] == name
        if found["kind"] == "assumed-role":
            return iam._roles.get_scoped(found["account"], None, found["name"].partition("/")[0]) is not None
        return (found["kind"] == "root") == (found["name"] is None)

    def _exists(self, account_id: str) -> bool:
        try:
            known = json.loads(self._file.read_text())
        except FileNotFoundError:
            return True
        stores = (iam._users, iam._roles, iam._groups, iam._policies, s3._buckets)
        return (
            account_id in known
            or any(key[0] == account_id for store in stores for key in store._data)
            or any(session.get("AccountId") == account_id for session in sts._sessions.values())
        )
