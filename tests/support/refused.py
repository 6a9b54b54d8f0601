"""Return how AWS refuses a call."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Call = Callable[..., Any]


def refused(call: Call, **parameters: object) -> str:
    """Make a call, and return how it is refused: status, code and message."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    status, error = response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]
    return f"{status} {error['Code']}: {error['Message']}"
