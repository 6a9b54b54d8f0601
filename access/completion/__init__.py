"""Completion on the TAB key: a few lines for each shell, which ask the command itself what may follow."""
