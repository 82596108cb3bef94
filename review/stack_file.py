"""What a change of the stack's file weakens and no resource shows: readers of secrets, and the review's own limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.settings.secrets import Secrets
from core.settings.stack import Stack
from core.settings.waivers import Waiver
from review.finding import Finding


def file_findings(before: Stack, after: Stack) -> Iterator[Finding]:
    """Findings from one version of a stack's file to another."""
    if before.zone.protect and not after.zone.protect:
        yield _finding("protect", "zone", "zone.protect: true → false", "`invoke destroy` asks for no name any more", 6)
    for key in ("max_changed_share", "max_deleted_share", "min_records"):
        old, new = getattr(before.review, key), getattr(after.review, key)
        if new > old:
            why = "a change that was refused passes, this one too"
            yield _finding("threshold", key, f"review.{key}: {old} → {new}", why, 1)
    yield from _secrets(before.secrets, after.secrets)


def waiver_notes(before: Iterable[Waiver], after: Iterable[Waiver]) -> Iterator[str]:
    """Waivers that a change brings along, or makes last longer."""
    known = {(one.rule, one.subject): one.until for one in before}
    for one in after:
        until = known.get((one.rule, one.subject))
        if until is None or one.until > until:
            done = "brings" if until is None else f"makes last longer (until {until} before)"
            yield f"the change itself {done} the waiver of {one.rule} for {one.subject}, until {one.until}"


def _secrets(before: Secrets, after: Secrets) -> Iterator[Finding]:
    known = {item.name: item for item in before.items}
    for item in after.items:
        old = known.get(item.name)
        if old is None:
            continue
        if came := [reader for reader in item.readers if reader not in old.readers]:
            yield _finding("secret-readers", item.name, f"secret {item.name}: read by {', '.join(came)}, too", "", 40)
        if item.max_age_days > old.max_age_days:
            days = f"secret {item.name}: max_age_days {old.max_age_days} → {item.max_age_days}"
            yield _finding("secret-age", item.name, days, "it is replaced less often", 45)


def _finding(rule: str, subject: str, what: str, why: str, weight: int) -> Finding:
    return Finding(direction="weaker", rule=f"file.{rule}", subject=subject, what=what, why=why, weight=weight)
