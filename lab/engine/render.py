"""Events, results and plans as lines for a person. Pure: what comes from elsewhere is cleaned, nothing is coloured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.terminal import clean
from lab.engine import diff
from lab.engine.model import Event, Op, Result

SIGNS: Mapping[str, str] = {
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.DELETE: "-",
    Op.REPLACE: "+-",
    Op.CREATE_REPLACEMENT: "++",
    Op.DELETE_REPLACED: "--",
    Op.READ: ">",
    Op.REFRESH: "~",
    Op.IMPORT: "=",
    Op.SAME: " ",
}
_DONE = {
    Op.CREATE: "created",
    Op.UPDATE: "updated",
    Op.DELETE: "deleted",
    Op.REPLACE: "replaced",
    Op.READ: "read",
    Op.IMPORT: "imported",
}
_LONGEST_VALUE = 100
_KINDS = {"add": "+", "delete": "-", "update": "~"}


def short_type(type_: str) -> str:
    """``cloudflare:DnsRecord`` for ``cloudflare:index/dnsRecord:DnsRecord``."""
    parts = type_.split(":")
    return f"{parts[0]}:{parts[-1]}"


def line(event: Event) -> str | None:
    """What to show for an event as it comes, or nothing: steps that change nothing are only counted."""
    if event.kind == "log":
        prefix = "" if event.severity == "info" else f"{event.severity}: "
        return "\n".join(f"{prefix}{clean(text)}" for text in event.message.splitlines())
    if event.status not in ("done", "failed") or event.op in (Op.SAME, Op.REFRESH):
        return None
    what = f"{short_type(clean(event.type))}  {clean(event.name)}"
    failed = "  failed" if event.status == "failed" else ""
    return f"{SIGNS.get(event.op, '?'):>2} {event.op:<16} {what}  {event.seconds:.2f} s{failed}"


def result(done: Result, *, planned: bool = False) -> list[str]:
    """The counts and the duration, after the lines of the steps."""
    counts = dict(done.changes)
    same = counts.pop(Op.SAME, 0)
    if not counts:
        verb = "to change" if planned else "changed"
        return [f"nothing {verb}: {same} resources are as they should be", f"Duration: {done.duration:.1f} s"]
    lines = ["Resources:"]
    for op, count in counts.items():
        word = f"to {op}" if planned else _DONE.get(Op(op), op)
        lines.append(f"    {SIGNS[op]} {count} {word}")
    return [*lines, *([f"    {same} unchanged"] if same else []), f"Duration: {done.duration:.1f} s"]


def outputs(values: Mapping[str, Any]) -> list[str]:
    """The stack's outputs; secrets have to be masked already."""
    if not values:
        return []
    width = max(len(key) for key in values)
    return ["Outputs:"] + [f"    {clean(key):<{width}}: {clean(_json(values[key]))}" for key in sorted(values)]


def plan(document: Mapping[str, Any]) -> Iterator[str]:
    """The steps of a preview document, each changed property with its old and its new value."""
    for step in document["steps"]:
        state = step.get("newState") or step["oldState"]
        name = step["urn"].rsplit("::", 1)[-1]
        yield f"{SIGNS.get(step['op'], '?'):>2} {step['op']:<8} {short_type(clean(state['type']))}  {clean(name)}"
        for path, change in step.get("detailedDiff", {}).items():
            yield f"        {_change(path, change['kind'], step)}"


def _change(path: str, kind: str, step: Mapping[str, Any]) -> str:
    sign = _KINDS[kind.removesuffix("-replace")]
    forced = "  (forces replacement)" if kind.endswith("-replace") else ""
    sides = [_at(step.get(side, {}).get("inputs", {}), path) for side in ("oldState", "newState")]
    values = [_json(value) for value in sides if value is not _MISSING]
    return clean(f"{sign} {path}: {' → '.join(values)}{forced}")


_MISSING = object()


def _at(value: Any, path: str) -> Any:
    for step in diff.parse(path):
        inside = step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)
        if not inside or (isinstance(value, list) and isinstance(step, int) and step >= len(value)):
            return _MISSING
        value = value[step]
    return value


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
