"""Sessions of botocore that are ready in less time: most of it goes into learning what all of AWS looks like."""

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


class _Start(AssumeRoleProvider):
    """Finds what botocore would assume the role of a profile with, and stops short of the role."""

    def _load_creds_via_assume_role(self, profile_name: str) -> Any:  # noqa: ANN401 (so does the base class)
        botocores: Any = super()  # whose types leave these methods out
        if profile_name != vars(self)["_profile_name"]:
            return botocores._load_creds_via_assume_role(profile_name)
        return botocores._resolve_source_credentials(botocores._get_role_config(profile_name), profile_name)


class _Session(botocore.session.Session):
    """A session that raises botocore's own errors, where botocore's raises any, for what a person has set up wrong."""

    def get_credentials(self) -> Any:  # noqa: ANN401 (so does the base class)
        self._roles()
        return _found(super().get_credentials)

    def get_source_credentials(self) -> Any:  # noqa: ANN401
        """Return the credentials with which the role of the session's profile is assumed."""
        provider = self._roles()
        provider.__class__ = _Start
        return _found(provider.load)

    def freeze(self, credentials: Any) -> Any:  # noqa: ANN401
        """Return the keys, which botocore may have to get first."""
        return _found(credentials.get_frozen_credentials)

    def keep_roles(self, cache: Any) -> None:  # noqa: ANN401
        """Keep the sessions of roles that profiles lead to, in what botocore takes for a cache."""
        self._roles().cache = cache

    def create_client(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return super().create_client(*arguments, **options)
        except BotoCoreError:  # some are ValueErrors too
            raise
        except ValueError:
            reason = "the endpoint is no address; check AWS_ENDPOINT_URL, and endpoint_url in the profile"
        except AttributeError:
            reason = "the services section that the profile names is not made of services; check endpoint_url there"
        raise InvalidEndpointConfigurationError(msg=reason)

    def _roles(self) -> Any:  # noqa: ANN401
        """What assumes the roles of profiles; it asks for MFA as all of the product does."""
        provider = self.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = _ask
        return provider


def _found(find: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Return credentials; raise botocore's errors where a helper of a profile, or a file, is wrong."""
    try:
        return find()
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
    """Ask for the code that botocore's prompt is about: ``Enter MFA code for SERIAL:``."""
    return ask_for_code(prompt.removeprefix("Enter MFA code for ").rstrip(": "))


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
    # Path.expanduser raises an error where there is no home.
    folders = [os.path.expanduser(os.path.expandvars(folder)) for folder in more.split(os.pathsep)] if more else []  # noqa: PTH111
    return _Loader(extra_search_paths=folders)


def _read_compressed(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())
