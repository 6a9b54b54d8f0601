"""What people do once the stacks are up, on boto3 and the stacks' outputs alone."""

__version__ = "1.0.0"
