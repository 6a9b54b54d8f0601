"""The comparison of two states of the repository: gains and losses of access."""
