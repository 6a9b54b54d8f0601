"""A proof, as people and machines read it: each report is one function from the proof to text."""
