"""A server that nobody should contact, and settings that each redirect requests to it."""

import os
import socket
import threading
from pathlib import Path

from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from sandbox.layout import REPOSITORY

KEY = "AKIADECOYDECOYDECOY0"
PROFILES = ("default", "production", "development", "outsider", "David", "Theresa")
ENDPOINTS = (
    *(f"AWS_ENDPOINT_URL{service}" for service in ("", "_IAM", "_S3", "_STS", "_SSO")),
    *(f"AWS_{service}_ENDPOINT" for service in ("IAM", "S3", "STS")),
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SIGNIN_ENDPOINT_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PULUMI_API",
    "PULUMI_BACKEND_URL",
    "PULUMI_LOG_OTLP_ENDPOINT",
)


class Decoy:
    """A server and proxy that nobody should contact; it records all requests."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for watch in (self._watch_tcp, self._watch_udp):
            threading.Thread(target=watch, daemon=True).start()

    def _watch_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.received.append(connection.recv(300))

    def _watch_udp(self) -> None:
        while True:
            try:
                self.received.append(self._udp.recv(300))
            except OSError:
                return

    def close(self) -> None:
        for listening in (self._tcp, self._udp):
            listening.close()

    def environment(self, home: Path) -> dict[str, str]:
        """Return variables that each redirect requests to this server."""
        aws = home / ".aws"
        aws.mkdir()
        (aws / "credentials").write_text("".join(f"[{name}]\n{self._profile()}" for name in PROFILES))
        sections = (name if name == "default" else f"profile {name}" for name in PROFILES)
        other = "retry_mode = nonsense\ndefaults_mode = nonsense\n"
        (aws / "config").write_text("".join(f"[{name}]\n{other}{self._profile()}" for name in sections))
        known = [names for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if names]
        every = {name for names in known for name in ([names] if isinstance(names, str) else names)}
        led = dict.fromkeys((*every, *ENDPOINTS), self.address)
        led |= {"AWS_CSM_ENABLED": "true", "AWS_CSM_HOST": "127.0.0.1", "AWS_CSM_PORT": str(self.port)}
        led |= {"AWS_PROFILE": "production", "AWS_DEFAULT_PROFILE": "production"}
        led |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(aws / "config"))
        led |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": KEY}
        led |= {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
        led |= {"PULUMI_HOME": str(home / "pulumi"), "PULUMI_DEBUG_PROVIDERS": f"aws:{self.port}"}
        led |= {"PULUMI_CONFIG_PASSPHRASE": KEY, "PULUMI_STACK": "elsewhere", "PULUMI_CONFIG": '{"a:b": "c"}'}
        led |= {"PULUMI_OPTION_STACK": "elsewhere", "PULUMI_PROJECT": "elsewhere", "PULUMI_ORGANIZATION": "elsewhere"}
        led |= {"SERVICES": "sqs", "GATEWAY_PORT": str(self.port), "MINISTACK_ACCOUNT_ID": "000000000001"}
        proxies = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
        led |= dict.fromkeys((*proxies, *map(str.upper, proxies)), self.address)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, **led, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "example.org"}

    def _profile(self) -> str:
        return f"aws_access_key_id = {KEY}\naws_secret_access_key = {KEY}\nendpoint_url = {self.address}\n\n"
