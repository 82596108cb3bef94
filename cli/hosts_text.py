"""What ``status``, ``hosts.*``, ``maintenance.*`` and ``logs`` say: lines for people, documents for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from core.terminal import clean
from deploy.fleet import Gathered
from deploy.hosts.audit import Check
from deploy.hosts.status import HostStatus, Problem

_GIB = 1 << 30


def status(found: Gathered[HostStatus], problems: Sequence[Problem]) -> str:
    """The screen of an incident: some lines a host, what is wrong, and what to run next."""
    lines = [line for name, host in found.good.items() for line in _host(name, host)]
    lines += [f"{name:<12} {clean(str(reason))}" for name, reason in found.bad.items()]
    if not problems:
        return "\n".join([*lines, "", "whole: every host serves the same version, and answers well"])
    wrong = [f"wrong: {problem.what}" for problem in problems]
    return "\n".join([*lines, "", *wrong, f"next:  {problems[0].command}"])


def _host(name: str, host: HostStatus) -> Iterator[str]:
    facts = host.facts
    well = "healthy" if host.healthy else "NOT HEALTHY"
    answers = f"answers {host.health[0] or 'nothing'}, through nginx {host.nginx[0] or 'nothing'}"
    yield f"{name:<12} {facts.version or 'nothing'} {facts.serving or '-'}  {well} ({answers})"
    flights = ", ".join(f"{colour} {'?' if count is None else count}" for colour, count in host.in_flight.items())
    requests, errors = host.recent
    yield (
        f"{'':<12} in flight: {flights}; last 5 min: {requests} requests, {errors} 5xx;"
        f" disk {host.disk_percent} % full, {host.disk_free / _GIB:.1f} GiB free"
    )
    if facts.maintenance:
        yield f"{'':<12} MAINTENANCE is on"
    if facts.lease is not None:
        silent = "" if host.busy else ", who went silent: the next command takes it over"
        yield f"{'':<12} locked by {facts.lease.who} since {facts.lease.since} ({facts.lease.action}){silent}"
    if facts.journal:
        last = facts.journal[-1]
        yield clean(
            f"{'':<12} last: {last.action} {last.version}, {last.step} ({last.result}) by {last.who}, {last.at}"
        )


def status_json(found: Gathered[HostStatus], problems: Sequence[Problem]) -> dict[str, Any]:
    """The document of ``status``."""
    return {
        "whole": not problems,
        "problems": [asdict(problem) for problem in problems],
        "hosts": [_host_json(name, host) for name, host in found.good.items()]
        + [{"name": name, "error": str(reason)} for name, reason in found.bad.items()],
    }


def _host_json(name: str, host: HostStatus) -> dict[str, Any]:
    facts = host.facts
    return {
        "name": name,
        "version": facts.version,
        "colour": facts.serving,
        "healthy": host.healthy,
        "health": host.health[0],
        "nginx": host.nginx[0],
        "maintenance": facts.maintenance,
        "locked_by": asdict(facts.lease) if facts.lease else None,
        "unfinished": asdict(host.unfinished) if host.unfinished else None,
        "last": asdict(facts.journal[-1]) if facts.journal else None,
        "requests_5_min": host.recent[0],
        "errors_5_min": host.recent[1],
        "disk_percent": host.disk_percent,
        "disk_free_bytes": host.disk_free,
        "in_flight": dict(host.in_flight),
    }


def audit(found: Gathered[tuple[Check, ...]]) -> str:
    """A line a check: what is bad on each host comes first."""
    order = {"bad": 0, "cannot tell": 1, "ok": 2}
    lines = [
        f"{name:<12} {check.verdict:<11} {check.id:<20} {check.why}"
        for name, checks in found.good.items()
        for check in sorted(checks, key=lambda each: order[each.verdict])
    ]
    lines += [f"{name:<12} {clean(str(reason))}" for name, reason in found.bad.items()]
    bad = sum(check.verdict == "bad" for checks in found.good.values() for check in checks)
    return "\n".join([*lines, f"{bad} bad" if bad or found.bad else "nothing is bad"])


def audit_json(found: Gathered[tuple[Check, ...]]) -> dict[str, Any]:
    """The document of ``hosts.audit``."""
    hosts = [{"name": name, "checks": [asdict(check) for check in checks]} for name, checks in found.good.items()]
    return {"hosts": hosts + [{"name": name, "error": str(reason)} for name, reason in found.bad.items()]}
