"""The main flows of the platform, each under a load of its own: p50, p95 and p99, and the plot of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from core.errors import CheckError
from core.settings.calls import Call
from core.settings.rate_limits import Limit
from core.site import Reply, Visitor
from readiness import calls
from readiness.check import Check, Evidence, Result, Table, beside_the_point, failed, passed, unknown
from readiness.exchange import exchange
from readiness.people import Person
from readiness.rows.limits.flows import own_addresses, twin
from readiness.rows.performance import checks
from readiness.rows.performance.arrivals import Arrived, load
from readiness.rows.performance.busy import busy
from readiness.rows.performance.drawing import drawn
from readiness.rows.performance.samples import ENOUGH, quantile
from readiness.target import Target

SAMPLES = 60
_ASKERS = 8
_SHARE_OF_PACE = 0.9
_LOGINS = 0.4
_ORGS = 3
_FILE = b"A line of text to measure by.\n" * 550
_TEXT = {"Content-Type": "text/plain"}
_LOST = 0.05
"""A flow that loses more than this share of its requests has no times worth telling."""


@dataclass
class Flow:
    """One flow: ``ask`` makes a request with a visitor; ``limit`` is the edge's on one address.

    ``share`` is what of the pace it gets: passwords are slow to check on purpose, and no platform of this size has
    twenty logins a second.
    """

    check: Check
    name: str
    ask: Callable[[Visitor, int], Reply]
    limit: Limit | None = None
    people: bool = True
    share: float = _SHARE_OF_PACE
    arrived: list[Arrived] = field(default_factory=list)
    before: str = ""
    """What another round found, where the first was over the limit."""

    @property
    def milliseconds(self) -> list[float]:
        """Of the requests that were served."""
        return [one.seconds * 1000 for one in self.arrived if 200 <= one.reply.status < 400]

    @property
    def p95(self) -> float:
        """Milliseconds; 0 where nothing was served."""
        return quantile(self.milliseconds, 0.95).value if self.milliseconds else 0.0


def flows(target: Target) -> Iterator[Result]:
    """All flows, one after the other. The posts that are written are what is read then."""
    party = _party(target)
    found = list(_made(target, party))
    apart = own_addresses(target)
    people = partial(_visitors, target, party.person, _ASKERS if apart else 1)
    strangers = partial(_visitors, target, None, _ASKERS if apart else 1)
    for flow in found:
        count = SAMPLES if apart or flow.limit is None else min(SAMPLES, max(0, flow.limit.requests - 3))
        rate = target.settings.readiness.requests_per_second * flow.share
        ask = partial(_asked, flow, people if flow.people else strangers, count)
        flow.arrived = ask(rate if apart else rate / 4)
        # From one address alone, the limits on it would be met.
        if apart and flow.p95 > target.settings.readiness.api_p95_ms:
            _take_better(flow, ask(rate))
    picture = drawn({flow.name: flow.milliseconds for flow in found}, target.settings.readiness.api_p95_ms)
    for number, flow in enumerate(found):
        # One plot has them all.
        yield _judged(flow, target.settings.readiness.api_p95_ms, [picture] if number == 0 else [])
    if not any(flow.check is checks.UPLOAD for flow in found):
        yield beside_the_point(checks.UPLOAD, "the stack says that nothing is uploaded (readiness.calls.upload)")


def _asked(flow: Flow, visitors: Callable[[], list[Visitor]], count: int, rate: float) -> list[Arrived]:
    """From addresses that have asked nothing yet: limits are on each."""
    return load([partial(flow.ask, visitor) for visitor in visitors()], count, rate)


def _take_better(flow: Flow, second: list[Arrived]) -> None:
    """Of two rounds, the one with the lower p95: another program's burst of work is no fault of the platform's.

    One that was not served whole, for a limit of the platform's own, measures nothing.
    """
    first, flow.arrived = flow.arrived, second
    other = quantile([one.seconds * 1000 for one in first], 0.95).value
    if len(flow.milliseconds) < len(second) or flow.p95 > other:
        flow.arrived, other = first, flow.p95
    if len(flow.milliseconds) == len(second):
        flow.before = f"; in the other of two rounds p95 was {other:.0f} ms"


@dataclass(frozen=True)
class _Party:
    person: Person
    org_ids: Sequence[str]
    space_id: str


def _made(target: Target, party: _Party) -> Iterator[Flow]:
    known, limits = target.settings.readiness.calls, target.settings.rate_limits
    ids = {"org_id": party.org_ids[0], "space_id": party.space_id}
    account = {"email": party.person.email, "password": party.person.password}

    def make(call: Call, **values: str) -> Callable[[Visitor, int], Reply]:
        return lambda visitor, _: calls.make(visitor, target.origin, call, {**ids, **values}, patient=False)

    def invite(visitor: Visitor, number: int) -> Reply:
        values = {
            "org_id": party.org_ids[number % _ORGS],
            "email": f"launch-ready-{secrets.token_hex(6)}@{_zone(target)}",
        }
        return calls.make(visitor, target.origin, known.create_invite, values, patient=False)

    def upload(visitor: Visitor, number: int) -> Reply:
        values = {**ids, "name": f"speed-{number}.txt"}
        return calls.make(
            visitor, target.origin, known.upload or known.me, values, body=_FILE, headers=_TEXT, patient=False
        )

    yield Flow(checks.HOMEPAGE, "front page", lambda visitor, _: visitor.ask("GET", target.url("/")), people=False)
    yield Flow(checks.LOGIN, "log in", make(known.login, **account), limits.login, people=False, share=_LOGINS)
    yield Flow(checks.WRITE, "write a post", make(known.create_post, text="A post to measure by. " * 10), limits.post)
    yield Flow(checks.READ, "read posts", make(known.read_posts))
    if known.upload:
        yield Flow(checks.UPLOAD, "upload 16 KiB", upload, limits.other_writes)
    yield Flow(checks.INVITE, "invite", invite, limits.invite)


def _zone(target: Target) -> str:
    return target.settings.zone.name


def _party(target: Target) -> _Party:
    """Somebody with as many organisations as the platform's own limit on invites asks for, and a space."""
    person, known = target.people.newcomer("speed"), target.settings.readiness.calls
    orgs = [_id(target, person, known.create_org, name=f"Check speed {number}") for number in range(_ORGS)]
    return _Party(person, orgs, _id(target, person, known.create_space, org_id=orgs[0], name="Check speed"))


