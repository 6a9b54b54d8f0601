"""Sessions of botocore that are ready in less time: most of it goes into learning what all of AWS looks like."""

import functools
import gzip
import json
import os
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, InvalidEndpointConfigurationError

from access.aws_answers import recognise_answers


class _PlainFiles(botocore.loaders.JSONFileLoader):
    """Reads descriptions into plain dictionaries, which keep their order too; botocore has them made ordered ones.

    A million characters describe the regions alone.
    """

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 (so does the base class)
        for extension, read in ((".json", Path.read_bytes), (".json.gz", _read_compressed)):
            path = Path(file_path + extension)
            if path.is_file():
                return json.loads(read(path))
        return None


class _Loader(botocore.loaders.Loader):
    """Finds the description of a service without a look into the folders of hundreds of others."""

    FILE_LOADER_CLASS = _PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        folders = [Path(folder) for folder in self.search_paths]
        return [service.name for folder in folders if folder.is_dir() for service in folder.iterdir()]


class _Session(botocore.session.Session):
    """A session that raises botocore's own errors, where botocore's raises any, for what a person has set up wrong."""

    def get_credentials(self) -> Any:  # noqa: ANN401 (so does the base class)
        try:
            return super().get_credentials()
        except OSError as error:
            reason = f"it can't be run: {error.strerror}"
        except (ValueError, AttributeError):
            reason = "it answered with something unreadable"
        raise CredentialRetrievalError(provider="credential_process", error_msg=reason)

    def create_client(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return super().create_client(*arguments, **options)
        except BotoCoreError:  # some are ValueErrors too
            raise
        except ValueError:
            reason = "the endpoint is no address; check AWS_ENDPOINT_URL, and endpoint_url in the profile"
        raise InvalidEndpointConfigurationError(msg=reason)


def new_session(profile: str | None = None, config_file: Path | None = None) -> Any:  # noqa: ANN401 (botocore makes its clients as it runs)
    """A session.

    Args:
        profile: by whose settings and credentials; by default, by those in force.
        config_file: where all of them stand, and neither file in ``~/.aws`` is read. By default where AWS tools look.

    Raises:
        botocore.exceptions.ProfileNotFound: there is no such profile.
    """
    session: Any = _Session(profile=profile)
    if config_file:
        session.set_config_variable("config_file", str(config_file))
        session.set_config_variable("credentials_file", os.devnull)
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    recognise_answers(session)
    return session


@functools.cache
def _loader(more: str | None) -> _Loader:
    """One for all sessions, which keeps what it has read."""
    folders = [str(Path(os.path.expandvars(folder)).expanduser()) for folder in more.split(os.pathsep)] if more else []
    return _Loader(extra_search_paths=folders)


def _read_compressed(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())
