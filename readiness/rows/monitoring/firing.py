"""The alarm is rung: a health check of our own, on a path that is not there, told of where the declared alert goes.

Nothing of the platform's is touched. The check is made suspended, then the policy, and only then is it let go: so the
first probe finds somebody to tell. Both are removed, whatever happens.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from core.errors import CheckError, LiveError
from core.ports import LiveChanges
from core.settings.load_balancer import SHORTEST_INTERVAL
from core.site import Arrival
from readiness.check import Evidence, Result, Said, Table, failed, held, unknown
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.live import HEALTH, V3, Live, live_of, time_of
from readiness.target import Target

_TIMEOUT = 5
_SLACK = 10.0
"""Seconds beside the interval and the timeout: for Cloudflare to tell."""
_LOOK_EVERY = 1.0

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Alarm:
    """What was set up: the check's and the policy's ids, where it goes, and since when."""

    check_id: str
    policy_id: str
    ways: Mapping[str, Sequence[Item]]
    since: str


@dataclass(frozen=True)
class Seen:
    """What came of it: each place that was seen to get it, and by what; what says so."""

    places: tuple[tuple[str, str], ...] = ()
    arrivals: tuple[Arrival, ...] = ()


def alarm(target: Target) -> Iterator[Result]:
    """Ring it, and look for it where it should arrive."""
    changes = target.live_changes
    if changes is None:
        raise CheckError("no alarm was rung: set CLOUDFLARE_API_TOKEN to a token that may edit health checks")
    live = live_of(target)
    declared = next((policy for policy in live.policies() if _is_declared(target, policy)), None)
    if declared is None:
        yield failed(checks.FIRES, "there is no enabled alert of the health checks: nothing can arrive")
        return
    began = target.clock.monotonic()
    with rung(target, live, changes, declared) as rang:
        seen = _awaited(target, live, rang)
        status = target.live_api.get(f"{live.zone_path}/healthchecks/{rang.check_id}") if target.live_api else None
    yield _judged(rang, seen, status or {}, live, target.clock.monotonic() - began)


def _is_declared(target: Target, policy: Item) -> bool:
    names = {f"{target.settings.zone.name}: {alert.name}" for alert in target.settings.monitoring.alerts}
    return policy.get("alert_type") == HEALTH and bool(policy.get("enabled")) and policy.get("name") in names


@contextmanager
def rung(target: Target, live: Live, changes: LiveChanges, declared: Item) -> Iterator[Alarm]:
    """The alarm, as long as the block lasts. Raises :class:`LiveError` where the token may not, or something stays."""
    marker = f"launch-ready-{secrets.token_hex(6)}"
    ways = {kind: places for kind, places in (declared.get("mechanisms") or {}).items() if places}
    since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    left: list[str] = []
    with ExitStack() as made:
        check = changes.make(f"{live.zone_path}/healthchecks", _check(target, marker))
        path = f"{live.zone_path}/healthchecks/{check['id']}"
        made.callback(_removed, changes, path, left)
        policy = changes.make(f"{live.account_path}/{V3}/policies", _policy(marker, str(check["id"]), ways))
        made.callback(_removed, changes, f"{live.account_path}/{V3}/policies/{policy['id']}", left)
        changes.change(path, {"suspended": False})
        yield Alarm(str(check["id"]), str(policy["id"]), ways, since)
    if left:
        raise LiveError(f"{' and '.join(left)} could not be removed: do it by hand, or it rings again")


def _removed(changes: LiveChanges, path: str, left: list[str]) -> None:
    """Once more where it fails: what stays would ring for ever."""
    for _attempt in range(3):
        try:
            changes.remove(path)
        except LiveError:
            continue
        return
    left.append(path)


def _check(target: Target, marker: str) -> Item:
    return {
        "name": marker,
        "description": "a test of the alarm by invoke check; it removes itself",
        "address": target.origin.removeprefix("https://"),
        "type": "HTTPS",
        "http_config": {"method": "GET", "path": f"/{marker}", "port": 443, "expected_codes": ["200"]},
        "interval": SHORTEST_INTERVAL[target.settings.zone.plan],
        "timeout": _TIMEOUT,
        "retries": 0,
        "consecutive_fails": 1,
        "consecutive_successes": 1,
        "suspended": True,
    }


def _policy(marker: str, check_id: str, ways: Mapping[str, Sequence[Item]]) -> Item:
    return {
        "name": f"TEST {marker}",
        "description": "invoke check tries the alarm: nothing is wrong, and nothing is to be done",
        "alert_type": HEALTH,
        "enabled": True,
        "mechanisms": {kind: [{"id": place["id"]} for place in places] for kind, places in ways.items()},
        "filters": {"health_check_id": [check_id], "status": ["Unhealthy"]},
    }


def _awaited(target: Target, live: Live, rang: Alarm) -> Seen:
    """Look until every place got it, for as long as the first probe and its telling may take."""
    interval = SHORTEST_INTERVAL[target.settings.zone.plan]
    ends = target.clock.monotonic() + interval + _TIMEOUT + _SLACK
    seen = Seen()
    while len(seen.places) < _count(rang) and target.clock.monotonic() < ends:
        seen = _looked(target, live, rang)
        if len(seen.places) < _count(rang):
            target.clock.sleep(_LOOK_EVERY)
    return seen


def _count(rang: Alarm) -> int:
    return sum(len(places) for places in rang.ways.values())


def _looked(target: Target, live: Live, rang: Alarm) -> Seen:
    """Where it arrived, as its receiver says; else as Cloudflare's own record says that it was taken."""
    hooks = {str(item["id"]): item for item in live.webhooks()}
    sent = [item for item in live.history(rang.since) if item.get("policy_id") == rang.policy_id]
    seen = Seen()
    for kind, places in rang.ways.items():
        for place in (str(each["id"]) for each in places):
            shown, by, arrived = _one(target, rang, kind, place, hooks.get(place, {}), sent)
            seen = replace(seen, arrivals=seen.arrivals + arrived)
            if by:
                seen = replace(seen, places=(*seen.places, (shown, by)))
    return seen


