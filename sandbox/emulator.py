"""The AWS emulator's process: all accounts on one port of 127.0.0.1, over TLS, for callers with an account's secret."""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import trustme

from sandbox.errors import SandboxError
from sandbox.isolation import child_environment
from sandbox.layout import REPOSITORY, Layout
from sandbox.secret_key import derived_secret, make_key, read_key
from sandbox.strict import HEALTH_PATH, LENIENT

_START_SECONDS = 30.0
_RELEASE_SECONDS = 2.0
_SANDBOX = REPOSITORY / "sandbox"
_SERVER = _SANDBOX / "strict" / "server.py"


class Emulator:
    """The emulator of one sandbox. It outlives the process that starts it, and keeps its port and its state."""

    def __init__(self, layout: Layout, *, lenient: bool | None = None) -> None:
        """Describe the emulator of a sandbox.

        Args:
            layout: the sandbox's files.
            lenient: answer as plain MiniStack does where AWS is stricter; ``None``: as at the last start, and strictly
                at the first.
        """
        self._layout = layout
        record = _read_record(layout.emulator_record)
        self._port, self._pid = record.get("port"), record.get("pid")
        self._was_lenient = bool(record.get("lenient"))
        self._lenient = self._was_lenient if lenient is None else lenient

    @property
    def endpoint(self) -> str:
        """The emulator's address, e.g. ``https://127.0.0.1:41234``.

        Raises:
            SandboxError: the emulator was never started.
        """
        if self._port is None:
            raise SandboxError("the sandbox was never started; run `python -m sandbox up`")
        return f"https://127.0.0.1:{self._port}"

    @property
    def description(self) -> str:
        """The emulator's address, and a note if it is lenient."""
        return f"{self.endpoint}{', lenient: accepts requests that AWS refuses' if self._lenient else ''}"

    @property
    def pid(self) -> int | None:
        """The emulator's process id, if it is running."""
        return self._pid if self._pid is not None and self._is_ours(self._pid) else None

    @property
    def running(self) -> bool:
        """``True`` if the emulator is running and answers."""
        return self.pid is not None and self._answers()

    def calls(self) -> set[tuple[str, str]]:
        """Return the IAM and STS calls that the emulator has received, as services and actions."""
        with suppress(FileNotFoundError):
            lines = self._layout.emulator_calls.read_text().splitlines()
            return {(service, action) for service, _, action in (line.partition(" ") for line in lines)}
        return set()

    def secret_of(self, account_id: str) -> str:
        """Return the secret access key of an account's root, whose access key id is the account's id.

        Any other name has a secret too.

        Raises:
            SandboxError: the sandbox was never started.
        """
        return derived_secret(read_key(self._layout.secret_key), account_id)

    def start(self, python: Path) -> bool:
        """Start the emulator with its own Python, and wait until it answers.

        One that is already running with the right strictness is kept; any other is restarted.

        Returns:
            ``True`` if this call started it.

        Raises:
            SandboxError: it does not start.
        """
        kept = (self._layout.emulator_state, self._layout.backend)
        if any(folder.exists() for folder in kept) and not self._layout.secret_key.exists():
            raise SandboxError(
                f"{self._layout.directory} has lost its key: part of it was deleted, or an older version of the sandbox"
                " made it; run `python -m sandbox down --wipe`, then `python -m sandbox up`"
            )
        if self.running and self._was_lenient == self._lenient:
            return False
        self.stop()
        make_key(self._layout.secret_key)
        self._make_certificates()
        if self._port is None or not _becomes_free(self._port):
            self._port = next(port for port in _random_ports() if _is_free(port))
        process = self._launch(python)
        self._pid, self._was_lenient = process.pid, self._lenient
        self._record()
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SandboxError(f"the emulator does not start; see {self._layout.emulator_log}")
            time.sleep(0.02)
        return True

    def stop(self) -> bool:
        """Stop the emulator if it is running, and keep its state.

        Returns:
            ``True`` if it was running.
        """
        pids = [self.pid] if self.pid is not None else self._unrecorded()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            while self._is_ours(pid):
                time.sleep(0.02)
        self._pid = None
        if self._port is not None:
            self._record()
        return bool(pids)

    def _record(self) -> None:
        found = {"port": self._port, "pid": self._pid, "lenient": self._was_lenient}
        kept = {name: value for name, value in found.items() if value}
        self._layout.emulator_record.write_text(json.dumps(kept))

    def _unrecorded(self) -> list[int]:
        """Return the processes of this sandbox's emulator, for when the record of its process is lost."""
        listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)  # noqa: S607
        return [pid for pid in map(int, listed.stdout.split()) if self._is_emulator(command_of(pid))]

    def _launch(self, python: Path) -> subprocess.Popen[bytes]:
        state = self._layout.emulator_state
        state.mkdir(exist_ok=True)
        environment = {
            **child_environment(),
            "AUTH": "true",
            "GATEWAY_PORT": str(self._port),
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "PYTHONPATH": str(REPOSITORY),
            LENIENT: "1" if self._lenient else "0",
            "S3_DATA_DIR": str(state / "objects"),
            "S3_PERSIST": "1",
            "SERVICES": "iam,s3,sts",
            "STATE_DIR": str(state / "services"),
            "USE_SSL": "1",
        }
        with self._layout.emulator_log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own script, by the interpreter that set-up made)
                [python, "-P", _SERVER, self._layout.directory],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _make_certificates(self) -> None:
        folder = self._layout.certificates
        if (folder / "server.key").exists():
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        authority = trustme.CA(organization_name="cross-account-access sandbox")
        server = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(self._layout.ca_bundle)
        for part in server.cert_chain_pems:
            part.write_to_path(folder / "server.pem", append=True)
        key = folder / "server.key"
        key.touch(mode=0o600)
        server.private_key_pem.write_to_path(key, append=True)

    def _answers(self) -> bool:
        if not self._layout.ca_bundle.exists():
            return False
        trust = ssl.create_default_context(cafile=self._layout.ca_bundle)
        no_proxy = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(no_proxy, urllib.request.HTTPSHandler(context=trust))
        try:
            with opener.open(f"{self.endpoint}{HEALTH_PATH}", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _is_ours(self, pid: int) -> bool:
        """Return ``True`` if the process runs and is this sandbox's emulator: process ids are reused."""
        if _reaped(pid):
            return False
        return self._is_emulator(command_of(pid))

    def _is_emulator(self, command: str) -> bool:
        return str(_SANDBOX) in command and command.rstrip().endswith(str(self._layout.directory))


def _reaped(pid: int) -> bool:
    """Return ``True`` if the process was a child of this one and has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


def command_of(pid: int) -> str:
    """Return the command line of a process, empty if there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    command = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _read_record(path: Path) -> dict[str, int]:
    try:
        record: dict[str, int] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return record


def _random_ports() -> Iterator[int]:
    """Yield ports below the ephemeral range, so that no outgoing connection takes one while the emulator is down."""
    while True:
        yield 20_000 + secrets.randbelow(12_000)


def _becomes_free(port: int) -> bool:
    """Return ``True`` once the port is free: a killed process holds it a little longer."""
    deadline = time.monotonic() + _RELEASE_SECONDS
    while not _is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
