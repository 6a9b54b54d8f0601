"""The AWS partition of a resource's provider, looked up once per provider."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws

from . import rules

_TOKEN = "aws:index/getPartition:getPartition"  # noqa: S105 (a function's)


@dataclass(frozen=True)
class Partition:
    """An AWS partition. Not a mapping, because the SDK would look into it at each use."""

    name: str
    """``aws``, ``aws-us-gov``, ``aws-cn``, …"""
    dns_suffix: str
    """``amazonaws.com``, ``amazonaws.com.cn``, …"""


_known: WeakKeyDictionary[pulumi.Resource, pulumi.Output[Partition]] = WeakKeyDictionary()


def partition_of(resource: pulumi.Resource) -> pulumi.Output[Partition]:
    """Return the partition of the provider that a resource passes to its children.

    The answer is cached by provider; for the default provider, by stack, which ends with the program.
    """
    owner = resource.get_provider(_TOKEN) or pulumi.runtime.get_root_resource()
    if owner is None:  # serving a program in another language, where each call is a program of its own
        return _look_up(resource)
    if owner not in _known:
        _known[owner] = _look_up(resource)
    return _known[owner]


def _look_up(resource: pulumi.Resource) -> pulumi.Output[Partition]:
    answer = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=resource))
    return answer.apply(lambda known: Partition(known.partition, known.dns_suffix))


async def check_against(partition: pulumi.Output[Partition], key: str, value: object) -> None:
    """Check that an ARN, or each ARN of a list, belongs to a partition, unless the partition is not known yet."""
    own = await partition.future()
    if own is not None:
        rules.check_partition(key, value, own.name)
