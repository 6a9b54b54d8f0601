"""The program's own modules: a stack's settings, the roles of other stacks, and the outputs."""
