"""Rulesets, rule by rule: rules are the same by their ``ref``, wherever they stand in the list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.resources import UNKNOWN, is_open
from review.finding import Direction, Finding
from review.rule_order import move_findings
from review.rule_parts import STOPPING, part_findings, skips
from review.show import show
from review.steps import Step

Rule = Mapping[str, Any]

_PHASES: Final[Mapping[str, str]] = {
    "http_request_firewall_custom": "WAF",
    "http_request_firewall_managed": "managed WAF",
    "http_ratelimit": "rate limit",
    "http_request_dynamic_redirect": "redirect",
    "http_request_transform": "URL rewrite",
    "http_request_late_transform": "request header",
    "http_response_headers_transform": "response header",
    "http_request_cache_settings": "cache",
    "http_config_settings": "configuration",
    "http_request_origin": "origin",
    "http_request_sbfm": "bot",
}
_GUARDS: Final = frozenset(
    {"http_request_firewall_custom", "http_request_firewall_managed", "http_ratelimit", "http_request_sbfm"}
)
_RESPONSE_HEADERS: Final = "http_response_headers_transform"
# Phases of which no request that is tried tells what a rule does.
_LESS: Final = frozenset({_RESPONSE_HEADERS, "http_config_settings", "http_request_origin"})
# Phases whose rules say in their parameters what they do, each of which can take protection away.
_BY_PARAMETERS: Final = frozenset(
    {
        *(_RESPONSE_HEADERS, "http_config_settings", "http_request_late_transform", "http_request_origin"),
        "http_request_dynamic_redirect",
    }
)


@dataclass(frozen=True)
class Told:
    """Where findings of one ruleset belong."""

    step: Step
    phase: str
    zones: frozenset[str] = frozenset()
    """The names of the stack's zones; none where they are not known."""

    def finding(self, direction: Direction, rule: str, ref: str, what: str, why: str = "", weight: int = 25) -> Finding:
        """A finding about the rule ``ref``, or about the ruleset where that is empty."""
        called = (
            f"{_PHASES.get(self.phase, self.phase)} rule {ref}"
            if ref
            else f"{_PHASES.get(self.phase, self.phase)} rules"
        )
        return Finding(
            direction=direction,
            rule=f"rule.{rule}",
            subject=ref or self.step.subject.name,
            what=f"{called}: {what}",
            why=why,
            weight=weight,
            urn=self.step.urn,
        )


def ruleset_findings(step: Step, zones: Iterable[str] = ()) -> Iterator[Finding]:
    """What becomes of a ``Ruleset``; ``zones`` are the names of the stack's own."""
    phase = str(step.subject.properties.get("phase", ""))
    told = Told(step, phase, frozenset(zones))
    old, new = _rules(step, before=True), _rules(step, before=False)
    if old is None or new is None:
        yield told.finding("unclear", "unknown", "", "its rules are not known", "nobody can say what they stop")
        return
    if step.after is None:
        if any(_guards(rule, phase) for rule in old.values()):
            why = "requests that these rules stopped pass from then on"
            yield told.finding(
                "weaker", "ruleset-removed", "", f"the whole ruleset is removed ({len(old)} rules)", why, 13
            )
        return
    if step.op == "replace" and step.before is not None:
        why = "between delete and create none of its rules applies"
        yield told.finding(
            "outage", "ruleset-replaced", "", f"the ruleset is replaced (by {', '.join(step.forces)})", why, 14
        )
    renamed = _renamed(old, new)
    for was, ref in renamed.items():
        why = "to Cloudflare it is another rule, whose counters begin anew"
        yield told.finding("neutral", "renamed", ref, f"was called {was}, and is otherwise the same", why)
    old = {renamed.get(ref, ref): rule for ref, rule in old.items()}
    for ref in dict.fromkeys((*old, *new)):
        if ref not in renamed.values():
            yield from _one(told, ref, old.get(ref), new.get(ref))
    yield from move_findings(told, old, new)


def _renamed(old: Mapping[str, Rule], new: Mapping[str, Rule]) -> dict[str, str]:
    """Rules that are the same under another name: their old names, and their new ones."""
    came = {ref: _nameless(rule) for ref, rule in new.items() if ref not in old}
    found: dict[str, str] = {}
    for was, rule in old.items():
        same = [ref for ref, body in came.items() if body == _nameless(rule)] if was not in new else []
        if same:
            found[was] = same[0]
            del came[same[0]]
    return found


def _nameless(rule: Rule) -> Rule:
    return {key: value for key, value in rule.items() if key not in ("ref", "id", "description")}


