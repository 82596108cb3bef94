"""What was tried, and what came of it: rows of evidence, and how an answer to hostile input is judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.site import Reply
from readiness.check import Check, Evidence, Result, Table, held, unknown
from readiness.exchange import exchange

_MOST_ROWS = 80
SLOW = 5.0
"""Seconds after which an answer to one small request has taken too much."""


@dataclass(frozen=True)
class Try:
    """One request: where it went, what was in it, and what is wrong with the answer ("" for nothing)."""

    place: str
    what: str
    reply: Reply = field(repr=False)
    wrong: str = ""


def refusal(place: str, what: str, reply: Reply) -> Try:
    """For input that must be refused: an answer of 4xx within :data:`SLOW` seconds is right."""
    if not reply.status:
        return Try(place, what, reply, f"no answer ({reply.reason})")
    if reply.status >= 500:
        return Try(place, what, reply, f"it breaks (status {reply.status})")
    if reply.status < 400:
        return Try(place, what, reply, f"it is taken (status {reply.status})")
    return Try(place, what, reply, f"it takes {reply.seconds:.1f} s" if reply.seconds > SLOW else "")


def survival(place: str, what: str, reply: Reply) -> Try:
    """For input that may be taken or refused, but must not break anything."""
    if not reply.status:
        return Try(place, what, reply, f"no answer ({reply.reason})")
    if reply.status >= 500:
        return Try(place, what, reply, f"it breaks (status {reply.status})")
    return Try(place, what, reply, f"it takes {reply.seconds:.1f} s" if reply.seconds > SLOW else "")


def limited(one: Try) -> bool:
    """Whether it was a rate limit that answered, which says nothing about the input."""
    return one.reply.status == 429


def judged(check: Check, tries: Sequence[Try], summary: str, *evidence: Evidence) -> Result:
    """Failed with every try that is wrong, cannot tell where limits or nothing at all answered, else passed."""
    wrong = [f"{one.place}, {one.what}: {one.wrong}" for one in tries if one.wrong and not limited(one)]
    shown = [exchange(f"{one.place}: {one.what}", one.reply) for one in tries if one.wrong and not limited(one)][:3]
    table = as_table(tries)
    out = sum(map(limited, tries))
    if not wrong and (out or not tries):
        why = f"{out} of {len(tries)} tries met a rate limit" if out else "nothing could be tried"
        return unknown(check, f"{why}: run this row alone, or from more addresses", table)
    return held(check, _few(wrong), summary, *shown, *evidence, table)


def as_table(tries: Sequence[Try]) -> Table:
    """The tries, those that are wrong first."""
    ordered = sorted(tries, key=lambda one: not one.wrong)
    rows = [(one.place, one.what, _answer(one.reply), one.wrong or "right") for one in ordered[:_MOST_ROWS]]
    more = len(ordered) - len(rows)
    title = f"{len(tries)} tries" + (f", {more} of them not shown" if more else "")
    return Table(title, ("where", "what", "answer", "verdict"), tuple(rows))


def _answer(reply: Reply) -> str:
    return f"{reply.status}" if reply.status else f"none: {reply.reason}"


def _few(wrong: list[str]) -> list[str]:
    return wrong if len(wrong) <= 6 else [*wrong[:6], f"and {len(wrong) - 6} more"]
