"""A Pulumi provider for AWS that stands in for the official plugin where that can't be downloaded.

It serves the resource types that the program uses, on boto3, and behaves as the official plugin does: the same
property names, defaults, ids and error texts, and the same choice between update and replacement.
"""
