"""Create, read and update a resource of any type; create it only once, even if AWS's answer gets lost."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from sandbox.provider.configuration import Aws
from sandbox.provider.resource import RefusedError, ResourceType, changes
from sandbox.provider.values import Properties

_NAME_TAKEN = ("BucketAlreadyOwnedByYou", "EntityAlreadyExists")


class UncertainError(Exception):
    """AWS may or may not have created the resource, and does not answer. The cause has the reason."""

    def __init__(self, resource_id: str) -> None:
        super().__init__(resource_id)
        self.resource_id = resource_id


def in_own_region(aws: Aws, kind: ResourceType, properties: Properties) -> Aws:
    """Return the account, in the region of the resource with these inputs or outputs."""
    region = properties.get("region")
    return aws.in_region(region) if kind.regional and isinstance(region, str) else aws


def read(aws: Aws, kind: ResourceType, resource_id: str, olds: Properties) -> Properties | None:
    """Return the resource's outputs, given the last known ones; nothing if it does not exist."""
    outputs = kind.read(aws, resource_id, olds)
    if outputs is None:
        return None
    if kind.regional:
        outputs["region"] = aws.region
    if kind.taggable:
        everything, own = outputs["tagsAll"], olds.get("tags")
        defaults = aws.configuration.default_tags
        if isinstance(everything, dict):
            outputs["tags"] = {
                key: value
                for key, value in everything.items()
                if defaults.get(key) != value or (isinstance(own, dict) and key in own)
            } or None
    return {"id": resource_id, **outputs}


def create(aws: Aws, kind: ResourceType, inputs: Properties, begin: Callable[[], None] = lambda: None) -> str:
    """Create the resource and return its id.

    AWS's answer may get lost after the resource was created; a retry then fails because the name is taken. If the name
    was free just before, and the resource that has it now matches the inputs, it is this resource.

    Args:
        aws: the account.
        kind: the resource's type.
        inputs: its inputs.
        begin: is called before the creation, unless the name is taken already.

    Raises:
        UncertainError: the answer got lost, and AWS does not answer any more.
    """
    planned = kind.planned_id(aws, inputs) if kind.planned_id else None
    was_free = None if planned is None else _is_free(aws, kind, planned, inputs)
    if was_free is not False:
        begin()
    if planned is None or not was_free:
        return kind.create(aws, inputs)
    try:
        return kind.create(aws, inputs)
    except Exception as error:
        if not _may_exist(error):
            raise
        try:
            found = read(aws, kind, planned, inputs)
        except Exception:
            raise UncertainError(planned) from error
        if found is None or any(change.name not in ("tags", "tagsAll") for change in changes(kind, found, {}, inputs)):
            raise
        return planned


def update(aws: Aws, kind: ResourceType, resource_id: str, olds: Properties, news: Properties) -> None:
    """Change the resource from the old outputs to the new inputs.

    A resource whose creation ended in an :class:`UncertainError` is created if it does not exist.
    """
    if kind.planned_id and "arn" not in olds and kind.read(aws, resource_id, olds) is None:
        kind.create(aws, news)
        kind.complete(aws, resource_id, news)
    else:
        kind.update(aws, resource_id, olds, news)


def _is_free(aws: Aws, kind: ResourceType, planned: str, inputs: Properties) -> bool | None:
    """Return ``True`` if the planned id is free; ``None`` if AWS refuses to say."""
    try:
        return kind.read(aws, planned, inputs) is None
    except ClientError:  # the error of the create call itself is clearer
        return None


def _may_exist(error: Exception) -> bool:
    """Return ``True`` if AWS may have created the resource in spite of this error."""
    if not isinstance(error, ClientError):
        return not isinstance(error, RefusedError)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= 500 or error.response["Error"].get("Code") in _NAME_TAKEN
