"""Prove access with real calls, and compare and report proofs."""
