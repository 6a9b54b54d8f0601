"""Serves the components to Pulumi programs in any language; the engine runs this folder: ``python components``."""

import ast
import importlib
import inspect
import re
import sys
import typing
from pathlib import Path

import pulumi
from pulumi.provider import main
from pulumi.provider.experimental import component as host
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition
from pulumi.provider.experimental.util import camel_case


class _Analyzer(Analyzer):
    """Finds the descriptions of inherited fields too: a TypedDict forgets its bases, but its source names them."""

    def get_docstring(self, typ: type, name: str) -> str | None:
        """A field's docstring, with the fields that it names written as in other languages."""
        found: str | None = super().get_docstring(typ, name)
        if found is not None:
            return re.sub(r"``([a-z]+(?:_[a-z]+)+)``", lambda field: f"``{camel_case(field[1])}``", found)
        definition = ast.parse(inspect.getsource(typ)).body[0]
        names = [base.id for base in getattr(definition, "bases", ()) if isinstance(base, ast.Name)]
        bases = [getattr(sys.modules[typ.__module__], base) for base in names]
        inherited = (self.get_docstring(base, name) for base in bases if typing.is_typeddict(base))
        return next(filter(None, inherited), None)


class _Provider(host.ComponentProvider):
    """What ``component_provider_host`` serves, with whole numbers, which arrive as ``float``, handed on as ``int``."""

    def map_inputs(self, inputs: pulumi.Inputs, component_def: ComponentDefinition) -> pulumi.Inputs:
        """The arguments of a component, by their names in Python."""
        mapped = super().map_inputs(inputs, component_def)
        return {name: int(value) if isinstance(value, float) else value for name, value in mapped.items()}


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent
    sys.path.insert(0, str(folder.parent))  # the folder is a package: its modules import each other relatively
    package = importlib.import_module(folder.name)
    components = [package.ApplicationBucket, package.GroupAssumePolicy, package.ReadWriteBucketRole]
    for component in components:
        component.__doc__ = inspect.getdoc(component)  # indented, it would be shown as code
    host.Analyzer = _Analyzer  # type: ignore[attr-defined]
    main(_Provider(components, "cross-account-access"), sys.argv[1:])
