"""What a program declares: run alone, with no state, no API and no secret.

Everything is there as if it were made anew. A config secret is handed to the program as a digest of its ciphertext, so
nobody needs the passphrase, and a review of a stranger's change never has one.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from core.pulumi_crypt import Crypter
from core.secret import Secret
from lab.engine import api, preview_json
from lab.engine.model import Event
from lab.engine.program import ProgramProcess
from lab.engine.project import Project, read_config, read_program, read_stack
from lab.engine.run import Run
from lab.engine.snapshot import Snapshot

# Nothing is ever asked of it: a preview in which everything is new needs no answer. The port is "discard".
_NOBODY = "http://127.0.0.1:9/client/v4"


class Sealed(Crypter):
    """Opens nothing: a secret's plain text is a digest of its ciphertext."""

    def __init__(self) -> None:
        super().__init__(bytes(32), "sealed")

    def decrypt(self, value: str) -> Secret:
        """``sealed-`` and a digest."""
        return Secret(f"sealed-{hashlib.sha256(value.encode()).hexdigest()}")


def declare(root: Path, stack: str) -> dict[str, Any]:
    """The preview document of the stack's program at ``root``, as if nothing of it were there: each step creates.

    Raises :class:`core.errors.LaunchReadyError` for a program or a stack's file that fails.
    """
    events: list[Event] = []
    program, crypter = read_program(root), Sealed()
    tree = read_stack(program, stack)
    process = ProgramProcess(root)
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Project(
                root=root,
                stack=stack,
                state_folder=Path(folder),
                base_url=_NOBODY,
                token=Secret(""),
                passphrase=Secret(""),
            )
            run = Run(
                snapshot=Snapshot(project.state, crypter, project.state.read(), dry_run=True),
                provider_for=api.providers_of(project),
                progress=events.append,
                parallel=project.parallel,
                dry_run=True,
            )
            opened = api.Opened(program, read_config(tree, program.name, crypter), run)
            with api.ending(run):
                api.serve_program(project, opened, process)
    finally:
        process.stop()
    return preview_json.document(run.steps, opened.config, events, 0)
