"""The program's own parts: what a stack's file says, what other stacks export, and what this one exports."""
