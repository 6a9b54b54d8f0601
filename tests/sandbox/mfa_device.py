"""A user's virtual MFA device."""

from typing import TYPE_CHECKING

from sandbox.strict.totp import code_at, step_now

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class MfaDevice:
    """A device that is created and enabled for a user. Each code is new, without waiting."""

    def __init__(self, iam: "IAMClient", user_name: str) -> None:
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user_name)["VirtualMFADevice"]
        self.serial_number = device["SerialNumber"]
        self._seed = device["Base32StringSeed"].decode()
        self._step = step_now() - 2
        codes = (code_at(self._seed, self._step - 1), code_at(self._seed, self._step))
        iam.enable_mfa_device(
            UserName=user_name,
            SerialNumber=self.serial_number,
            AuthenticationCode1=codes[0],
            AuthenticationCode2=codes[1],
        )

    def next_code(self) -> str:
        """Return an unused code. Two codes are valid at any time, because the sandbox allows for drift."""
        self._step = max(self._step + 1, step_now())
        return code_at(self._seed, self._step)
