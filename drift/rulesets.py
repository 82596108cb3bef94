"""Rulesets compared rule by rule, by their ``ref``: a rule that moved is not another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.resources import Resource
from drift.differences import Difference, compared

Rules = list[Mapping[str, Any]]


def compare_rules(
    resource: Resource, wanted: Mapping[str, Any], live: Mapping[str, Any], zone: str
) -> Iterator[Difference]:
    """What differs of a ruleset and of its rules, and rules that nobody declared."""
    phase = str(wanted.get("phase"))
    # What a ruleset is called matters to nobody: one that was adopted keeps the dashboard's word.
    rest = {key: value for key, value in wanted.items() if key not in ("rules", "name", "description")}
    for path, ours, theirs in compared(rest, live):
        yield Difference("changed", "Ruleset", phase, path, ours, theirs, resource.urn, zone)
    ours_by_ref, theirs_by_ref = _by_ref(wanted.get("rules") or []), _by_ref(live.get("rules") or [])
    for ref, rule in ours_by_ref.items():
        name = f"{phase} {ref}"
        if ref not in theirs_by_ref:
            yield Difference("missing", "Rule", name, urn=resource.urn, zone=zone)
            continue
        for path, value, other in compared(rule, theirs_by_ref[ref]):
            yield Difference("changed", "Rule", name, path, value, other, resource.urn, zone)
    for ref, rule in theirs_by_ref.items():
        if ref not in ours_by_ref:
            yield _undeclared(phase, ref, rule, zone)
    both = [ref for ref in ours_by_ref if ref in theirs_by_ref]
    there = [ref for ref in theirs_by_ref if ref in ours_by_ref]
    if both != there:
        yield Difference("changed", "Ruleset", phase, "order", both, there, resource.urn, zone)


def undeclared_rules(live: Mapping[str, Any], zone: str) -> Iterator[Difference]:
    """Each rule of a ruleset that nobody declared; an empty one does nothing."""
    for ref, rule in _by_ref(live.get("rules") or []).items():
        yield _undeclared(str(live.get("phase")), ref, rule, zone)


def _undeclared(phase: str, ref: str, rule: Mapping[str, Any], zone: str) -> Difference:
    said = f"{rule.get('action')}: {rule.get('expression')}"
    return Difference("undeclared", "Rule", f"{phase} {ref}", live=said, zone=zone)


def _by_ref(rules: Rules) -> dict[str, Mapping[str, Any]]:
    return {str(rule.get("ref") or rule.get("id")): rule for rule in rules}
