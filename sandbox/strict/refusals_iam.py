"""IAM's refusals that MiniStack lacks: resources in use, names that are taken, AWS's own resources.

Each function is a rule, with AWS's codes and messages.
"""

from collections.abc import Collection, Mapping
from contextvars import ContextVar

from ministack.services import iam

from sandbox.strict.refusal import Refusal

_is_identity_center: ContextVar[bool] = ContextVar("is_identity_center", default=False)
_PROTECTED_PATHS = ("/aws-reserved/", "/aws-service-role/")


def begin(is_identity_center: bool) -> None:
    """Record if IAM Identity Center sends the request."""
    _is_identity_center.set(is_identity_center)


def protected_role(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to change a role of IAM Identity Center or of a service.

    Source: IAM API Reference, "PutRolePolicy" and others, UnmodifiableEntity.
    """
    name = parameters.get("RoleName", "")
    role = iam._roles.get(name)
    if not role or not role["Path"].startswith(_PROTECTED_PATHS) or _is_identity_center.get():
        return None
    return Refusal(
        400,
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
    )


def no_such_user(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse listings of a user that doesn't exist. Source: IAM API Reference, "ListAccessKeys", NoSuchEntity."""
    name = parameters.get("UserName")
    if not name or name in iam._users:
        return None
    return Refusal(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def no_such_policy(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to attach a policy that doesn't exist. Source: IAM API Reference, "AttachRolePolicy", NoSuchEntity."""
    arn = parameters.get("PolicyArn", "")
    if iam._lookup_policy(arn) is not None:
        return None
    return Refusal(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def group_in_use(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to delete a group that has members or policies.

    Source: IAM API Reference, "DeleteGroup": "The group must not contain any users or have any attached policies".
    """
    name = parameters.get("GroupName", "")
    group = iam._groups.get(name)
    if not group:
        return None
    return _delete_conflict(
        {
            "remove users from group": group["Users"],
            "delete policies": iam._group_inline_policies.get(name),
            "detach all policies": group["AttachedPolicies"],
        }
    )


def user_in_use(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to delete a user that has a password, an MFA device, groups or inline policies.

    Source: IAM API Reference, "DeleteUser": the items to remove first.
    """
    name = parameters.get("UserName", "")
    if name not in iam._users:
        return None
    return _delete_conflict(
        {
            "delete login profile": [name] if name in iam._login_profiles else [],
            "delete MFA device": [device for device in iam._mfa_devices.values() if device["User"] == name],
            "remove users from group": [group for group in iam._groups.values() if name in group["Users"]],
            "delete policies": iam._user_inline_policies.get(name),
        }
    )


def role_in_use(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to delete a role that is in an instance profile or has inline policies.

    Source: IAM API Reference, "DeleteRole": the items to remove first.
    """
    name = parameters.get("RoleName", "")
    role = iam._roles.get(name)
    if not role:
        return None
    profiles = [profile for profile in iam._instance_profiles.values() if name in profile["Roles"]]
    return _delete_conflict({"remove roles from instance profile": profiles, "delete policies": role["InlinePolicies"]})


def policy_has_versions(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to delete a policy that has versions besides the default one.

    Source: IAM API Reference, "DeletePolicy": the items to remove first.
    """
    policy = iam._policies.get(parameters.get("PolicyArn", ""))
    if not policy or len(policy["Versions"]) == 1:
        return None
    return Refusal(
        409,
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
        " The default version is deleted with the policy.",
    )


def user_exists(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse a user whose name is taken, in any case. Source: IAM API Reference, "CreateUser"."""
    return _taken("User with name {} already exists.", parameters.get("UserName", ""), iam._users)


def group_exists(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse a group whose name is taken. Source: as for users, "CreateGroup"."""
    return _taken("Group with name {} already exists.", parameters.get("GroupName", ""), iam._groups)


def new_group_name_exists(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse to rename a group to a name that is taken. Source: as for users, "UpdateGroup"."""
    others = [name for name in iam._groups if name != parameters.get("GroupName")]
    return _taken("Group with name {} already exists.", parameters.get("NewGroupName", ""), others)


def role_exists(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse a role whose name is taken. Source: as for users, "CreateRole"."""
    return _taken("Role with name {} already exists.", parameters.get("RoleName", ""), iam._roles)


def policy_exists(parameters: Mapping[str, str]) -> Refusal | None:
    """Refuse a policy whose name is taken, on any path. Source: as for users, "CreatePolicy"."""
    names = [arn.rpartition("/")[2] for arn in iam._policies]
    message = "A policy called {} already exists. Duplicate names are not allowed."
    return _taken(message, parameters.get("PolicyName", ""), names)


def _delete_conflict(obstacles: Mapping[str, Collection[object] | None]) -> Refusal | None:
    """Refuse to delete something that still has any of these; the keys are the steps that remove them."""
    for step, items in obstacles.items():
        if items:
            return Refusal(409, "DeleteConflict", f"Cannot delete entity, must {step} first.")
    return None


def _taken(message: str, name: str, names: Collection[str]) -> Refusal | None:
    if name.lower() in [known.lower() for known in names]:
        return Refusal(409, "EntityAlreadyExists", message.format(name))
    return None
