"""Looking for ways around a Deny, and for principals that trust opens to without anyone having meant it."""
