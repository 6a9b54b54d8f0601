"""Shell completion: a short script for each shell, which asks the command itself for the next words."""
