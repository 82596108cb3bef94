"""What the engine does: ``up``, ``preview``, ``destroy``, ``refresh``, ``outputs``, ``take_over``.

Each raises a :class:`core.errors.LaunchReadyError` whose sentence can be shown. Only one run a stack goes on at a
time. What was done before a failure, or before Ctrl-C, is in the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import EngineError, LaunchReadyError
from core.loopback import require_loopback_url
from core.secret import Secret
from lab.engine import preview_json, wire
from lab.engine.deletion import delete_left
from lab.engine.deployment import Deployment
from lab.engine.graph import for_each
from lab.engine.import_file import read_imports
from lab.engine.model import Event, Progress, Result
from lab.engine.program import ProgramProcess, Redactor
from lab.engine.project import Config, Program, Project, read_config, read_program, read_stack, unlock_stack
from lab.engine.providers import Provider, dynamic
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.provider import CloudflareProvider
from lab.engine.refresh import refresh as refresh_one
from lab.engine.run import Run
from lab.engine.snapshot import Snapshot
from lab.engine.state import Codec, salt_of, stack_outputs
from lab.engine.wire import Properties

PACKAGE = "cloudflare"


@dataclass(frozen=True, kw_only=True)
class Preview(Result):
    """What a run would do; ``document`` is what ``pulumi preview --json`` prints."""

    document: dict[str, Any] = field(default_factory=dict)


def up(project: Project, progress: Progress) -> Result:
    """Bring the stack to what the program says."""
    started = time.monotonic()
    with project.state.hold("up"):
        opened = _run_program(project, progress, dry_run=False)
    return _result(opened.run, started)


def preview(project: Project, progress: Progress, *, sames: bool = False) -> Preview:
    """Say what :func:`up` would do; nothing is changed, neither in the API nor in the state.

    With ``sames`` the document has the resources that do not change, too.
    """
    started = time.monotonic()
    events: list[Event] = []

    def keep(event: Event) -> None:
        events.append(event)
        progress(event)

    with project.state.hold("preview"):
        opened = _run_program(project, keep, dry_run=True)
    result = _result(opened.run, started)
    document = preview_json.document(opened.run.steps, opened.config, events, result.duration, sames=sames)
    return Preview(changes=result.changes, outputs=result.outputs, duration=result.duration, document=document)


def take_over(project: Project, progress: Progress, file: Path) -> Result:
    """What ``pulumi import --file`` does: note as the stack's own what is there. Nothing is changed in the API.

    What is declared has to be as it is there, and whatever is neither in the state nor in ``file`` is refused.
    """
    started = time.monotonic()
    with project.state.hold("import"):
        program = read_program(project.root)
        opened = _run_program(project, progress, dry_run=False, imports=read_imports(file, project.stack, program.name))
    return _result(opened.run, started)


def destroy(project: Project, progress: Progress) -> Result:
    """Delete everything that the stack has, without running its program. Refuses if anything is protected."""
    started = time.monotonic()
    with project.state.hold("destroy"):
        run = _open(project, progress).run
        with ending(run):
            delete_left(run)
    return _result(run, started)


def refresh(project: Project, progress: Progress) -> Result:
    """Bring the state to what the API has. The program is not run and nothing is changed in the API."""
    started = time.monotonic()
    with project.state.hold("refresh"):
        run = _open(project, progress).run
        with ending(run):
            everything = [(resource, list[int]()) for resource in run.snapshot.all()]
            for_each(everything, lambda resource: refresh_one(run, resource), run.parallel)
    return _result(run, started)


def outputs(project: Project, *, show_secrets: bool = False) -> dict[str, Any]:
    """The stack's outputs; secret ones as ``[secret]`` without ``show_secrets``, which takes the passphrase."""
    document = project.state.read()
    entries = document["deployment"]["resources"]
    if not entries:
        raise EngineError(f"the stack {project.stack} has no state yet: run `up` first")
    if not show_secrets:
        codec = Codec(None)
        return dict(wire.mask(stack_outputs([codec.decode(entry) for entry in entries])))
    run = _open(project, lambda _event: None).run
    return dict(wire.reveal(stack_outputs(run.snapshot.all())))


