"""What is at Cloudflare of the declared checks and alerts, how it stands, and where the alerts lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.settings.monitoring import HealthCheck
from core.settings.names import full_name
from core.terminal import clean
from readiness.check import Result, Table, failed, held, passed, unknown
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.live import HEALTH, Live, live_of
from readiness.target import Target

_LONGEST_WAIT = 36.0
"""Seconds that a check which has no status yet, or a bad one, is given to be probed again."""
_LOOK_EVERY = 2.0

Item = Mapping[str, Any]


def present(target: Target) -> Iterator[Result]:
    """The health checks and the policies, compared; then how the checks stand."""
    live = live_of(target)
    found = {str(item.get("name", "")): item for item in live.checks()}
    declared = target.settings.monitoring.checks
    wrong = [sentence for check in declared for sentence in _differs(target, check, found.get(check.name))]
    table = _table([found[check.name] for check in declared if check.name in found])
    if declared:
        yield held(checks.PRESENT, wrong, f"{len(declared)} health checks are as declared", table)
    else:
        yield failed(checks.PRESENT, "no health check is declared", table)
    yield _alerted(live, [found[check.name] for check in declared if check.name in found], len(declared))
    yield _healthy(target, live)


def _differs(target: Target, check: HealthCheck, item: Item | None) -> Iterator[str]:
    """What is other than declared of one check."""
    if item is None:
        yield f"{check.name} is not at Cloudflare"
        return
    config = item.get("http_config") or {}
    wanted = {
        "suspended": (item.get("suspended"), False),
        "address": (item.get("address"), full_name(check.at, target.settings.zone.name)),
        "type": (item.get("type"), "HTTPS"),
        "path": (config.get("path"), check.asked_path(target.settings.platform)),
        "expected_codes": (sorted(config.get("expected_codes") or []), sorted(check.expected)),
        "allow_insecure": (bool(config.get("allow_insecure")), False),
        "interval": (item.get("interval"), check.interval),
        "timeout": (item.get("timeout"), check.timeout),
        "consecutive_fails": (item.get("consecutive_fails"), check.consecutive_fails),
    }
    for name, (there, meant) in wanted.items():
        if there != meant:
            yield f"{check.name} has {name} {clean(str(there))}, and {meant} is declared"


def _alerted(live: Live, items: Sequence[Item], declared: int) -> Result:
    policies = live.policies()
    wrong = [f"{item['name']}: {why}" for item in items if (why := _untold(policies, str(item["id"])))]
    if declared > len(items) or not items:
        wrong.append(f"{declared - len(items)} of {declared} declared checks are not there to be told of")
    rows = tuple(
        (
            str(policy.get("name", "")),
            str(policy.get("alert_type", "")),
            "enabled" if policy.get("enabled") else "disabled",
            str(policy.get("description", "")),
            ", ".join(f"{len(there)} {kind}" for kind, there in (policy.get("mechanisms") or {}).items() if there),
        )
        for policy in policies
    )
    table = Table("Notification policies", ("name", "type", "state", "owner and words", "destinations"), rows)
    return held(checks.ALERTED, wrong, f"each of {len(items)} health checks has an enabled alert", table)


def _untold(policies: Sequence[Item], check_id: str) -> str:
    """Why nobody hears of the check; "" if somebody does."""
    about = [policy for policy in policies if policy.get("alert_type") == HEALTH and _lets(policy, check_id)]
    if not about:
        return "no alert is about it"
    if not any(policy.get("enabled") for policy in about):
        return "its alert is disabled"
    if not any(policy.get("enabled") and _has_ways(policy) for policy in about):
        return "its alert has no destination"
    return ""


def _lets(policy: Item, check_id: str) -> bool:
    filters = policy.get("filters") or {}
    ids, statuses = filters.get("health_check_id") or [], filters.get("status") or []
    return (not ids or check_id in ids) and (not statuses or "Unhealthy" in statuses)


def _has_ways(policy: Item) -> bool:
    return any((policy.get("mechanisms") or {}).values())


def _healthy(target: Target, live: Live) -> Result:
    """Wait for what has no good status yet, as long as its next probes take, within bounds."""
    declared = {check.name: check for check in target.settings.monitoring.checks}
    if not declared:
        return unknown(checks.HEALTHY, "there is nothing that could be healthy: declare health checks")
    longest = max(check.interval * check.consecutive_successes + check.timeout for check in declared.values())
    ends = target.clock.monotonic() + min(_LONGEST_WAIT, longest)
    while True:
        items = [item for item in live.checks() if item.get("name") in declared]
        late = [item for item in items if item.get("status") in ("unknown", "unhealthy")]
        if not late or target.clock.monotonic() >= ends:
            break
        target.clock.sleep(_LOOK_EVERY)
    return _judged(items, len(declared), _table(items))


def _judged(items: Sequence[Item], declared: int, table: Table) -> Result:
    bad = [item for item in items if item.get("status") not in ("healthy", "unknown")]
    if bad:
        told = "; ".join(
            f"{item['name']} is {item.get('status')} ({item.get('failure_reason') or '-'})" for item in bad
        )
        return failed(checks.HEALTHY, clean(told), table)
    waiting = [str(item["name"]) for item in items if item.get("status") == "unknown"]
    if waiting:
        why = f"{', '.join(waiting)}: no probe has told yet, after {_LONGEST_WAIT:g} s: run this again in a few minutes"
        return unknown(checks.HEALTHY, clean(why), table)
    if len(items) < declared:
        return unknown(checks.HEALTHY, f"{len(items)} of {declared} declared checks are there: run `invoke up`", table)
    return passed(checks.HEALTHY, f"{len(items)} health checks are probed and healthy", table)


def _table(items: Sequence[Item]) -> Table:
    rows = tuple(
        (
            str(item.get("name")),
            f"{item.get('address')}{(item.get('http_config') or {}).get('path', '')}",
            str(item.get("status")),
            str(item.get("failure_reason") or ""),
            f"{item.get('interval')} s",
        )
        for item in items
    )
    return Table("Health checks at Cloudflare", ("name", "asks", "status", "reason", "every"), rows)