def _one(
    target: Target, rang: Alarm, kind: str, place: str, hook: Item, sent: Sequence[Item]
) -> tuple[str, str, tuple[Arrival, ...]]:
    """The place's name, by what it was seen to get the alert ("" if it was not), and what arrived."""
    if kind == "webhooks":
        path = urlsplit(str(hook.get("url", ""))).path or "/"
        if target.alerts is not None:
            arrived = tuple(target.alerts.wait(path, contains=rang.check_id, seconds=0)[:1])
            return str(hook.get("name")), "its receiver has it" if arrived else "", arrived
        since, success = time_of(rang.since), time_of(hook.get("last_success"))
        taken = since is not None and success is not None and success >= since
        told = any(item.get("mechanism_type") == "webhook" for item in sent)
        return str(hook.get("name")), "Cloudflare says that it was taken" if taken and told else "", ()
    names = {"email": "email", "pagerduty": "pagerduty"}
    told = any(item.get("mechanism_type") == names.get(kind) and item.get("mechanism") == place for item in sent)
    if kind == "email" and target.mailbox is not None and target.alerts is not None:
        mails = target.mailbox.wait(place, seconds=0)
        return place, "the mail is in its inbox" if any(rang.check_id in mail.text for mail in mails) else "", ()
    return place, "Cloudflare says that it was sent" if told else "", ()


def _judged(rang: Alarm, seen: Seen, status: Item, live: Live, seconds: float) -> Result:
    state = str(status.get("status", "gone"))
    hooks = {str(item["id"]): str(item.get("name")) for item in live.webhooks()}
    places = [hooks.get(str(each["id"]), str(each["id"])) for ways in rang.ways.values() for each in ways]
    got = dict(seen.places)
    table = Table(
        "Who got it", ("place", "how it is known"), tuple((name, got.get(name, "not seen")) for name in places)
    )
    evidence: list[Evidence] = [table, *(Said(f"Arrived at {one.path}, {one.at}", one.body) for one in seen.arrivals)]
    if state not in ("unhealthy", "healthy") and not got:
        why = (
            f"the test check has the status {state} after {seconds:.0f} s: Cloudflare has not probed it: run this again"
        )
        return unknown(checks.FIRES, why, *evidence)
    wrong = [f"{name} was not seen to get it in {seconds:.0f} s" for name in places if name not in got]
    summary = f"a check that fails was told to {len(places)} of {len(places)} places in {seconds:.1f} s"
    return held(checks.FIRES, wrong, summary, *evidence)
