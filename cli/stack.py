"""Tasks that set up an environment and look at it: the Pulumi program, run by the CLI or by the lab's engine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from cli.guard import ROOT, command
from core.errors import LaunchReadyError, SettingsError
from core.terminal import clean

if TYPE_CHECKING:
    from lab.engine.model import Progress
    from lab.engine.project import Project

LAB = "lab"
STACKS = "stacks"
_NAMED = 3
_HELP = {
    "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
    "engine": "auto, pulumi (the CLI) or lab (no CLI needed); auto takes the CLI for every stack but the lab's",
    "yes": "do not let the CLI ask; the lab's engine never asks",
    "json": "JSON on standard output, and nothing else there",
}


def _help(*names: str, **more: str) -> dict[str, str]:
    return {name: _HELP[name] for name in ("stack", "engine", *names)} | more


@command(help=_help("yes", untested="apply it though request cases do not hold"))
def up(_context: Context, stack: str = LAB, engine: str = "auto", yes: bool = False, untested: bool = False) -> None:
    """Bring an environment to what its stack's file declares; a second run changes nothing.

    The request cases of stacks/requests/ are run first, and nothing is applied unless all of them hold.

    Examples: `invoke up`, `invoke up --stack staging`, `invoke up --stack staging --engine lab` (a rehearsal).
    """
    cli_does_it = by_cli(engine, stack)
    _require_key(stack)
    if not untested:
        _require_cases(stack)
    if cli_does_it:
        from adapters import pulumi_cli

        _run_cli(pulumi_cli.up(stack, yes=yes), stack)
        return
    from lab.engine import api, render, wire

    done = api.up(project(stack), progress())
    _say(*render.outputs(wire.mask(done.outputs)), *render.result(done))


def _require_key(stack: str) -> None:
    """Raise :class:`SettingsError` where the edge's own key is not that of its certificate: hosts would refuse it.

    Where this machine cannot decrypt the key (another secrets provider), Cloudflare says so when it is applied.
    """
    from cli.around import config_secrets_of
    from cli.declared import stack_without_hosts
    from core.settings.base import NAMESPACE, stack_file
    from core.settings.certificates import is_key_of

    settings = stack_without_hosts(ROOT, stack)
    pulls = settings.tls.origin_pulls
    if pulls is None or settings.certificates.pulls is None:
        return
    file = stack_file(ROOT / STACKS, stack)
    try:
        key = config_secrets_of(file)(pulls.config_secret)
    except SettingsError:
        return
    if not is_key_of(settings.certificates.pulls, key.reveal()):
        raise SettingsError(
            f"{file}: config.{NAMESPACE}:{pulls.config_secret} is not the key of {pulls.certificate_file}: set the "
            f"right one with `pulumi config set --secret {NAMESPACE}:{pulls.config_secret}`"
        )


def _require_cases(stack: str) -> None:
    """Raise :class:`LaunchReadyError` unless every request case holds of what the stack declares."""
    from cli.edge import against
    from edge.cases.read import read_cases
    from edge.cases.run import run_cases

    cases = read_cases(ROOT)
    wrong = [one for one in run_cases(cases, against(stack)) if one.reasons]
    if wrong:
        named = "; ".join(f"{one.case.name} (expected {one.expected}, got {one.got})" for one in wrong[:_NAMED])
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise LaunchReadyError(
            f"{len(wrong)} of {len(cases.cases)} request cases do not hold, so nothing was applied: {named}{more}: see "
            f"`invoke edge.test --stack {stack}`, or apply it all the same with --untested"
        )


@command(help=_help("json"))
def preview(_context: Context, stack: str = LAB, engine: str = "auto", json: bool = False) -> None:
    """Say what `up` would do, property by property; nothing is changed.

    Examples: `invoke preview`, `invoke preview --stack staging --json > preview.json`.
    """
    if by_cli(engine, stack):
        from adapters import pulumi_cli

        _run_cli(pulumi_cli.preview(stack, as_json=json), stack)
        if not json:
            _say(*_policies(stack, None))
        return
    from lab.engine import api, render

    seen = api.preview(project(stack), progress(quiet=json), sames=True)
    shown = {**seen.document, "steps": [step for step in seen.document["steps"] if step["op"] != "same"]}
    if json:
        _say_json(shown)
    else:
        _say(*render.plan(shown), *render.result(seen, planned=True), *_policies(stack, seen.document))


def _policies(stack: str, document: Mapping[str, Any] | None) -> list[str]:
    """What `invoke review` would say of the policies; they stop nothing here."""
    from cli import review_of
    from review.text import policy_lines

    try:
        return policy_lines(review_of.verdicts_of(ROOT, stack, document))
    except LaunchReadyError as error:
        return [f"note: the policies could not be asked: {clean(str(error))}"]


@command(
    help=_help(
        confirm="the stack's name once more, for every stack but an unprotected lab; without it, a terminal is asked"
    )
)
def destroy(_context: Context, stack: str = LAB, engine: str = "auto", confirm: str = "") -> None:
    """Delete everything of an environment, once its name was typed; what the program protects is refused even then.

    Examples: `invoke destroy` (the lab's), `invoke destroy --stack staging --confirm staging`.
    """
    from cli.world import is_protected

    cli_does_it = by_cli(engine, stack)
    if stack != LAB or is_protected(stack):
        _require_name(stack, confirm)
    if cli_does_it:
        from adapters import pulumi_cli

        _run_cli(pulumi_cli.destroy(stack, yes=True), stack)
        return
    from lab.engine import api, render

    _say(*render.result(api.destroy(project(stack), progress())))


def _require_name(stack: str, confirm: str) -> None:
    """Raise :class:`LaunchReadyError` unless the stack's name was typed, as an option or on the terminal."""
    if not confirm and sys.stdin.isatty():
        sys.stderr.write(f"this deletes everything of the stack {stack}; type its name to go on: ")
        sys.stderr.flush()
        confirm = sys.stdin.readline().strip()
    if not confirm:
        raise LaunchReadyError(f"this deletes everything of the stack {stack}: say so with --confirm {stack}")
    if confirm != stack:
        raise LaunchReadyError(f"{confirm!r} is not the name of the stack, {stack}: nothing was deleted")


@command(help=_help("json", **{"show-secrets": "show secret outputs in the clear"}))
def outputs(
    _context: Context, stack: str = LAB, engine: str = "auto", json: bool = False, show_secrets: bool = False
) -> None:
    """Show a stack's outputs; secret ones are masked.

    Examples: `invoke outputs`, `invoke outputs --stack staging --json`, `invoke outputs --show-secrets`.
    """
    if by_cli(engine, stack):
        from adapters import pulumi_cli

        _run_cli(pulumi_cli.outputs(stack, as_json=json, show_secrets=show_secrets), stack)
        return
    from lab.engine import api, render

    found = api.outputs(project(stack), show_secrets=show_secrets)
    if json:
        _say_json(found)
    else:
        _say(*(render.outputs(found) or ["the stack has no outputs"]))


@command(help=_help("yes"))
def refresh(_context: Context, stack: str = LAB, engine: str = "auto", yes: bool = False) -> None:
    """Bring the state to what is really there, so that `preview` tells of what was changed by hand.

    Examples: `invoke refresh`, `invoke refresh --stack staging`.
    """
    if by_cli(engine, stack):
        from adapters import pulumi_cli

        _run_cli(pulumi_cli.refresh(stack, yes=yes), stack)
        return
    from lab.engine import api, render

    _say(*render.result(api.refresh(project(stack), progress())))


def by_cli(engine: str, stack: str) -> bool:
    """Whether the CLI does a stack's work. Raises where it is not there, and first of all for an unknown stack."""
    from core.settings.base import stack_file

    if engine not in ("auto", "pulumi", "lab"):
        raise LaunchReadyError(f"--engine is {engine!r}; it is one of auto, pulumi, lab")
    stack_file(ROOT / "stacks", stack)
    if engine == "lab" or (engine == "auto" and stack == LAB):
        return False
    from adapters import pulumi_cli

    pulumi_cli.require()
    return True


def _run_cli(argv: list[str], stack: str) -> None:
    from adapters import pulumi_cli

    pulumi_cli.run(argv, ROOT, lab_environment() if stack == LAB else {})


def lab_environment() -> dict[str, str]:
    """What the CLI and its provider need to work on the lab."""
    from lab.engine.connect import aws_of, cloudflare_of
    from lab.passphrase import passphrase_of
    from lab.place import aws_environment, here

    base_url, token = cloudflare_of(here(ROOT))
    return {
        **aws_environment(aws_of(here(ROOT))),
        "CLOUDFLARE_BASE_URL": base_url,
        "CLOUDFLARE_API_TOKEN": token.reveal(),
        "PULUMI_CONFIG_PASSPHRASE": passphrase_of(LAB, os.environ).reveal(),
    }


def project(stack: str) -> Project:
    """What the lab's engine needs for a stack. Raises :class:`core.errors.LabError` where no lab is up."""
    from lab.engine.connect import project_of
    from lab.place import here

    return project_of(here(ROOT), stack, os.environ)


def progress(*, quiet: bool = False) -> Progress:
    """Where the engine tells of its steps: standard output, or with ``quiet`` the other one."""
    from lab.engine.terminal import progress_to

    return progress_to(sys.stderr if quiet else sys.stdout)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _say_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
