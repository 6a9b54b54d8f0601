"""Serves the components to Pulumi programs in any language; the engine runs this folder: ``python components``."""

import ast
import importlib
import inspect
import re
import sys
import typing
from pathlib import Path

import pulumi
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental import component as host
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition
from pulumi.provider.server import ComponentInitError

_FOLDER = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[0] = str(_FOLDER.parent)  # the folder is a package: its modules import each other relatively
_package = importlib.import_module(_FOLDER.name)


class _Analyzer(Analyzer):
    """Finds the descriptions of inherited fields too: a TypedDict forgets its bases, but its source names them."""

    def get_docstring(self, typ: type, name: str) -> str | None:
        """A field's docstring, with the fields that it names written as in other languages."""
        found: str | None = super().get_docstring(typ, name)
        if found is not None:
            return re.sub(r"``[a-z]+(?:_[a-z]+)+``", lambda field: _camel_case(field[0]), found)
        definition = ast.parse(inspect.getsource(typ)).body[0]
        names = [base.id for base in getattr(definition, "bases", ()) if isinstance(base, ast.Name)]
        bases = [getattr(sys.modules[typ.__module__], base) for base in names]
        inherited = (self.get_docstring(base, name) for base in bases if typing.is_typeddict(base))
        return next(filter(None, inherited), None)


class _Provider(host.ComponentProvider):
    """What ``component_provider_host`` serves, with values and refusals as other languages know them."""

    def map_inputs(self, inputs: pulumi.Inputs, component_def: ComponentDefinition) -> pulumi.Inputs:
        """The arguments of a component, by their names in Python; whole numbers arrive as ``float``."""
        mapped = super().map_inputs(inputs, component_def)
        whole = {name: int(value) for name, value in mapped.items() if isinstance(value, float) and value.is_integer()}
        return {**mapped, **whole}

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component. A value that is not allowed is told in one line, by the argument's name over there."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            refused = error.inner
            if not isinstance(refused, _package.validation.InvalidValue):
                raise
            reason = f"{refused.value!r} is not allowed; {_camel_case(refused.allowed)}"
            raise pulumi.InputPropertyError(_camel_case(refused.key), reason) from None


def provider() -> host.ComponentProvider:
    """The provider of all components, with the schema that their annotations and docstrings make."""
    components = [
        _package.ApplicationBucket,
        _package.GroupAssumePolicy,
        _package.GroupMembers,
        _package.ReadWriteBucketRole,
    ]
    for component in components:
        component.__doc__ = inspect.getdoc(component)  # indented, it would be shown as code
    host.Analyzer = _Analyzer  # type: ignore[attr-defined]
    return _Provider(components, "cross-account-access")


def _camel_case(text: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), text)


if __name__ == "__main__":
    main(provider(), sys.argv[1:])
