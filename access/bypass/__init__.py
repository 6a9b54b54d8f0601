"""Find paths around a Deny, and principals with unintended access."""
