"""The policy of a bucket that keeps the stacks' state."""
