"""The partition that a resource's provider works in, asked for once per provider."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws as aws

from . import rules

_TOKEN = "aws:index/getPartition:getPartition"  # noqa: S105 (a function's)


@dataclass(frozen=True)
class Partition:
    """A partition of AWS. An object, as the SDK would look into a mapping at each use."""

    name: str
    """``aws``, ``aws-us-gov``, ``aws-cn``, …"""
    dns_suffix: str
    """``amazonaws.com``, ``amazonaws.com.cn``, …"""


_known: WeakKeyDictionary[pulumi.Resource, pulumi.Output[Partition]] = WeakKeyDictionary()


def partition_of(resource: pulumi.Resource) -> pulumi.Output[Partition]:
    """Return the partition of a resource: that of the provider which its children take.

    The answer is kept with the provider; for the default provider, with the stack, which ends with the program.
    """
    keeper = resource.get_provider(_TOKEN) or pulumi.runtime.get_root_resource()
    if keeper is None:  # served to a program in another language: each call is a program of its own
        return _asked(resource)
    if keeper not in _known:
        _known[keeper] = _asked(resource)
    return _known[keeper]


def _asked(resource: pulumi.Resource) -> pulumi.Output[Partition]:
    answer = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=resource))
    return answer.apply(lambda known: Partition(known.partition, known.dns_suffix))


async def check_against(partition: pulumi.Output[Partition], key: str, value: object) -> None:
    """Check that an ARN, or each of a list, is of a partition; not if the provider does not know its own yet."""
    own = await partition.future()
    if own is not None:
        rules.check_partition(key, value, own.name)