@dataclass(frozen=True)
class Opened:
    """A stack with its files read and its secrets open."""

    program: Program
    config: Config
    run: Run


def _open(project: Project, progress: Progress, *, dry_run: bool = False) -> Opened:
    program = read_program(project.root)
    tree = read_stack(program, project.stack)
    document = project.state.read()
    config_crypter, state_crypter = unlock_stack(tree, salt_of(document), project.passphrase)
    config = read_config(tree, program.name, config_crypter)
    redact = Redactor(config.words())

    def tell(event: Event) -> None:
        progress(event.with_message(redact(event.message)))

    run = Run(
        snapshot=Snapshot(project.state, state_crypter, document, dry_run=dry_run),
        provider_for=providers_of(project),
        progress=tell,
        parallel=project.parallel,
        dry_run=dry_run,
    )
    return Opened(program, config, run)


def _run_program(
    project: Project, progress: Progress, *, dry_run: bool, imports: Mapping[str, str] | None = None
) -> Opened:
    program = read_program(project.root)
    read_stack(program, project.stack)
    # The program's process imports its SDK while this one opens the state and imports grpc: about 0.5 s each.
    process = ProgramProcess(project.root)
    try:
        opened = _open(project, progress, dry_run=dry_run)
        with ending(opened.run):
            serve_program(project, opened, process, imports)
            delete_left(opened.run)
    finally:
        process.stop()
    return opened


def serve_program(
    project: Project, opened: Opened, process: ProgramProcess, imports: Mapping[str, str] | None = None
) -> None:
    """Answer the program until it is over, or until a step fails."""
    from lab.engine.monitor import Monitor, serve

    run, config, program = opened.run, opened.config, opened.program
    deployment = Deployment(run, project.stack, program.name, config.of_providers())
    deployment.imports = imports
    root = project.root.resolve()
    monitor = Monitor(deployment, root)
    with serve(monitor, project.parallel) as address:
        settings = {
            "project": program.name,
            "stack": project.stack,
            "root": str(root),
            "main": str(program.main),
            "monitor": address,
            "dry_run": run.dry_run,
            "parallel": project.parallel,
            "config": dict(config.values),
            "secret_keys": list(config.secret_keys),
        }
        said, redact = (lambda line: run.log("info", line)), Redactor(config.words())
        process.go(settings, redact, said, run.ended.set)
        run.ended.wait()
        run.check()
        process.check()
        if monitor.errors:
            raise EngineError(redact(f"the program logged an error: {monitor.errors[0]}"))


@contextmanager
def ending(run: Run) -> Iterator[None]:
    """However a run ends: wait for what is under way, and raise what went wrong first."""
    try:
        yield
    except LaunchReadyError:
        run.stop()
        run.check()
        raise
    finally:
        run.stop()


def providers_of(project: Project) -> Callable[[str, Properties], Provider]:
    """Cloudflare at the project's API; a provider resource can name another token or another API on loopback.

    Dynamic providers run beside it, with the lab's AWS.
    """

    def provider_for(package: str, inputs: Properties) -> Provider:
        if package == dynamic.PACKAGE:
            return dynamic.DynamicProvider(project.root, project.aws_environment)
        if package != PACKAGE:
            raise EngineError(f"the lab's engine has no provider {package!r}: it has {PACKAGE!r} and dynamic ones")
        base_url, token = inputs.get("baseUrl"), inputs.get("apiToken")
        url = require_loopback_url(base_url) if isinstance(base_url, str) else project.base_url
        return CloudflareProvider(Client(url, Secret(token) if isinstance(token, str) else project.token))

    return provider_for


def _result(run: Run, started: float) -> Result:
    return Result(
        changes=preview_json.summary(run.steps),
        outputs=stack_outputs(run.snapshot.all()),
        duration=time.monotonic() - started,
    )
