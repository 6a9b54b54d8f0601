"""Where the sandbox keeps things."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository: the program, its stack files, the tools' pinned versions."""

TOOLS = REPOSITORY / ".tools"
"""What set-up installs and every sandbox shares: the Pulumi CLI, the AWS provider and the emulator."""

PULUMI_HOME = TOOLS / "pulumi-home"
"""The engine's own folder, so that people's ~/.pulumi stays untouched."""


@dataclass(frozen=True)
class Layout:
    """The files of one sandbox. All of its state is in one folder, which can be deleted while it is down."""

    directory: Path
    source: Path = REPOSITORY
    """The project that is deployed: the repository's own, or one of a folder in it."""

    @property
    def emulator_record(self) -> Path:
        """The emulator's port, and its process while it runs."""
        return self.directory / "emulator.json"

    @property
    def emulator_log(self) -> Path:
        """What the emulator printed."""
        return self.directory / "emulator.log"

    @property
    def secret_key(self) -> Path:
        """The random key that the accounts' secrets are derived from."""
        return self.directory / "secret-key"

    @property
    def emulator_state(self) -> Path:
        """The accounts' resources."""
        return self.directory / "accounts"

    @property
    def certificates(self) -> Path:
        """The emulator's TLS certificate and the authority that signed it."""
        return self.directory / "certificates"

    @property
    def ca_bundle(self) -> Path:
        """The authority that clients have to trust."""
        return self.certificates / "ca.pem"

    @property
    def aws_config(self) -> Path:
        """The profiles with which AWS tools reach the accounts."""
        return self.directory / "aws-config"

    @property
    def backend(self) -> Path:
        """The stacks' state."""
        return self.directory / "backend"

    @property
    def project(self) -> Path:
        """The project file and stack files, made from the tracked ones."""
        return self.directory / "project" / self.source.relative_to(REPOSITORY)

    @property
    def lock(self) -> Path:
        """Held while the sandbox is being changed."""
        return self.directory / "lock"


DEFAULT_LAYOUT = Layout(REPOSITORY / ".sandbox")
"""The sandbox that the commands work on."""
