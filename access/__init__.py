"""Day-to-day tools for deployed stacks, based on boto3 and the stacks' outputs alone."""

__version__ = "1.0.0"
