"""What a review is made of: the stack's file, a preview or two declarations, request cases, policies."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.declared import declared_in, stack_without_hosts
from core.errors import LaunchReadyError, ReviewError
from core.policy import Verdict
from core.resources import Resource
from core.settings.base import config_of, stack_file
from core.settings.stack import STACKS_DIR, Stack
from core.settings.yaml_tree import Json, read_tree
from core.terminal import clean
from review.assess import Material, Review, environments, review, with_verdicts
from review.declared import between, resources_of
from review.fates import Trial
from review.finding import Finding
from review.reading import Preview, preview_from, read_preview
from review.stack_file import file_findings, waiver_notes

_LONGEST_NOTE = 300


def reviewed(root: Path, stack: str, preview: str, base: str, engine: str) -> Review:
    """The whole review. Raises :class:`LaunchReadyError`."""
    settings = stack_without_hosts(root, stack)
    notes: list[str] = []
    declared: Sequence[Resource] | None = None
    file: list[Finding] = []
    if base:
        seen, declared = _against(root, stack, base, notes, file)
    else:
        seen = read_preview(Path(preview)) if preview else _preview(root, stack, engine)
        declared = None if seen.complete else _declared_or_not(root, stack, notes)
    material = Material(
        stack=stack,
        preview=seen,
        platform=settings.platform,
        thresholds=settings.review,
        waivers=settings.waivers.items,
        today=datetime.now(UTC).date(),
        declared=declared,
        zone=settings.zone.name,
        cases=_cases(root, stack, settings),
        file=file,
        notes=tuple(notes),
    )
    return with_policies(review(material), material, settings)


def with_policies(made: Review, material: Material, settings: Stack) -> Review:
    """The review with what the policies say; where not all is known that is declared, they are undecided."""
    from stacks.policy import judge

    _, after = environments(material)
    if not after.complete:
        said = "the preview leaves out what does not change, and the program's declaration is not known"
        open_ = Verdict(rule="policies", subject="all", outcome="undecided", said=said, fix="preview with --show-sames")
        return with_verdicts(made, [open_])
    return with_verdicts(made, judge(after.resources.values(), settings, material.today))


def verdicts_of(root: Path, stack: str, document: Mapping[str, Any] | None) -> list[Verdict]:
    """What the policies say of a whole preview document, or of what the program declares; raises alike."""
    from stacks.policy import judge

    settings = stack_without_hosts(root, stack)
    found = declared_in(root, stack, root) if document is None else resources_of(preview_from(document))
    return judge(found, settings, datetime.now(UTC).date())


def _cases(root: Path, stack: str, settings: Stack) -> list[Trial]:
    """The request cases of the stack (``stacks/requests``), as trials: what they expect is for `invoke edge.test`."""
    from edge.cases.read import FOLDER, read_cases
    from edge.cases.run import Against, not_for, requests_of

    if not any((root / FOLDER).glob("*.yaml")):
        return []
    cases = read_cases(root)
    against = Against(stack, settings.zone.plan, settings.zone.name, {}, settings.platform)
    fitting = [case for case in cases.cases if not not_for(case, against)]
    return [Trial(f"{case.name} ({case.why})", tuple(requests_of(case, cases, against))) for case in fitting]


def _preview(root: Path, stack: str, engine: str) -> Preview:
    from cli.stack import by_cli, lab_environment, progress, project

    if not by_cli(engine, stack):
        from lab.engine import api

        return preview_from(api.preview(project(stack), progress(quiet=True), sames=True).document)
    from adapters import pulumi_cli

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "preview.json"
        status = pulumi_cli.run_into(
            file,
            pulumi_cli.preview(stack, as_json=True, whole=True),
            root,
            lab_environment() if stack == "lab" else {},
        )
        if status and not file.stat().st_size:
            raise ReviewError(f"`pulumi preview` ended with status {status}: what it printed says why")
        return read_preview(file)


def _declared_or_not(root: Path, stack: str, notes: list[str]) -> Sequence[Resource] | None:
    try:
        return declared_in(root, stack, root)
    except LaunchReadyError as error:
        notes.append(f"what the program declares is not known: {clean(str(error))[:_LONGEST_NOTE]}")
        return None


def _against(
    root: Path, stack: str, base: str, notes: list[str], file: list[Finding]
) -> tuple[Preview, Sequence[Resource]]:
    """The steps from what is declared at ``base`` to what is declared now; each program in a process of its own.

    ``notes`` and ``file`` get what the two stack files themselves tell.
    """
    from adapters.git_tree import tree_at
    from lab.engine.providers.cloudflare.kinds import KINDS

    with tree_at(root, base) as folder, ThreadPoolExecutor(1) as pool:
        there = (folder / STACKS_DIR / f"Pulumi.{stack}.yaml").exists()
        now = pool.submit(declared_in, root, stack, root)
        before = declared_in(folder, stack, root) if there else []
        notes += _changed_secrets(folder, root, stack)
        if there:
            _read_files(folder, root, stack, notes, file)
        after = now.result()
    if not before:
        notes.append(f"{base} has no stack {stack}: everything is new")
    return between(before, after, lambda type_: KINDS[type_].replaced_by if type_ in KINDS else frozenset()), after


def _read_files(before: Path, after: Path, stack: str, notes: list[str], file: list[Finding]) -> None:
    try:
        old = stack_without_hosts(before, stack)
    except LaunchReadyError as error:
        notes.append(f"the stack's file of before is not compared: {clean(str(error))[:_LONGEST_NOTE]}")
        return
    new = stack_without_hosts(after, stack)
    file += file_findings(old, new)
    notes += map(clean, waiver_notes(old.waivers.items, new.waivers.items))


def _changed_secrets(before: Path, after: Path, stack: str) -> list[str]:
    """Config secrets whose ciphertext differs: a new value, or the same one encrypted anew."""
    old, new = (_sealed(folder, stack) for folder in (before, after))
    changed = [key for key in new if key in old and new[key] != old[key]]
    return [f"the config secret {clean(key)} has another value, or was encrypted anew" for key in sorted(changed)]


def _sealed(folder: Path, stack: str) -> dict[str, Json]:
    if not (folder / STACKS_DIR / f"Pulumi.{stack}.yaml").exists():
        return {}
    config = config_of(read_tree(stack_file(folder / STACKS_DIR, stack)))
    return {key: value for key, value in config.items() if isinstance(value, dict) and set(value) == {"secure"}}
