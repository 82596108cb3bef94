"""What the stack's file itself tells of a change: who reads a secret, what the review asks, waivers that come along."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli.declared import stack_without_hosts
from core.settings.review import Review
from core.settings.stack import Stack
from core.settings.waivers import Waiver
from review.stack_file import file_findings, waiver_notes

STACK = stack_without_hosts(Path(__file__).parents[3], "lab")


def with_secret(**changed: Any) -> Stack:
    first, *rest = STACK.secrets.items
    items = (first.model_copy(update=changed), *rest)
    return replace(STACK, secrets=STACK.secrets.model_copy(update={"items": items}))


def protected(protect: bool) -> Stack:
    return replace(STACK, zone=STACK.zone.model_copy(update={"protect": protect}))


def limited(**changed: float) -> Stack:
    return replace(STACK, review=Review.model_validate(changed))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (STACK, with_secret(readers=("releases", "on-call", "bob")), ["secret SESSION_KEY: read by bob, too"]),
        (STACK, with_secret(readers=("releases",)), []),
        (with_secret(max_age_days=90), STACK, ["secret SESSION_KEY: max_age_days 90 → 730"]),
        (STACK, with_secret(max_age_days=90), []),
        (protected(True), protected(False), ["zone.protect: true → false"]),
        (limited(), limited(max_deleted_share=1.0), ["review.max_deleted_share: 0.3 → 1.0"]),
        (limited(), limited(max_deleted_share=0.1), []),
        (limited(), limited(min_records=10_000), ["review.min_records: 10 → 10000"]),
    ],
)
def test_what_the_file_weakens_by_itself_is_told(before: Stack, after: Stack, told: list[str]) -> None:
    found = list(file_findings(before, after))
    assert [one.what for one in found] == told
    assert {one.direction for one in found} <= {"weaker"}


def test_a_waiver_that_comes_with_the_change_is_named() -> None:
    def waiver(rule: str, until: str) -> Waiver:
        day = date.fromisoformat(until)
        return Waiver(rule=rule, subject="*", reason="because it is so", owner="me", until=day)

    old = [waiver("dns.a", "2027-01-01"), waiver("dns.b", "2027-01-01")]
    new = [waiver("dns.a", "2027-01-01"), waiver("dns.b", "2028-01-01"), waiver("dns.c", "2027-01-01")]
    notes = list(waiver_notes(old, new))
    assert [note.split(", until")[0] for note in notes] == [
        "the change itself makes last longer (until 2027-01-01 before) the waiver of dns.b for *",
        "the change itself brings the waiver of dns.c for *",
    ]
