"""The emulator's process: MiniStack, behind checks that make it refuse what AWS refuses."""

HEALTH_PATH = "/_ministack/health"
"""Answers whoever asks. All else takes a signed request."""
