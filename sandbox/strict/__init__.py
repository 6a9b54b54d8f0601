"""The emulator's process: MiniStack, behind checks that make it refuse what AWS refuses."""

HEALTH_PATH = "/_ministack/health"
"""Answers whoever asks. All else takes a signed request."""

IDENTITY_CENTER = "x-sandbox-identity-center"
"""The header of requests of IAM Identity Center, with a secret: nobody else may change its roles."""

LENIENT = "SANDBOX_LENIENT"
"""The variable of the emulator's process that leaves MiniStack as it is by itself, if it is 1."""
