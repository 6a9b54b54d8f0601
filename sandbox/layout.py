"""Where the sandbox keeps things."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository: the program, its stack files, the tools' pinned versions."""

TOOLS = REPOSITORY / ".tools"
"""Everything that set-up installs and all sandboxes share: the Pulumi CLI, the AWS provider and the emulator."""

PULUMI_HOME = TOOLS / "pulumi-home"
"""The engine's own folder, so that people's ~/.pulumi stays untouched. Its AWS provider is the stand-in."""

OFFICIAL_PULUMI_HOME = TOOLS / "pulumi-home-official"
"""The same with the official AWS plugin."""


@dataclass(frozen=True)
class Layout:
    """The files of one sandbox. All of its state is in one folder, which can be deleted while it is down."""

    directory: Path

    def make(self) -> None:
        """Make the folder, unless it is there: readable by its owner alone, and ignored by git wherever it is."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / ".gitignore").write_text("*\n")

    @property
    def emulator_record(self) -> Path:
        """The emulator's port, and its process while it runs."""
        return self.directory / "emulator.json"

    @property
    def emulator_log(self) -> Path:
        """What the emulator printed."""
        return self.directory / "emulator.log"

    @property
    def emulator_calls(self) -> Path:
        """The calls of IAM and STS that came to the emulator: a line for each, the service and the action."""
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
        """The ids of the accounts that exist, beside those in which something is."""
        return self.directory / "account-ids.json"

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
    def published_roles(self) -> Path:
        """The list of the stacks' roles, as `access publish` writes one for a team."""
        return self.directory / "roles.json"

    @property
    def backend(self) -> Path:
        """The stacks' state."""
        return self.directory / "backend"

    def project(self, name: str) -> Path:
        """Return the folder of a project's generated files: Pulumi.yaml and the stack files, made from people's own."""
        return self.directory / "projects" / name

    @property
    def deployed_record(self) -> Path:
        """The record of what each stack was last deployed from."""
        return self.directory / "deployed.json"

    @property
    def lock(self) -> Path:
        """Held while the sandbox is being changed."""
        return self.directory / "lock"


def layout_of(folder: Path) -> Layout:
    """Return the sandbox of a project's folder."""
    return Layout(folder / ".sandbox")
