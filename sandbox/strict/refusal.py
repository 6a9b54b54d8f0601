"""How a request is refused."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An error that AWS answers."""

    status: int
    code: str
    message: str
