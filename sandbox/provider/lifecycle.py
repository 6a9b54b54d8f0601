"""What holds for resources of all types: where they are, and what is read of them."""

from sandbox.provider.configuration import Aws
from sandbox.provider.resource import ResourceType
from sandbox.provider.values import Properties


def in_own_region(aws: Aws, kind: ResourceType, properties: Properties) -> Aws:
    """Return the account in the region of the resource with these inputs or outputs."""
    region = properties.get("region")
    return aws.in_region(region) if kind.regional and isinstance(region, str) else aws


def read(aws: Aws, kind: ResourceType, resource_id: str, olds: Properties) -> Properties | None:
    """Return the resource's outputs, given the last known ones; nothing if it is gone."""
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
