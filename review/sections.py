"""What every form of a review says in the same words and the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.policy import Verdict
from core.settings.waivers import Waiver
from review.assess import Changed, Review
from review.finding import ORDER, Direction, Finding
from review.show import named

TITLES: Final[Mapping[Direction, str]] = {
    "weaker": "Weakens",
    "outage": "Takes live traffic away, or may",
    "unclear": "Cannot be told",
    "stronger": "Strengthens",
    "neutral": "Changes, and is neither weaker nor stronger",
}
SIGNS: Final[Mapping[Direction, str]] = {"weaker": "✗", "outage": "✗", "unclear": "?", "stronger": "✓", "neutral": "·"}
OPS: Final[Mapping[str, str]] = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_DONE: Final[Mapping[str, str]] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
    "same": "unchanged",
}


@dataclass(frozen=True)
class Section:
    """Findings of one direction, under its title."""

    direction: Direction
    title: str
    findings: Sequence[Finding]


def sections(made: Review) -> Iterator[Section]:
    """The findings, the most dangerous first; a direction with none is left out."""
    for direction in ORDER:
        found = made.of(direction)
        if found:
            yield Section(direction, TITLES[direction], found)


def counted(made: Review) -> str:
    """``2 to update, 1 to delete, 40 unchanged``."""
    return ", ".join(f"{count:,} {_DONE[op]}" for op, count in made.counts.items()) or "nothing changes"


def headline(made: Review) -> str:
    """The whole review in one line."""
    stopping = [one for one in made.findings if one.stops]
    broken = [one for one in made.verdicts if one.stops]
    if not stopping and not broken:
        waived = any(one.waived for one in made.findings) or any(one.waived for one in made.verdicts)
        return "Nothing weakens" + (", but for what is waived" if waived else "")
    words = {"weaker": "weaker", "outage": "away from live traffic", "unclear": "not clear"}
    parts = [
        f"{count} {word}" for key, word in words.items() if (count := sum(one.direction == key for one in stopping))
    ]
    parts += [named(len(broken), "policy") + " not fulfilled"] if broken else []
    return "Look closely: " + ", ".join(parts)


def broken(made: Review) -> list[Verdict]:
    """Policies that are not fulfilled: those without a waiver first."""
    return sorted((one for one in made.verdicts if one.outcome != "ok"), key=lambda one: (not one.stops, one.rule))


def tried(made: Review) -> str:
    """What was tried of behaviour, in a sentence."""
    found = made.behaviour
    if found.not_tried:
        return f"Requests were not tried: {found.not_tried}."
    words = f"{named(found.tried, 'request')} tried before and after"
    words += f", {found.left_out:,} more left out" if found.left_out else ""
    words += f", {found.undecided:,} cannot be told" if found.undecided else ""
    groups = len(found.changes)
    return (
        f"{words}; {named(groups, 'kind')} of them meet another fate."
        if groups
        else f"{words}; none meets another fate."
    )


def waiver_line(waiver: Waiver, made: Review) -> str:
    """A waiver as every review shows it."""
    state = f"until {waiver.until}" if waiver.until >= made.today else f"ended on {waiver.until}: it counts no more"
    return f"{waiver.rule} for {waiver.subject}: {waiver.reason} ({waiver.owner}, {state})"


def resource_line(changed: Changed) -> str:
    """``DnsRecord app/A/web-1``."""
    subject = changed.step.subject
    return f"{subject.kind} {subject.name}"
