"""A Pulumi provider that takes the official AWS plugin's place where that one cannot be had.

It serves the resource types that the program uses, on boto3, and behaves as the official plugin does: the same
property names, defaults, ids and error texts, the same choice between update and replacement.
"""
