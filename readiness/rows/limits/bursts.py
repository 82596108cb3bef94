"""The probes: five bursts, against both layers, and what they showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from core.site import Visitor
from readiness.check import Result, failed
from readiness.rows.limits import checks
from readiness.rows.limits.burst import Flow, Seen, at_the_edge, in_the_app, later
from readiness.rows.limits.flows import flows, own_addresses, party, unlock
from readiness.rows.limits.judge import against, app_result, edge_result, ordinary_result, retry_result, spoofed_result
from readiness.target import Target

WIDE_CHECKS = (checks.EDGE_POST, checks.APP_POST, checks.EDGE_WRITES)
TIGHT_CHECKS = (
    checks.EDGE_LOGIN,
    checks.APP_LOGIN,
    checks.EDGE_RESET,
    checks.APP_RESET,
    checks.EDGE_INVITE,
    checks.APP_INVITE,
    checks.RETRY_AFTER,
    checks.ORDINARY,
    checks.SPOOFED,
)
_WIDE, _TIGHT = ("post", "write"), ("login", "reset", "invite")
_LONGEST_BLOCK = 65.0
_ONE_ADDRESS = (
    "all that this machine sends comes from one address, which the edge stops first: let it ask the hosts themselves, "
    "past the edge, or run it where there are several addresses"
)


def wide(target: Target) -> Iterator[Result]:
    """Posts and other writes, of which many are let through, for a short while."""
    several = own_addresses(target)
    all_seen = _all(target, several, "wide", _WIDE)
    for result in _each(target, all_seen, several):
        also = [said for seen in all_seen if result.check in (seen.flow.edge, seen.flow.app) for said in against(seen)]
        yield failed(result.check, "; ".join(also), *result.evidence) if also and result.outcome == "pass" else result
    if not several:
        # The next burst's accounts are made from the same address.
        blocked = max((seen.edge.retry or 0.0 for seen in all_seen if seen.edge), default=0.0)
        target.clock.sleep(min(blocked, _LONGEST_BLOCK))


def tight(target: Target) -> Iterator[Result]:
    """Passwords, reset mails and invites, of which few are let through."""
    several = own_addresses(target)
    all_seen = _all(target, several, "tight", _TIGHT)
    yield from _each(target, all_seen, several)
    yield retry_result(all_seen)
    yield ordinary_result(all_seen, own_addresses=several)
    yield spoofed_result(all_seen)


def _all(target: Target, several: bool, tag: str, names: tuple[str, ...]) -> list[Seen]:
    """The bursts of these flows: side by side where each has its own address, else one after the other."""
    here, there = party(target, f"{tag}-burst"), party(target, f"beside-{tag}")
    chosen = [flow for flow in flows(target, here, there, target.visitor) if flow.name in names]
    with ThreadPoolExecutor(len(chosen) if several else 1) as pool:
        all_seen = list(pool.map(lambda flow: one_burst(target, flow, several), chosen))
    if "login" in names:
        unlock(target, here.person)
    return all_seen


def _each(target: Target, all_seen: list[Seen], several: bool) -> Iterator[Result]:
    for seen in all_seen:
        yield edge_result(seen)
        result = app_result(seen, "" if several or target.behind_edge else _ONE_ADDRESS)
        if result is not None:
            yield result


def one_burst(target: Target, flow: Flow, several: bool) -> Seen:
    """At the edge from one address; then in the app, from new ones or past the edge."""
    seen = at_the_edge(flow, target.clock, own_addresses=several)
    ways = flow.twin if several else _past_the_edge(target, flow)
    if flow.promise is not None and flow.app is not None and ways is not None:
        in_the_app(seen, flow.promise, target.clock, ways)
    later(seen, target.clock)
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
