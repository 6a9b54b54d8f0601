"""botocore sessions that start faster, by loading fewer descriptions of AWS services."""

import functools
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
from botocore.credentials import AssumeRoleProvider
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, InvalidEndpointConfigurationError

from .aws_answers import recognise_answers
from .terminal import ask_for_code


class _PlainFiles(botocore.loaders.JSONFileLoader):
    """A reader of descriptions into plain dictionaries; botocore's own makes slower, ordered ones.

    The description of the regions alone has a million characters.
    """

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 (as in the base class)
        for extension, read in ((".json", Path.read_bytes), (".json.gz", _read_compressed)):
            path = Path(file_path + extension)
            if path.is_file():
                return json.loads(read(path))
        return None


class _Loader(botocore.loaders.Loader):
    """A loader that finds a service's description without looking into hundreds of other folders."""

    FILE_LOADER_CLASS = _PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        folders = [Path(folder) for folder in self.search_paths]
        return [service.name for folder in folders if folder.is_dir() for service in folder.iterdir()]


class _SourceProvider(AssumeRoleProvider):
    """A provider of the credentials with which botocore would assume a profile's role."""

    def _load_creds_via_assume_role(self, profile_name: str) -> Any:  # noqa: ANN401 (as in the base class)
        base: Any = super()  # its types leave these methods out
        if profile_name != vars(self)["_profile_name"]:
            return base._load_creds_via_assume_role(profile_name)
        return base._resolve_source_credentials(base._get_role_config(profile_name), profile_name)


class _Session(botocore.session.Session):
    """A session that raises only botocore's own errors for a wrong configuration."""

    def get_credentials(self) -> Any:  # noqa: ANN401 (as in the base class)
        self._assume_role_provider()
        return _load(super().get_credentials)

    def get_source_credentials(self) -> Any:  # noqa: ANN401
        """Return the credentials that assume the role of the session's profile."""
        provider = self._assume_role_provider()
        provider.__class__ = _SourceProvider
        return _load(provider.load)

    def freeze(self, credentials: Any) -> Any:  # noqa: ANN401
        """Return the keys, which botocore may have to fetch first."""
        return _load(credentials.get_frozen_credentials)

    def keep_roles(self, cache: Any) -> None:  # noqa: ANN401
        """Keep the role sessions of profiles in a cache of botocore's form."""
        self._assume_role_provider().cache = cache

    def create_client(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return super().create_client(*arguments, **options)
        except BotoCoreError:  # some are ValueErrors too
            raise
        except ValueError:
            reason = "the endpoint is not an address; check AWS_ENDPOINT_URL, and endpoint_url in the profile"
        except AttributeError:
            reason = "the profile's services section does not list services; check endpoint_url there"
        raise InvalidEndpointConfigurationError(msg=reason)

    def _assume_role_provider(self) -> Any:  # noqa: ANN401
        """Return the provider that assumes profiles' roles, with the product's own prompt for MFA."""
        provider = self.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = _ask
        return provider


def _load(load: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Return credentials; raise botocore's errors if a file or a profile's helper program is wrong."""
    try:
        return load()
    except BotoCoreError:  # some are ValueErrors too
        raise
    except OSError as error:
        reason = f"{error.filename or 'it'} can't be used: {error.strerror}"
    except RuntimeError:
        reason = "they have expired"
    except (ValueError, AttributeError, KeyError, TypeError):
        reason = "it answered with something unreadable"
    raise CredentialRetrievalError(provider="what the profile names", error_msg=reason)


def _ask(prompt: str) -> str:
    """Ask for the code of botocore's prompt, ``Enter MFA code for SERIAL:``."""
    return ask_for_code(prompt.removeprefix("Enter MFA code for ").rstrip(": "))


def new_session(profile: str | None = None, config_file: Path | None = None) -> Any:  # noqa: ANN401 (botocore creates its client classes at run time)
    """Return a session.

    Args:
        profile: the profile with the settings and credentials; by default, those in force.
        config_file: the only file to read; by default the files that AWS tools read.

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
    """Return the loader that all sessions share, which caches the files that it reads."""
    # Path.expanduser raises an error if there is no home.
    folders = [os.path.expanduser(os.path.expandvars(folder)) for folder in more.split(os.pathsep)] if more else []  # noqa: PTH111
    return _Loader(extra_search_paths=folders)


def _read_compressed(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())
