"""A burst: what is sent, and what was seen of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.ports import Clock
from core.settings.readiness import Promise
from core.site import Reply, Visitor
from readiness.check import Check
from readiness.rows.limits.answers import Layer, layer, refused, retry_after
from readiness.rows.limits.declared import Budget

MARGIN = 10
"""How many more than the limit are sent before it is said that there is none."""
LONGEST_WAIT = 8.0
SECOND_LOOK = 2.2

FORGED: Mapping[str, str] = {
    "X-Forwarded-For": "203.0.113.77",
    "X-Real-IP": "203.0.113.77",
    "True-Client-IP": "203.0.113.77",
    "CF-Connecting-IP": "203.0.113.77",
    "Forwarded": "for=203.0.113.77",
}
"""What some servers take the client's address from; 203.0.113.77 is nobody's (RFC 5737)."""

Ask = Callable[[Visitor, Mapping[str, str]], Reply]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A kind of request that is limited.

    ``ask`` sends one, for the account that the burst is about; ``other`` one for another account. ``twin`` makes a
    visitor at a new address who is signed in as that account. ``good`` are the statuses of a request that was taken.
    """

    name: str
    line: str
    edge: Check
    app: Check | None
    budget: Budget | None
    promise: Promise | None
    ask: Ask
    other: Ask
    twin: Callable[[], Visitor]
    other_twin: Callable[[], Visitor]
    good: tuple[int, ...]


@dataclass
class Refusal:
    """The first refusal of a layer: after how many requests, what it said, and what came of a second look."""

    at: int
    reply: Reply
    retry: float | None
    moment: float = 0.0
    """When, on the clock's monotonic()."""
    later: float | None = None
    """What Retry-After said ``elapsed`` seconds later; None where it was not looked at, or said nothing."""
    elapsed: float = 0.0
    kept_word: bool | None = None
    """Whether a request after the whole of Retry-After was taken; None where that is too long to wait for."""
    forged: list[Reply] = field(default_factory=list)
    other: Reply | None = None
    again: Callable[[], Reply] | None = None


@dataclass
class Seen:
    """What a flow's burst showed. ``sent`` at the edge from one address, ``taken`` by the app in all."""

    flow: Flow
    sent: int = 0
    taken: int = 0
    addresses: int = 0
    seconds: float = 0.0
    edge: Refusal | None = None
    app: Refusal | None = None
    wrong: Reply | None = None
    """An answer that is neither a refusal nor what such a request gets: the burst ends with it."""


def at_the_edge(flow: Flow, clock: Clock, *, own_addresses: bool) -> Seen:
    """Send from one address until the edge refuses, at most ``MARGIN`` more than it lets through."""
    seen, visitor, began = Seen(flow, addresses=1), flow.twin(), clock.monotonic()
    most = (flow.budget.requests if flow.budget else 0) + MARGIN
    while seen.sent < most and seen.edge is None and seen.wrong is None:
        reply = flow.ask(visitor, {})
        seen.sent += 1
        _note(seen, reply, clock)
    seen.seconds = clock.monotonic() - began
    if seen.edge is not None:
        _look_around(seen.edge, flow, lambda: visitor, flow.other_twin() if own_addresses else None)
    return seen


def in_the_app(seen: Seen, promise: Promise, clock: Clock, twin: Callable[[], Visitor]) -> None:
    """Go on for the same account from new addresses (``twin``), until the app refuses or it took ``MARGIN`` more than
    it promises.
    """
    flow = seen.flow
    while seen.app is None and seen.wrong is None and seen.taken < promise.requests + MARGIN:
        visitor = twin()
        seen.addresses += 1
        room = min(flow.budget.requests if flow.budget else promise.requests, promise.requests + MARGIN - seen.taken)
        for _ in range(room):
            reply = flow.ask(visitor, {})
            _note(seen, reply, clock)
            if refused(reply) or seen.wrong is not None:
                break
        if refused(reply) and seen.app is None and seen.addresses > MARGIN:
            break
    if seen.app is not None:
        # At a new address each time, whom the edge has not counted.
        _look_around(seen.app, flow, twin, flow.other_twin())


def later(seen: Seen, clock: Clock) -> None:
    """Look once more at each refusal, a while after it, or where that is soon: after the time that it said."""
    for refusal in (seen.edge, seen.app):
        if refusal is None or refusal.retry is None or refusal.again is None:
            continue
        waits = refusal.retry <= LONGEST_WAIT
        clock.sleep(max(0.0, (refusal.retry + 1.0 if waits else SECOND_LOOK) - (clock.monotonic() - refusal.moment)))
        reply = refusal.again()
        refusal.elapsed = clock.monotonic() - refusal.moment
        if waits:
            refusal.kept_word = not refused(reply)
        else:
            refusal.later = retry_after(reply, clock.now()) if refused(reply) else 0.0


def _note(seen: Seen, reply: Reply, clock: Clock) -> None:
    if refused(reply):
        who = layer(reply)
        at = seen.sent if who is Layer.EDGE else seen.taken + 1
        refusal = Refusal(at, reply, retry_after(reply, clock.now()), clock.monotonic())
        if who is Layer.EDGE:
            seen.edge = seen.edge or refusal
        else:
            seen.app = seen.app or refusal
    elif reply.status in seen.flow.good:
        seen.taken += 1
    else:
        seen.wrong = reply


def _look_around(refusal: Refusal, flow: Flow, visitor: Callable[[], Visitor], other: Visitor | None) -> None:
    """With forged addresses, and as somebody else; ``visitor`` makes who was refused."""
    refusal.forged = [
        flow.ask(visitor(), FORGED),
        flow.ask(visitor(), {"X-Forwarded-For": "203.0.113.78, 203.0.113.79"}),
    ]
    if other is not None:
        refusal.other = flow.other(other, {})
    refusal.again = lambda: flow.ask(visitor(), {})
