"""What a stack's program declares, found out with no provider, no state and no lab: by running it dry.

A value that only an API could give is :data:`core.resources.UNKNOWN`, a secret :data:`core.resources.SECRET`. Values of
config secrets are only needed where the program makes something of them that is no secret itself; without the stack's
passphrase it is given a placeholder for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.resources import SECRET, UNKNOWN, Resource
from core.secret import Secret
from core.settings.base import config_of
from core.settings.yaml_tree import Tree
from lab.engine import model, wire
from lab.engine.dry import run_dry
from lab.engine.plan import NoProvider, Shape
from lab.engine.project import Config, read_config, read_program, read_stack, unlock_stack

PLACEHOLDER = "a value that was not looked at"


@dataclass(frozen=True)
class Declared:
    """One resource of the program, with what only the engine knows of it.

    ``depends``: a property → the URNs that its value comes from. ``parent`` is a URN, "" for the stack itself.
    """

    resource: Resource
    parent: str = ""
    custom: bool = True
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def declared(root: Path, stack: str, passphrase: Secret | None = None) -> list[Declared]:
    """Everything that the program of the stack declares, in the order in which it did; ``root`` is the project's.

    Raises :class:`core.errors.SettingsError` for the stack's file and :class:`core.errors.EngineError` for a program
    that fails.
    """
    program = read_program(root)
    tree = read_stack(program, stack)
    config = _config(tree, program.name, passphrase)
    run = run_dry(root, stack, program, config, _Shapeless(), lambda _event: None)
    return [_declared(step.new) for step in run.steps if step.new is not None]


def _declared(made: model.Resource) -> Declared:
    properties = {key: _plain(value) for key, value in made.inputs.items()}
    depends = {key: tuple(urns) for key, urns in made.property_dependencies.items()}
    return Declared(Resource(made.type, made.name, made.urn, properties), made.parent, made.custom, depends)


def _plain(value: Any) -> Any:
    if isinstance(value, wire.Secret):
        return SECRET
    if isinstance(value, wire.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _config(tree: Tree, project: str, passphrase: Secret | None) -> Config:
    if passphrase is not None:
        return read_config(tree, project, unlock_stack(tree, "", passphrase)[0])
    values, secret_keys = {}, []
    for key, item in config_of(tree).items():
        full = key if ":" in key else f"{project}:{key}"
        if isinstance(item, dict) and set(item) == {"secure"}:
            secret_keys.append(full)
            item = PLACEHOLDER  # noqa: PLW2901
        values[full] = item if isinstance(item, str) else json.dumps(item)
    return Config(project, values, tuple(secret_keys))


class _Shapeless:
    """A provider that knows no type: in a dry run of an empty stack nothing more is asked of one."""

    def shape(self, type_: str) -> Shape:
        del type_
        return NoProvider()

    def secret_outputs(self, type_: str) -> frozenset[str]:
        del type_
        return frozenset()
