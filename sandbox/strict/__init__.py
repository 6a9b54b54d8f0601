"""The emulator's process: MiniStack, with checks that make it refuse what AWS refuses."""

HEALTH_PATH = "/_ministack/health"
"""The one path that answers unsigned requests."""

IDENTITY_CENTER = "x-sandbox-identity-center"
"""The header of IAM Identity Center's requests, with a secret: nobody else may change its roles."""

LENIENT = "SANDBOX_LENIENT"
"""The environment variable of the emulator's process that switches the checks off, if it is 1."""
