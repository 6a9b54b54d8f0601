"""Who gains and who loses what between two states of the repository."""
