"""Review the deployed access: compare it with what the stacks declare, for every request."""
