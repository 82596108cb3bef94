"""Where alerts lead: who answers for each, and whether the place exists and takes what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from core.errors import CheckError
from core.site import Resolver
from core.terminal import clean
from readiness.check import Result, Table, failed, held
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.live import Live, live_of, time_of
from readiness.target import Target

Item = Mapping[str, Any]


def routes(target: Target) -> Iterator[Result]:
    """The policies that are about this zone, by name, and each place that one of them names."""
    live = live_of(target)
    policies = [policy for policy in live.policies() if _is_ours(target, policy)]
    if not policies:
        why = "there is no notification policy of this zone at Cloudflare"
        yield failed(checks.OWNED, why)
        yield failed(checks.ROUTED, why)
        return
    nobody = [f"{policy['name']} has no owner in its description" for policy in policies if not _owner(policy)]
    owners = sorted({_owner(policy) for policy in policies})
    rows = tuple((str(policy["name"]), _owner(policy), str(policy.get("alert_type"))) for policy in policies)
    table = Table("Alerts and owners", ("alert", "owner", "type"), rows)
    yield held(checks.OWNED, nobody, f"{len(policies)} alerts, answered for by {', '.join(owners)}", table)
    yield _routed(target, live, policies)


def _is_ours(target: Target, policy: Item) -> bool:
    """As :mod:`stacks.monitoring` names them; what is about other zones of the account is not this stack's."""
    return str(policy.get("name", "")).startswith(f"{target.settings.zone.name}: ")


def _owner(policy: Item) -> str:
    return clean(str(policy.get("description") or "").partition(":")[0].strip())


def _routed(target: Target, live: Live, policies: Sequence[Item]) -> Result:
    webhooks = {str(item["id"]): item for item in live.webhooks()}
    services = {str(item.get("id")) for item in live.services()} if _used(policies, "pagerduty") else set()
    rows: list[tuple[str, str, str]] = []
    for kind in ("webhooks", "email", "pagerduty"):
        for place in sorted(_used(policies, kind)):
            why = _why_not(target.resolver, kind, place, webhooks, services)
            shown = str(webhooks[place].get("name")) if kind == "webhooks" and place in webhooks else place
            rows.append((kind, clean(shown), why or "exists"))
    silent = [str(policy["name"]) for policy in policies if not any((policy.get("mechanisms") or {}).values())]
    wrong = [f"{kind} {place}: {why}" for kind, place, why in rows if why != "exists"]
    wrong += [f"{clean(name)} goes to nobody" for name in silent]
    table = Table("Where alerts go", ("way", "place", "state"), tuple(rows))
    return held(checks.ROUTED, wrong, f"{len(rows)} places that {len(policies)} alerts go to exist", table)


def _used(policies: Sequence[Item], kind: str) -> set[str]:
    return {str(place.get("id")) for policy in policies for place in (policy.get("mechanisms") or {}).get(kind) or []}


def _why_not(resolver: Resolver, kind: str, place: str, webhooks: Mapping[str, Item], services: set[str]) -> str:
    if kind == "pagerduty":
        return "" if place in services else "no such service is connected"
    if kind == "email":
        return _no_mail(resolver, place)
    hook = webhooks.get(place)
    if hook is None:
        return "there is no such webhook"
    host = urlsplit(str(hook.get("url"))).hostname or ""
    if not _has_address(resolver, host):
        return f"{host or 'its address'} is not in DNS"
    success, failure = time_of(hook.get("last_success")), time_of(hook.get("last_failure"))
    if failure and (success is None or failure > success):
        return f"it did not take what was sent at {hook['last_failure']}"
    return ""


def _has_address(resolver: Resolver, host: str) -> bool:
    return any(_found(resolver, host, kind) for kind in ("A", "AAAA"))


def _found(resolver: Resolver, name: str, kind: str) -> tuple[str, ...]:
    """The records. Raises :class:`CheckError` where DNS did not answer: then nobody knows."""
    found = resolver.find(name, kind)
    if found.status not in ("NOERROR", "NXDOMAIN"):
        raise CheckError(f"DNS does not say whether {name} has {kind} records ({found.status}): run this again")
    return found.records


def _no_mail(resolver: Resolver, address: str) -> str:
    """Why no mail arrives at the domain: RFC 5321 section 5.1, RFC 7505 for a null MX."""
    domain = address.rpartition("@")[2]
    found = _found(resolver, domain, "MX")
    if any(record.split()[-1:] == ["."] for record in found):
        return f"{domain} takes no mail (a null MX)"
    return "" if found or _has_address(resolver, domain) else f"{domain} has no mail server in DNS"
