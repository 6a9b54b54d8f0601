"""The paths of the sandbox's files."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository: the program, its stack files, the tools' pinned versions."""

TOOLS = REPOSITORY / ".tools"
"""Everything that set-up installs and all sandboxes share: the Pulumi CLI, the AWS provider and the emulator."""

PULUMI_HOME = TOOLS / "pulumi-home"
"""The engine's own folder, so that ~/.pulumi stays untouched. Its AWS provider is the stand-in."""

OFFICIAL_PULUMI_HOME = TOOLS / "pulumi-home-official"
"""The engine's folder for the official AWS plugin."""


@dataclass(frozen=True)
class Layout:
    """The files of one sandbox. All of its state is in one folder, which can be deleted while the sandbox is down."""

    directory: Path

    def make(self) -> None:
        """Create the folder if it is missing: readable by its owner only, and ignored by git."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / ".gitignore").write_text("*\n")

    @property
    def emulator_record(self) -> Path:
        """The emulator's port, and its process id while it is running."""
        return self.directory / "emulator.json"

    @property
    def emulator_log(self) -> Path:
        """The emulator's output."""
        return self.directory / "emulator.log"

    @property
    def emulator_calls(self) -> Path:
        """The IAM and STS calls that the emulator received: one line for each service and action."""
        return self.directory / "calls.log"

    @property
    def secret_key(self) -> Path:
        """The random key that the accounts' secrets are derived from."""
        return self.directory / "secret-key"

    @property
    def emulator_state(self) -> Path:
        """The accounts' resources."""
        return self.directory / "accounts"

    @property
    def account_ids(self) -> Path:
        """The ids of the accounts that exist, besides those that have resources."""
        return self.directory / "account-ids.json"

    @property
    def certificates(self) -> Path:
        """The emulator's TLS certificate and the authority that signed it."""
        return self.directory / "certificates"

    @property
    def ca_bundle(self) -> Path:
        """The certificate authority that clients must trust."""
        return self.certificates / "ca.pem"

    @property
    def aws_config(self) -> Path:
        """The AWS profiles for the accounts."""
        return self.directory / "aws-config"

    @property
    def published_roles(self) -> Path:
        """The list of the stacks' roles, in the format of `access publish`."""
        return self.directory / "roles.json"

    @property
    def backend(self) -> Path:
        """The stacks' state."""
        return self.directory / "backend"

    def project(self, name: str) -> Path:
        """Return the folder of a project's generated files: Pulumi.yaml and the stack files."""
        return self.directory / "projects" / name

    @property
    def deployed_record(self) -> Path:
        """The record of each stack's files at its last deployment."""
        return self.directory / "deployed.json"

    @property
    def lock(self) -> Path:
        """The lock that is held while a command changes the sandbox."""
        return self.directory / "lock"


def layout_of(folder: Path) -> Layout:
    """Return the sandbox of a project's folder."""
    return Layout(folder / ".sandbox")
