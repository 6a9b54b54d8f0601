"""The policy of the bucket that holds the stacks' state."""
