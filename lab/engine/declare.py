"""What a program declares: run alone, with no state, no API and no secret.

Everything is there as if it were made anew. A config secret is handed to the program as a digest of its ciphertext, so
nobody needs the passphrase, and a review of a stranger's change never has one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from core.errors import EngineError
from core.pulumi_crypt import Crypter
from core.secret import Secret
from lab.engine import preview_json
from lab.engine.dry import run_dry
from lab.engine.model import Event
from lab.engine.plan import NoProvider, Shape
from lab.engine.project import read_config, read_program, read_stack
from lab.engine.providers.cloudflare.kinds import KINDS
from lab.engine.wire import Properties


class _Nobody:
    """A provider of any package: what it knows of a type is what a declaration needs, and it does nothing."""

    def shape(self, type_: str) -> Shape:
        return KINDS.get(type_) or NoProvider()

    def secret_outputs(self, type_: str) -> frozenset[str]:
        return KINDS[type_].secret if type_ in KINDS else frozenset()

    def lookup(self, type_: str, import_id: str, known: Properties) -> NoReturn:
        del known
        raise EngineError(f"a declaration asks nobody, and this looks up {type_} {import_id}: give it as a setting")


class Sealed(Crypter):
    """Opens nothing: a secret's plain text is a digest of its ciphertext."""

    def __init__(self) -> None:
        super().__init__(bytes(32), "sealed")

    def decrypt(self, value: str) -> Secret:
        """``sealed-`` and a digest."""
        return Secret(f"sealed-{hashlib.sha256(value.encode()).hexdigest()}")


def declare(root: Path, stack: str, instead: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The preview document of the stack's program at ``root``, as if nothing of it were there: each step creates.

    ``instead`` has config values by full key that go before the file's.

    Raises :class:`core.errors.LaunchReadyError` for a program or a stack's file that fails.
    """
    events: list[Event] = []
    program, crypter = read_program(root), Sealed()
    tree = read_stack(program, stack)
    config = read_config(tree, program.name, crypter)
    config = replace(config, values={**config.values, **(instead or {})})
    run = run_dry(root, stack, program, config, _Nobody(), events.append)
    return preview_json.document(run.steps, config, events, 0)
