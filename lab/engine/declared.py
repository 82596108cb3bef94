"""What a stack's program declares, found out by running it dry: no provider, no state, no API and no secret is needed.

Everything is there as if it were made anew. A value that only an API could give is :data:`core.resources.UNKNOWN`, a
secret :data:`core.resources.SECRET`. Without the stack's passphrase a config secret is handed to the program as a
digest of its ciphertext: it changes when the secret does, and a review of a stranger's change never has one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from core.errors import EngineError
from core.pulumi_crypt import Crypter
from core.resources import STACK, Resource, closed_properties
from core.secret import Secret
from lab.engine import model, wire
from lab.engine.api import Opened, ending, serve_program
from lab.engine.plan import NoProvider, Shape
from lab.engine.program import ProgramProcess
from lab.engine.project import Config, Program, Project, read_config, read_program, read_stack, unlock_stack
from lab.engine.providers import Provider
from lab.engine.providers.cloudflare.kinds import KINDS
from lab.engine.run import Run
from lab.engine.snapshot import Snapshot

# Nothing is asked of it: the port is "discard".
_NOBODY: Final = "http://127.0.0.1:9/client/v4"


@dataclass(frozen=True)
class Declared:
    """One resource of the program; ``parent`` is a URN, "" for the stack itself."""

    resource: Resource
    parent: str = ""


class Sealed(Crypter):
    """Opens nothing: a secret's plain text is a digest of its ciphertext."""

    def __init__(self) -> None:
        super().__init__(bytes(32), "sealed")

    def decrypt(self, value: str) -> Secret:
        """``sealed-`` and a digest."""
        return Secret(f"sealed-{hashlib.sha256(value.encode()).hexdigest()}")


def declared(
    root: Path, stack: str, passphrase: Secret | None = None, instead: Mapping[str, str] | None = None
) -> list[Declared]:
    """Everything that the program of the stack declares, in the order in which it did; ``root`` is the project's.

    ``instead`` has config values by full key that go before the file's. Raises
    :class:`core.errors.SettingsError` for the stack's file and :class:`core.errors.EngineError` for a program that
    fails.
    """
    program = read_program(root)
    tree = read_stack(program, stack)
    crypter = Sealed() if passphrase is None else unlock_stack(tree, "", passphrase)[0]
    config = read_config(tree, program.name, crypter)
    config = replace(config, values={**config.values, **(instead or {})})
    return [_declared(step.new) for step in _run(root, stack, program, config).steps if step.new is not None]


def _declared(made: model.Resource) -> Declared:
    zones = made.property_dependencies.get("zoneId", [])
    said = made.outputs if made.type == STACK else made.inputs
    properties = closed_properties(made.type, wire.mask(said), made.additional_secret_outputs)
    resource = Resource(made.type, made.name, made.urn, properties, zone=next(iter(zones), ""), custom=made.custom)
    return Declared(resource, made.parent)


def _run(root: Path, stack: str, program: Program, config: Config) -> Run:
    """The program's run, which is over; each of its steps creates, and nothing is written down."""
    project = Project(
        root=root, stack=stack, state_folder=root, base_url=_NOBODY, token=Secret(""), passphrase=Secret("")
    )
    nothing: dict[str, Any] = {"deployment": {"resources": []}}
    process = ProgramProcess(root)
    try:
        run = Run(
            snapshot=Snapshot(project.state, Crypter(bytes(32), ""), nothing, dry_run=True),
            provider_for=lambda _package, _inputs: cast(Provider, _Nobody()),
            progress=lambda _event: None,
            parallel=project.parallel,
            dry_run=True,
        )
        with ending(run):
            serve_program(project, Opened(program, config, run), process)
    finally:
        process.stop()
    return run


class _Nobody:
    """A provider of any package: what it knows of a type is what a declaration needs, and it does nothing."""

    def shape(self, type_: str) -> Shape:
        return KINDS.get(type_) or NoProvider()

    def secret_outputs(self, type_: str) -> frozenset[str]:
        return KINDS[type_].secret if type_ in KINDS else frozenset()

    def lookup(self, type_: str, import_id: str, known: wire.Properties) -> NoReturn:
        del known
        raise EngineError(f"a declaration asks nobody, and this looks up {type_} {import_id}: give it as a setting")