def _id(target: Target, person: Person, call: Call, **values: str) -> str:
    reply = target.people.make(person, call, **values)
    if not (found := calls.found(call, reply)):
        raise CheckError(f"{call.method} {call.path} answers {reply.status} without {call.gives!r}: nothing to measure")
    return found


def _visitors(target: Target, person: Person | None, count: int) -> list[Visitor]:
    """So many who are ``person``, or nobody, each with a connection that is there: what comes first is no measure."""
    made = [target.visitor() for _ in range(count)]
    for visitor in made:
        if person is not None:
            twin(target, person, visitor)
        visitor.ask("GET", target.url("/"))
    return made


def _judged(flow: Flow, limit: int, pictures: Sequence[Evidence]) -> Result:
    times, count = flow.milliseconds, len(flow.arrived)
    lost = [one.reply for one in flow.arrived if not 200 <= one.reply.status < 400]
    shown = [exchange(f"{flow.name}: one that was lost", lost[0])] if lost else []
    if len(lost) > _LOST * count or not times:
        answers = ", ".join(sorted({str(reply.status or reply.reason) for reply in lost})) or "nobody was asked"
        why = f"{len(lost)} of {count} requests were not served ({answers}): mend that, or look at the limits, first"
        return unknown(flow.check, why, *shown)
    found = {share: quantile(times, share) for share in (0.5, 0.95, 0.99)}
    p95 = found[0.95]
    rows = tuple(
        (f"p{share * 100:.0f}", *(f"{ms:.0f}" for ms in (q.value, q.low, q.high))) for share, q in found.items()
    )
    late = max(one.late for one in flow.arrived) * 1000
    table = Table(f"{flow.name}, milliseconds", ("Percentile", "Value", "95 % from", "to"), rows)
    said = (
        f"p50 {found[0.5].value:.0f}, p95 {p95.value:.0f} (95 % confidence {p95.low:.0f} to {p95.high:.0f}), p99 "
        f"{found[0.99].value:.0f} ms of {len(times)} requests, limit {limit}; the latest began {late:.0f} ms late"
        f"{flow.before}{f'; {words}' if (words := busy()) else ''}"
    )
    evidence = (table, *pictures, *shown)
    if p95.value > limit:
        return failed(flow.check, said, *evidence)
    if len(times) < ENOUGH:
        why = f"{said}: fewer than {ENOUGH} say little of a 95th percentile; a limit on one address holds more back"
        return unknown(flow.check, why, *evidence)
    return passed(flow.check, said, *evidence)
