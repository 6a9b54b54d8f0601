"""The half of a proof that reads: what is deployed, compared with what the stacks declare, for every request."""
