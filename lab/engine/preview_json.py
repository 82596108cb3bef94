"""A preview as ``pulumi preview --json`` prints it (``previewDigest`` in ``pkg/backend/display/json.go``).

``{config, steps: [{op, urn, provider, oldState, newState, diffReasons, replaceReasons, detailedDiff}], diagnostics,
duration, changeSummary}``. Steps that change nothing and the halves of replacements are left out, as the CLI leaves
them out without ``--show-sames`` and ``--show-replacement-steps``. A secret is the string ``[secret]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from lab.engine import wire
from lab.engine.model import LOGICAL_OPS, Event, Op, Resource
from lab.engine.plan import Step
from lab.engine.project import Config


def document(
    steps: Iterable[Step], config: Config, events: Iterable[Event], seconds: float, *, sames: bool = False
) -> dict[str, Any]:
    """The whole document; ``events`` give the diagnostics. With ``sames``, as with the CLI's ``--show-sames``."""
    listed = list(steps)
    left_out = set() if sames else {Op.SAME}
    return {
        "config": shown_config(config),
        "steps": [_step(step) for step in listed if step.op in LOGICAL_OPS - left_out],
        "diagnostics": [_diagnostic(event) for event in events if event.kind == "log"],
        "duration": round(seconds * 1e9),
        "changeSummary": summary(listed),
    }


def summary(steps: Iterable[Step]) -> dict[str, int]:
    """How many steps of each operation; a replacement is one."""
    return dict(sorted(Counter(str(step.op) for step in steps if step.op in LOGICAL_OPS).items()))


def shown_config(config: Config) -> dict[str, str]:
    """The stack's configuration for show."""
    return {key: wire.MASK if key in config.secret_keys else value for key, value in sorted(config.values.items())}


def _step(step: Step) -> dict[str, Any]:
    entry: dict[str, Any] = {"op": str(step.op), "urn": step.subject.urn}
    if step.subject.provider:
        entry["provider"] = step.subject.provider
    if step.old is not None:
        entry["oldState"] = _state(step.old)
    if step.new is not None:
        entry["newState"] = _state(step.new)
    if step.changes:
        entry["diffReasons"] = step.keys
        if step.replace_keys:
            entry["replaceReasons"] = step.replace_keys
        entry["detailedDiff"] = {path: {"kind": kind, "inputDiff": True} for path, kind in step.changes.items()}
    return entry


def _state(resource: Resource) -> dict[str, Any]:
    fields: Mapping[str, Any] = {
        "id": resource.id,
        "inputs": wire.mask(resource.inputs),
        "outputs": wire.mask(resource.outputs),
        "parent": resource.parent,
        "protect": resource.protect,
        "external": resource.external,
        "provider": resource.provider,
        "dependencies": resource.dependencies,
        "propertyDependencies": resource.property_dependencies,
        "additionalSecretOutputs": resource.additional_secret_outputs,
    }
    always = {"urn": resource.urn, "custom": resource.custom, "type": resource.type}
    return always | {name: value for name, value in fields.items() if value}


def _diagnostic(event: Event) -> dict[str, str]:
    urn = {"urn": event.urn} if event.urn else {}
    return urn | {"message": event.message, "severity": event.severity}
