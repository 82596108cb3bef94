"""From a preview's steps to everything that a reviewer is told, the most dangerous first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from core.environment import Environment
from core.policy import Verdict
from core.resources import STACK, Resource
from core.settings.platform import Platform
from core.settings.review import Review as Thresholds
from core.settings.waivers import Waiver
from review.behaviour import Behaviour, behaviour, change_findings, settled
from review.differences import Difference, differences
from review.environment import around
from review.fates import Trial
from review.finding import Finding, Waived
from review.impact import loss_findings, moved_findings, unknown_findings
from review.reading import Preview
from review.records import record_findings
from review.rulesets import ruleset_findings
from review.settings import exposed_findings, property_findings, setting_findings
from review.show import named
from review.steps import DELETE, REPLACE, SAME, UPDATE, Step


@dataclass(frozen=True)
class Changed:
    """A step, and each place of it that differs."""

    step: Step
    differences: list[Difference]


@dataclass(frozen=True, kw_only=True)
class Review:
    """A change, reviewed. ``findings`` stand in the order in which they are to be read."""

    stack: str
    counts: Mapping[str, int]
    findings: list[Finding]
    changed: list[Changed]
    behaviour: Behaviour
    verdicts: list[Verdict] = field(default_factory=list)
    waivers: Sequence[Waiver] = ()
    notes: tuple[str, ...] = ()
    today: date = date.min

    @property
    def stops(self) -> bool:
        """Whether anything weakens, goes, cannot be told, or breaks a policy or a threshold, without a waiver."""
        return any(one.stops for one in self.findings) or any(one.stops for one in self.verdicts)

    @property
    def status(self) -> int:
        """The command's exit status: 0, or 2 where it stops."""
        return 2 if self.stops else 0

    def of(self, *directions: str) -> list[Finding]:
        """The findings of these directions."""
        return [one for one in self.findings if one.direction in directions]


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a review is made of. ``declared`` is what the program declares now, None where that is not known."""

    stack: str
    preview: Preview
    platform: Platform
    thresholds: Thresholds
    waivers: Sequence[Waiver]
    today: date
    declared: Sequence[Resource] | None = None
    zone: str = ""
    cases: Sequence[Trial] = ()
    file: Sequence[Finding] = ()
    """Findings about the stack's file itself, where the one before is known."""
    notes: tuple[str, ...] = ()


def review(material: Material) -> Review:
    """Review a change; policies are not asked here (:func:`with_verdicts`)."""
    steps = material.preview.steps
    before, after = environments(material)
    moving = [step for step in steps if step.op != SAME and step.subject.custom]
    tried = behaviour(before, after, material.platform, material.cases)
    found = [one for step in moving for one in step_findings(step, before, after)]
    found = [*settled(found, tried), *change_findings(tried), *moved_findings(moving)]
    found += [one for step in steps if step.subject.type == STACK for one in exposed_findings(step)]
    found += [*_thresholds(moving, before, material.thresholds), *material.file]
    waived = [_waived(one, material.waivers, material.today) for one in found]
    return Review(
        stack=material.stack,
        counts=_counts(steps, material.preview.counts),
        findings=sorted(_each_once(waived), key=lambda one: one.place),
        changed=[Changed(step, differences(step)) for step in moving],
        behaviour=tried,
        waivers=material.waivers,
        notes=(*material.notes, *material.preview.warnings),
        today=material.today,
    )


def environments(material: Material) -> tuple[Environment, Environment]:
    """What the stack declares before the change and after it."""
    preview = material.preview
    return around(preview.steps, material.declared, complete=preview.complete, zone=material.zone)


def with_verdicts(made: Review, verdicts: Iterable[Verdict]) -> Review:
    """The review with what the policies say of the environment after the change."""
    return replace(made, verdicts=list(verdicts))


def step_findings(step: Step, before: Environment, after: Environment) -> Iterator[Finding]:
    """What one step does, beside what there is before all of them and after."""
    kind = step.subject.kind
    if kind == "DnsRecord":
        yield from record_findings(step, before, after)
    elif kind == "Ruleset":
        yield from ruleset_findings(step, after.zones if before.resources else ())
    elif kind == "ZoneSetting":
        yield from setting_findings(step)
    else:
        yield from property_findings(step)
        yield from loss_findings(step)
        yield from unknown_findings(step)


def _thresholds(moving: Iterable[Step], before: Environment, limits: Thresholds) -> Iterator[Finding]:
    """As octoDNS does: a share of the records that were there."""
    total = len(before.of("DnsRecord"))
    if total < limits.min_records or not before.complete:
        return
    ops = Counter(step.op for step in moving if step.subject.kind == "DnsRecord")
    shares = (
        ("changed", ops[UPDATE] + ops[REPLACE], limits.max_changed_share),
        ("deleted", ops[DELETE], limits.max_deleted_share),
    )
    for word, count, most in shares:
        if count > total * most:
            yield Finding(
                direction="outage",
                rule=f"threshold.{word}",
                subject="records",
                what=f"{named(count, 'record')} of {total:,} {word}: {count / total:.0%}, and {most:.0%} is the most",
                why="a change of that size is more often a mistake than a wish (launch-ready:review)",
                weight=0,
            )


def _waived(one: Finding, waivers: Iterable[Waiver], today: date) -> Finding:
    for waiver in waivers:
        if waiver.until >= today and waiver.covers(one.rule, one.subject):
            return replace(one, waived=Waived(reason=waiver.reason, owner=waiver.owner, until=waiver.until))
    return one


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))


def _counts(steps: Sequence[Step], counted: Mapping[str, int]) -> dict[str, int]:
    found = Counter(step.op for step in steps if step.subject.custom)
    same = found.pop(SAME, 0) or counted.get(SAME, 0)
    return {op: found[op] for op in ("create", UPDATE, REPLACE, DELETE) if found[op]} | ({SAME: same} if same else {})