def _rules(step: Step, *, before: bool) -> dict[str, Rule] | None:
    """Rules by what they are called; None where they are not known."""
    resource = step.before if before else step.after
    listed = resource.properties.get("rules") if resource else None
    if is_open(listed):
        return None
    found: dict[str, Rule] = {}
    for index, rule in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(rule, dict) or not isinstance(rule.get("action", ""), str):
            return None
        name = str(rule.get("ref") or rule.get("id") or rule.get("description") or f"#{index + 1}")
        name = f"#{index + 1}" if name == UNKNOWN else name
        found[name if name not in found else f"{name} (again, #{index + 1})"] = rule
    return found


def _guards(rule: Rule, phase: str) -> bool:
    """Whether a rule stops or watches requests, or puts a header into every answer."""
    action = rule.get("action")
    applies = rule.get("enabled", True) is not False
    return applies and (
        action in STOPPING or (phase in _GUARDS and action in ("execute", "log")) or phase == _RESPONSE_HEADERS
    )


def _one(told: Told, ref: str, old: Rule | None, new: Rule | None) -> Iterator[Finding]:
    if old is None and new is not None:
        yield from _came(told, ref, new)
    elif new is None and old is not None:
        yield from _went(told, ref, old)
    elif old is not None and new is not None and old != new:
        yield from _changed(told, ref, old, new)


def _came(told: Told, ref: str, rule: Rule) -> Iterator[Finding]:
    what = f"added: {show(rule.get('action'))} where {show(rule.get('expression'))}"
    if rule.get("action") == "skip":
        direction: Direction = "neutral" if rule.get("enabled", True) is False else "weaker"
        yield told.finding(direction, "skip", ref, what, f"it takes requests past {skips(rule)}", 16)
    elif told.phase in _BY_PARAMETERS and rule.get("enabled", True) is not False:
        found = list(part_findings(told, ref, {}, rule))
        yield from found or (told.finding("neutral", "added", ref, what),)
    else:
        guards = _guards(rule, told.phase)
        yield told.finding("stronger" if guards else "neutral", "added", ref, what)


def _went(told: Told, ref: str, rule: Rule) -> Iterator[Finding]:
    what = f"removed: {show(rule.get('action'))} where {show(rule.get('expression'))}"
    if rule.get("action") == "skip":
        yield told.finding("stronger", "skip", ref, what)
    elif _guards(rule, told.phase):
        weight = 40 if rule.get("action") == "log" or told.phase == _RESPONSE_HEADERS else 15
        yield told.finding("weaker", "removed", ref, what, "what it stopped or noticed passes unseen", weight)
    else:
        yield told.finding("neutral", "removed", ref, what)


def _changed(told: Told, ref: str, old: Rule, new: Rule) -> Iterator[Finding]:
    was, is_now = old.get("enabled", True), new.get("enabled", True)
    if was != is_now:
        yield _switched(told, ref, new, is_now)
        if was is False and told.phase in _BY_PARAMETERS:
            yield from part_findings(told, ref, {}, new)
            return
    if is_now is False and was is False:
        yield told.finding("neutral", "changed", ref, "changed, and not in force")
        return
    before, after = _normal(old.get("expression")), _normal(new.get("expression"))
    if before != after:
        yield from _expression(told, ref, old, new)
    yield from part_findings(told, ref, old, new)


def _switched(told: Told, ref: str, rule: Rule, is_now: Any) -> Finding:
    if is_open(is_now):
        return told.finding("unclear", "enabled", ref, "whether it is in force is not known", weight=16)
    helps = (rule.get("action") != "skip") == bool(is_now)
    matters = rule.get("action") == "skip" or _guards({**rule, "enabled": True}, told.phase)
    direction: Direction = "neutral" if not matters else "stronger" if helps else "weaker"
    what = "turned on" if is_now else "turned off"
    return told.finding(direction, "enabled", ref, what, "" if helps else "it applies to no request any more", 16)


def _expression(told: Told, ref: str, old: Rule, new: Rule) -> Iterator[Finding]:
    """Which requests it fits. Whether that is more or fewer is for :mod:`review.behaviour` to find out."""
    what = f"where {show(old.get('expression'))} → where {show(new.get('expression'))}"
    if is_open(new.get("expression")):
        yield told.finding("unclear", "expression", ref, what, "its expression is not known yet", 17)
    elif told.phase in _LESS:
        why = "whether what it does applies to more requests, or to fewer, is not known: read both"
        yield told.finding("unclear", "expression", ref, what, why, 30)
    elif told.phase in _GUARDS:
        why = "no request that was tried settles whether it stops fewer: read both"
        yield told.finding("unclear", "expression", ref, what, why, 30)
    else:
        yield told.finding("neutral", "expression", ref, what, "", 30)


def _normal(expression: Any) -> str:
    """Space outside of strings means nothing; none is taken out of a string, for that may mean something."""
    parts = str(expression or "").split('"')
    return '"'.join(" ".join(part.split()) if index % 2 == 0 else part for index, part in enumerate(parts))
