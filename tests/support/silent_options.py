"""The options that change no document."""

from tests.support.role_calls import OWNER, Args

SILENT: Args = {
    "name": "UpdateApp",
    "policy_name": "update-app",
    "path": "/delegated/",
    "description": "updates the application",
    "tags": {"team": "blue"},
    "max_session_duration": 43200,
    "permissions_boundary": f"arn:aws:iam::{OWNER}:policy/boundary",
}
GRANT_SILENT: Args = {"role": "deploy", "permission_set": "Dev", "group": "Developers", "policy_name": "other"}
