"""The error answer to a refused request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An error answer of AWS."""

    status: int
    code: str
    message: str
