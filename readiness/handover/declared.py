"""The parts that a stack's file alone tells: domains, mail, secrets, access, alerts, accepted risks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from core.settings.access import Access
from core.settings.names import full_name, target_name
from core.settings.other_zones import ParkedZone, RedirectZone
from core.settings.secrets import StoredSecret
from core.settings.stack import Stack
from readiness.check import Table
from readiness.handover.model import Part


def domains(stack: Stack) -> Part:
    """Every domain and name, and what stands behind it."""
    zone = stack.zone
    rows = [(full_name(name, zone.name), zone.name, "the platform, through the edge") for name in stack.dns.web]
    rows += [
        (full_name(each.name, zone.name), zone.name, f"{each.type} record of its own") for each in stack.dns.records
    ]
    for other in stack.other_zones.zones:
        rows.append((other.name, other.name, _goal(other, zone.name)))
    said = (
        f"The zone {zone.name} is on Cloudflare's plan {zone.plan}, in the account {zone.account_id}.",
        "DNSSEC is on: its DS record is at the registrar (`invoke outputs`, ds_records)." if zone.dnssec else "",
    )
    return Part("Domains", tuple(filter(None, said)), Table("Names", ("name", "zone", "what it is"), tuple(rows)))


def _goal(other: RedirectZone | ParkedZone, zone: str) -> str:
    return f"leads to {full_name(other.to, zone)}" if isinstance(other, RedirectZone) else "parked: no web, no mail"


def mail(stack: Stack) -> Part:
    """Who sends and receives for the domain, and what others are told to do with forgeries."""
    email = stack.email
    rows = [("MX", target_name(each.host, stack.zone.name), f"priority {each.priority}") for each in email.mx]
    rows += [("sender", each.name, "") for each in email.senders]
    rows += [("DKIM selector", each.selector, "") for each in email.dkim]
    reports = ", ".join((*email.dmarc.reports, *email.tls_reports)) if email.dmarc else ""
    said = [f"DMARC policy: {email.dmarc.policy}; reports go to {reports or 'nobody'}."] if email.dmarc else []
    return Part("Mail", tuple(said), Table("Who sends and receives", ("what", "who", ""), tuple(rows)))


def secrets(stack: Stack, name: str, today: date) -> Part:
    """Each secret by name, owner and age. No value is anywhere near this."""
    rows = tuple(_secret(each, today) for each in stack.secrets.items)
    columns = ("name", "owner", "readers", "age", "at most", "kept in")
    commands = (
        (f"invoke secrets.rotate --stack {name} --name NAME", "replace one without losing a request"),
        (f"invoke secrets.audit --stack {name}", "hold what is declared, stored and running against each other"),
    )
    return Part("Secrets", (), Table("Secrets", columns, rows), commands)


def _secret(item: StoredSecret, today: date) -> tuple[str, ...]:
    age = "not known" if item.made is None else f"{(today - item.made).days} days"
    over = item.made is not None and (today - item.made).days > item.max_age_days
    kept = ["the stack's file"] + [f"AWS {place}" for place in (item.aws_secrets_manager, item.aws_ssm) if place]
    return (
        item.name,
        item.owner,
        ", ".join(item.readers),
        age + (" (over age)" if over else ""),
        f"{item.max_age_days} days",
        ", ".join(kept),
    )


def access(stack: Stack) -> Part:
    """Who may reach the administrators' routes, and from which machines releases come."""
    rows = tuple(_who(stack.access))
    return Part("Who may reach the administrators' routes", (), Table("Access", ("who", "what they are"), rows))


def _who(section: Access) -> Iterator[tuple[str, str]]:
    yield from ((each, "a person") for each in section.emails)
    yield from ((each, "everybody with an address there") for each in section.email_domains)
    yield from ((each, "a group kept in Access") for each in section.groups)
    for token in section.service_tokens:
        yield token.name, f"a program of {token.owner}, renewed every {token.days} days"


def alerts(stack: Stack) -> Part:
    """What is probed, what is told of, to whom, and who acts on it."""
    rows = tuple(
        (each.name, each.type, ", ".join((*each.emails, *each.webhooks, *each.pagerduty)), each.owner, each.description)
        for each in stack.monitoring.alerts
    )
    probed = ", ".join(each.name for each in stack.monitoring.checks) or "nothing"
    columns = ("alert", "about", "goes to", "who acts", "what to do then")
    return Part("Alerts", (f"Probed from outside: {probed}.",), Table("Alerts", columns, rows))


def accepted(stack: Stack, today: date) -> Part:
    """What is not as it should be, who answers for that, and until when."""
    rows = tuple(
        (each.rule, each.subject, each.reason, each.owner, f"{each.until}" + (" (ended)" if each.until < today else ""))
        for each in stack.waivers.items
    )
    said = () if rows else ("None.",)
    columns = ("rule or check", "of", "why", "who answers", "until")
    return Part("Accepted risks", said, Table("Accepted risks", columns, rows) if rows else None)
