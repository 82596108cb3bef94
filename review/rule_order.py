"""Rules that stand elsewhere in their ruleset: order decides where one of them skips the rest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from review.finding import Direction, Finding
from review.rule_parts import STOPPING
from review.rule_texts import Told

Rule = Mapping[str, Any]


def move_findings(told: Told, old: Mapping[str, Rule], new: Mapping[str, Rule]) -> Iterator[Finding]:
    """Rules that stand elsewhere among those that stayed: as few as explain the new order."""
    stayed = [ref for ref in new if ref in old]
    places = {ref: place for place, ref in enumerate(ref for ref in old if ref in new)}
    keep = _longest_rising([places[ref] for ref in stayed])
    for place, ref in enumerate(stayed):
        if places[ref] in keep:
            continue
        passed = _passed(ref, old, new)
        why = _weakened_by(ref, passed, new)
        where = f"before {stayed[place + 1]}" if place + 1 < len(stayed) else "to the end"
        direction: Direction = "weaker" if why else "neutral"
        yield told.finding(direction, "moved", ref, f"moved {where}", why, 22)


def _passed(ref: str, old: Mapping[str, Rule], new: Mapping[str, Rule]) -> list[tuple[str, bool]]:
    """The rules that ``ref`` changed places with, and whether it comes before each now."""
    was, is_now = list(old), list(new)
    shared = [other for other in new if other in old and other != ref]
    before = {other: was.index(ref) < was.index(other) for other in shared}
    after = {other: is_now.index(ref) < is_now.index(other) for other in shared}
    return [(other, after[other]) for other in shared if before[other] != after[other]]


def _weakened_by(ref: str, passed: list[tuple[str, bool]], new: Mapping[str, Rule]) -> str:
    for other, first in passed:
        early, late = (ref, other) if first else (other, ref)
        if _skips(new[early]) and new[late].get("action") in STOPPING | {"execute"}:
            return f"the skip rule {early} now comes before {late}"
    return ""


def _skips(rule: Rule) -> bool:
    """Whether a rule is a skip in force that takes requests past what comes after it in its own phase."""
    parameters = rule.get("actionParameters")
    kept = parameters if isinstance(parameters, dict) else {}
    past = any(kept.get(key) for key in ("ruleset", "rulesets", "rules"))
    return rule.get("action") == "skip" and rule.get("enabled", True) is not False and past


def _longest_rising(places: Sequence[int]) -> set[int]:
    """A longest rising subsequence: what did not move."""
    tails: list[int] = []
    chain: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(tails, place)
        chain[place] = tails[at - 1] if at else None
        tails[at : at + 1] = [place]
    kept: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = chain[last]
    return kept
