"""A program run dry and alone: everything is as if made anew, nobody is asked, and nothing is written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, cast

from core.pulumi_crypt import Crypter
from core.secret import Secret
from lab.engine.api import Opened, ending, serve_program
from lab.engine.model import Progress
from lab.engine.plan import Shape
from lab.engine.program import ProgramProcess
from lab.engine.project import Config, Program, Project
from lab.engine.providers import Provider
from lab.engine.run import Run
from lab.engine.snapshot import Snapshot

# Nothing is asked of it: the port is "discard".
_NOBODY = "http://127.0.0.1:9/client/v4"


class Shapes(Protocol):
    """The part of a provider that a dry run of an empty stack asks."""

    def shape(self, type_: str) -> Shape:
        """What is known of a type."""

    def secret_outputs(self, type_: str) -> frozenset[str]:
        """Outputs of a type that are secret whatever the program says."""


def run_dry(root: Path, stack: str, program: Program, config: Config, shapes: Shapes, progress: Progress) -> Run:
    """The run of the program at ``root``, which is over; each of its steps creates.

    Raises :class:`core.errors.EngineError` for a program that fails.
    """
    project = Project(
        root=root, stack=stack, state_folder=root, base_url=_NOBODY, token=Secret(""), passphrase=Secret("")
    )
    nothing: dict[str, Any] = {"deployment": {"resources": []}}
    process = ProgramProcess(root)
    try:
        run = Run(
            snapshot=Snapshot(project.state, Crypter(bytes(32), ""), nothing, dry_run=True),
            provider_for=lambda _package, _inputs: cast(Provider, shapes),
            progress=progress,
            parallel=project.parallel,
            dry_run=True,
        )
        with ending(run):
            serve_program(project, Opened(program, config, run), process)
    finally:
        process.stop()
    return run
