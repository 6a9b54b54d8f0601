"""Write reports of a proof: each format is one function from the proof to text."""
