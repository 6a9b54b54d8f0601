"""What botocore raises, in one line that holds nothing secret."""

from botocore.exceptions import BotoCoreError, ClientError


def describe(error: BotoCoreError | ClientError) -> str:
    """Return one line that says what went wrong."""
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return " ".join(f"{found.get('Code', '')}: {found.get('Message', '')}".split())
    return " ".join(str(error).split())
