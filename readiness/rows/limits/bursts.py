"""The probe: five bursts, against both layers, and what they showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from core.site import Visitor
from readiness.check import Result
from readiness.rows.limits import checks
from readiness.rows.limits.burst import Flow, Seen, at_the_edge, in_the_app
from readiness.rows.limits.flows import flows, own_addresses, party
from readiness.rows.limits.judge import app_result, edge_result, ordinary_result, retry_result, spoofed_result
from readiness.target import Target

CHECKS = (
    checks.EDGE_LOGIN,
    checks.EDGE_RESET,
    checks.EDGE_INVITE,
    checks.EDGE_POST,
    checks.EDGE_WRITES,
    checks.APP_LOGIN,
    checks.APP_RESET,
    checks.APP_INVITE,
    checks.APP_POST,
    checks.RETRY_AFTER,
    checks.ORDINARY,
    checks.SPOOFED,
)
_ONE_ADDRESS = (
    "all that this machine sends comes from one address, which the edge stops first: let it ask the hosts themselves, "
    "past the edge, or run it where there are several addresses"
)


def bursts(target: Target) -> Iterator[Result]:
    """Send them: side by side where each has its own address, else one after the other."""
    several = own_addresses(target)
    here, there = party(target, "burst"), party(target, "beside-burst")
    every = flows(target, here, there, target.visitor)
    with ThreadPoolExecutor(len(every) if several else 1) as pool:
        all_seen = list(pool.map(lambda flow: one_burst(target, flow, several), every))
    for seen in all_seen:
        yield edge_result(seen)
        result = app_result(seen, "" if several or target.behind_edge else _ONE_ADDRESS)
        if result is not None:
            yield result
    yield retry_result(all_seen)
    yield ordinary_result(all_seen, own_addresses=several)
    yield spoofed_result(all_seen)


def one_burst(target: Target, flow: Flow, several: bool) -> Seen:
    """At the edge from one address; then in the app, from new ones or past the edge."""
    seen = at_the_edge(flow, target.clock, own_addresses=several)
    ways = flow.twin if several else _past_the_edge(target, flow)
    if flow.promise is not None and flow.app is not None and ways is not None:
        in_the_app(seen, flow.promise, target.clock, ways)
    return seen


def _past_the_edge(target: Target, flow: Flow) -> Callable[[], Visitor] | None:
    behind, host = target.behind_edge, target.origin.removeprefix("https://")
    if behind is None:
        return None

    def visitor() -> Visitor:
        made = behind()
        for name, value in flow.twin().cookies.items():
            made.set_cookie(name, value, host)
        return made

    return visitor
