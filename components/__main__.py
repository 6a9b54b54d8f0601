"""Serve the components to Pulumi programs in any language. The engine runs this folder: ``python components``."""

import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

_FOLDER = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[0] = str(_FOLDER.parent)  # the folder is a package: its modules import each other relatively
_package = importlib.import_module(_FOLDER.name)


class _Provider(ComponentProvider):
    """The provider of ``component_provider_host``, with argument names and errors as other languages write them."""

    def __init__(self) -> None:
        components = [
            _package.ApplicationBucket,
            _package.GroupAssumePolicy,
            _package.GroupMembers,
            _package.ReadWriteBucketRole,
        ]
        super().__init__(components, "cross-account-access")
        self.schema = json.dumps(_in_any_language(json.loads(self.schema or "")))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Create a component. Report an invalid value in one line, under the argument's camelCase name."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            cause = error.inner
            if not isinstance(cause, _package.validation.InvalidValue):
                raise
            raise pulumi.InputPropertyError(_camel_case(cause.key), _camel_case(cause.reason)) from None


def provider() -> ComponentProvider:
    """Return the provider of all components. Its schema comes from their annotations and docstrings."""
    return _Provider()


def _in_any_language(schema: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return part of a schema, with its descriptions in Markdown and argument names in camelCase."""
    if isinstance(schema, list):
        return [_in_any_language(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    described = {key: _in_any_language(value) for key, value in schema.items()}
    if isinstance(schema.get("description"), str):
        text = inspect.cleandoc(schema["description"]).strip()  # indented, it would be shown as code
        text = re.sub(r"(?<!\n)\n(?!\n)", " ", text)  # a line of the source is no line of the text
        described["description"] = re.sub(r"``[a-z]+(?:_[a-z]+)+``", lambda field: _camel_case(field[0]), text)
    return described


def _camel_case(text: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), text)


if __name__ == "__main__":
    main(provider(), sys.argv[1:])
