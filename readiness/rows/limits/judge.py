"""What the bursts showed, judged. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.settings.readiness import Promise
from core.site import Reply
from readiness.check import Evidence, Result, Table, failed, held, passed, unknown
from readiness.exchange import exchange
from readiness.rows.limits import checks
from readiness.rows.limits.answers import Layer, challenged, layer, refused
from readiness.rows.limits.burst import MARGIN, Refusal, Seen

_COLUMNS = ("flow", "layer", "declared", "refused after", "by", "Retry-After")
_SLACK = 2.0


def edge_result(seen: Seen) -> Result:
    """Whether the edge stopped one address."""
    flow, evidence = seen.flow, (table([seen]), *_said(seen, seen.edge))
    budget = flow.budget
    if budget is None:
        return failed(flow.edge, f"no rule of launch-ready:rate_limits counts {flow.line}", *evidence)
    if budget.action == "log":
        return failed(flow.edge, f"the rule {budget.rule} counts {flow.line}, and only logs", *evidence)
    if seen.edge is not None:
        summary = (
            f"request {seen.edge.at} of one address was refused; {budget.requests} in {budget.period} s are declared"
        )
        return passed(flow.edge, summary, *evidence)
    if seen.wrong is not None:
        return unknown(flow.edge, _broken(seen), *evidence)
    if seen.seconds > budget.period / 2:
        why = f"{seen.sent} requests took {seen.seconds:.0f} s, too long to be too many in {budget.period} s"
        return unknown(flow.edge, f"{why}: run this row alone", *evidence)
    what = f"{seen.sent} requests of one address in {seen.seconds:.0f} s, none refused by the edge"
    return failed(flow.edge, f"{what} ({budget.requests} in {budget.period} s are declared)", *evidence)


def app_result(seen: Seen, why_not: str = "") -> Result | None:
    """Whether the app stopped one account; ``why_not`` says why it was not tried. None for a flow without a promise."""
    flow = seen.flow
    if flow.app is None:
        return None
    evidence = (table([seen]), *_said(seen, seen.app))
    promise = flow.promise
    if promise is None:
        return failed(flow.app, "launch-ready:readiness.app_limits says that the platform has no such limit", *evidence)
    if why_not:
        return unknown(flow.app, why_not, *evidence)
    if seen.app is not None:
        summary = (
            f"request {seen.app.at} of one account was refused by the platform, over {seen.addresses} addresses; "
            f"{promise.requests} in {promise.seconds} s are declared"
        )
        return held(flow.app, _too_late(seen.app, promise), summary, *evidence)
    if seen.wrong is not None:
        return unknown(flow.app, _broken(seen), *evidence)
    if seen.taken < promise.requests + MARGIN:
        why = f"the edge refused before the platform had taken {promise.requests + MARGIN}: it took {seen.taken}"
        return unknown(flow.app, f"{why}; ask from more addresses", *evidence)
    what = f"the platform took {seen.taken} of one account over {seen.addresses} addresses, and refused none"
    return failed(flow.app, f"{what} ({promise.requests} in {promise.seconds} s are declared)", *evidence)


def retry_result(all_seen: Sequence[Seen]) -> Result:
    """Whether every refusal said truthfully when to come back."""
    found = [(seen, refusal) for seen in all_seen for refusal in (seen.edge, seen.app) if refusal is not None]
    told = [(seen, refusal) for seen, refusal in found if not challenged(refusal.reply)]
    if not told:
        return unknown(checks.RETRY_AFTER, "nobody was refused, so nobody was told when to come back: see edge-login")
    wrong = [said for seen, refusal in told for said in _untrue(seen, refusal)]
    summary = f"{len(told)} refusals of {len(all_seen)} flows say when to come back, and the time runs down"
    shown = exchange(told[0][0].flow.line, told[0][1].reply)
    return held(checks.RETRY_AFTER, wrong, summary, _retries(told), shown)


def ordinary_result(all_seen: Sequence[Seen], *, own_addresses: bool) -> Result:
    """Whether nobody was refused too early, or for somebody else."""
    wrong = [said for seen in all_seen for said in _too_early(seen, own_addresses=own_addresses)]
    others = [r for seen in all_seen for r in (seen.edge, seen.app) if r is not None and r.other is not None]
    taken = sum(seen.taken for seen in all_seen)
    evidence = table(all_seen)
    if wrong:
        return failed(checks.ORDINARY, "; ".join(wrong), evidence)
    if not others:
        return unknown(checks.ORDINARY, "nobody else could be asked for from another address", evidence)
    summary = f"{taken} requests below the limits were taken, and {len(others)} of others beside a burst"
    return passed(checks.ORDINARY, summary, evidence)


def spoofed_result(all_seen: Sequence[Seen]) -> Result:
    """Whether naming another address in a header changed nothing."""
    tried = [
        (seen, refusal, reply)
        for seen in all_seen
        for refusal in (seen.edge, seen.app)
        if refusal is not None
        for reply in refusal.forged
    ]
    if not tried:
        return unknown(checks.SPOOFED, "nobody was refused, so there is no limit to be shed: see edge-login")
    # What the edge had refused and the app then answers, whatever it says, has got past the edge's limit.
    through = [each for each in tried if not refused(each[2]) or _past(each[1], each[2])]
    wrong = [
        f"{seen.flow.name}: refused by the {layer(refusal.reply)}, and let through (status {reply.status}) with "
        "another address in X-Forwarded-For and the like"
        for seen, refusal, reply in through
    ]
    evidence = [exchange(f"{seen.flow.line} with forged addresses", reply) for seen, _, reply in (through or tried)[:2]]
    summary = f"{len(tried)} requests with forged X-Forwarded-For, CF-Connecting-IP and the like stayed refused"
    return held(checks.SPOOFED, list(dict.fromkeys(wrong)), summary, *evidence)


def _past(refusal: Refusal, reply: Reply) -> bool:
    return layer(refusal.reply) is Layer.EDGE and layer(reply) is Layer.APP


def against(seen: Seen) -> list[str]:
    """What else a burst showed that is wrong: refusals that are untrue, too early, or shed by a header."""
    refusals = [each for each in (seen.edge, seen.app) if each is not None]
    told = [each for each in refusals if not challenged(each.reply)]
    shed = [each for each in refusals if any(not refused(reply) or _past(each, reply) for reply in each.forged)]
    return [
        *(said for each in told for said in _untrue(seen, each)),
        *_too_early(seen, own_addresses=any(each.other for each in refusals)),
        *(f"{seen.flow.name}: the {layer(each.reply)} is got past with X-Forwarded-For and the like" for each in shed),
    ]


def table(all_seen: Sequence[Seen]) -> Table:
    """Both layers of each flow, side by side."""
    rows = [row for seen in all_seen for row in _rows(seen)]
    return Table("Limits as declared and as seen", _COLUMNS, tuple(rows))


def _rows(seen: Seen) -> Iterator[tuple[str, ...]]:
    budget, promise = seen.flow.budget, seen.flow.promise
    declared = f"{budget.requests} in {budget.period} s ({budget.rule})" if budget else "none"
    yield (seen.flow.name, "edge", declared, *_cells(seen.edge, f"not in {seen.sent}"))
    if seen.flow.app is not None:
        declared = f"{promise.requests} in {promise.seconds} s" if promise else "none"
        yield (seen.flow.name, "app", declared, *_cells(seen.app, f"not in {seen.taken}"))


def _cells(refusal: Refusal | None, otherwise: str) -> tuple[str, str, str]:
    if refusal is None:
        return otherwise, "–", "–"
    retry = "none" if refusal.retry is None else f"{refusal.retry:.0f} s"
    by = "challenge" if challenged(refusal.reply) else f"{refusal.reply.status}"
    return f"request {refusal.at}", f"{layer(refusal.reply)} ({by})", retry


def _retries(told: Sequence[tuple[Seen, Refusal]]) -> Table:
    rows = []
    for seen, refusal in told:
        first = "none" if refusal.retry is None else f"{refusal.retry:.0f} s"
        later = "–" if refusal.later is None else f"{refusal.later:.0f} s after {refusal.elapsed:.1f} s"
        kept = {None: later, True: "taken after it", False: "refused after it"}[refusal.kept_word]
        rows.append((seen.flow.name, str(layer(refusal.reply)), first, kept))
    return Table("Retry-After", ("flow", "layer", "said", "then"), tuple(rows))


def _untrue(seen: Seen, refusal: Refusal) -> Iterator[str]:
    who = f"{seen.flow.name}: the {layer(refusal.reply)}"
    longest = _longest(seen, layer(refusal.reply))
    if refusal.retry is None:
        yield f"{who} refuses without Retry-After"
    elif not 0 < refusal.retry <= longest + _SLACK:
        yield f"{who} says {refusal.retry:.0f} s, and the declared limit is over after {longest} s"
    elif refusal.kept_word is False:
        yield f"{who} said {refusal.retry:.0f} s, and refused after them"
    elif refusal.later is not None and abs(refusal.retry - refusal.elapsed - refusal.later) > _SLACK:
        yield f"{who} said {refusal.retry:.0f} s, and {refusal.elapsed:.1f} s later {refusal.later:.0f} s"


def _longest(seen: Seen, who: Layer) -> int:
    if who is Layer.APP:
        return seen.flow.promise.seconds if seen.flow.promise else 86_400
    budget = seen.flow.budget
    return max(budget.period, budget.mitigation) if budget else 86_400


def _too_early(seen: Seen, *, own_addresses: bool) -> Iterator[str]:
    name, budget, promise = seen.flow.name, seen.flow.budget, seen.flow.promise
    if own_addresses and seen.edge is not None and budget is not None and seen.edge.at <= budget.requests:
        yield f"{name}: the edge refused request {seen.edge.at} of an address, and {budget.requests} are declared"
    if seen.app is not None and promise is not None and seen.app.at <= promise.requests:
        yield f"{name}: the platform refused request {seen.app.at} of an account, and {promise.requests} are declared"
    for refusal in (seen.edge, seen.app):
        if refusal is not None and refusal.other is not None and refused(refusal.other):
            yield f"{name}: somebody else from another address was refused too, by the {layer(refusal.other)}"


def _too_late(refusal: Refusal, promise: Promise) -> list[str]:
    late = refusal.at > promise.requests + 1
    return [f"request {refusal.at} was the first refused, and {promise.requests} are declared"] if late else []


def _broken(seen: Seen) -> str:
    reply = seen.wrong
    said = f"status {reply.status}" if reply and reply.status else f"no answer ({reply.reason if reply else ''})"
    return f"{seen.flow.line} was answered with {said}, which is no refusal: see launch-ready:readiness.calls"


def _said(seen: Seen, refusal: Refusal | None) -> Sequence[Evidence]:
    if refusal is not None:
        return [exchange(f"{seen.flow.line} (request {refusal.at})", refusal.reply)]
    return [exchange(seen.flow.line, seen.wrong)] if seen.wrong is not None else []
