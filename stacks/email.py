"""The zone's mail: MX, SPF, DKIM and DMARC."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pulumi

from core.settings.email import Dmarc, Email, Selector, Sender
from core.settings.names import APEX, target_name
from stacks.records import Declared, RecordsComponent, quoted


class EmailComponent(RecordsComponent):
    """The records of :func:`mail_records`."""

    def __init__(
        self,
        name: str,
        email: Email,
        domain: str,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the mail of ``domain``."""
        super().__init__("Email", name, mail_records(email, domain), zone_id, opts=opts)


def mail_records(email: Email, zone: str) -> Iterator[Declared]:
    """MX, SPF, DKIM and DMARC."""
    for exchanger in email.mx:
        target = target_name(exchanger.host, zone)
        yield Declared(key=f"{APEX}/MX/{target}", name=zone, type="MX", content=target, priority=exchanger.priority)
    yield _text(f"{APEX}/TXT/spf", zone, spf(email, zone))
    yield from (_dkim(selector, zone) for selector in email.dkim)
    yield _text("_dmarc/TXT", f"_dmarc.{zone}", dmarc(email.dmarc))
    if email.silent:
        # RFC 7505 §3: priority 0, the root as its target. An empty key under every selector revokes them all.
        yield Declared(key=f"{APEX}/MX/null", name=zone, type="MX", content=".", priority=0)
        yield _text("*._domainkey/TXT", f"*._domainkey.{zone}", "v=DKIM1; p=")


def _text(key: str, name: str, text: str) -> Declared:
    return Declared(key=key, name=name, type="TXT", content=quoted(text))


def _dkim(selector: Selector, zone: str) -> Declared:
    label = f"{selector.selector}._domainkey"
    if selector.cname:
        return Declared(
            key=f"{label}/CNAME", name=f"{label}.{zone}", type="CNAME", content=selector.cname, proxied=False
        )
    key = selector.public_key or ""
    return _text(f"{label}/TXT", f"{label}.{zone}", f"v=DKIM1; k={selector.algorithm}; p={key}")


def spf(email: Email, zone: str) -> str:
    """The SPF record of the zone (RFC 7208 §4.6, §5)."""
    mechanisms = [_mechanism(sender, zone) for sender in email.senders]
    return " ".join(["v=spf1", *mechanisms, "-all" if email.others == "fail" else "~all"])


def _mechanism(sender: Sender, zone: str) -> str:
    if sender.include:
        return f"include:{sender.include}"
    if sender.network:
        return f"ip{ipaddress.ip_network(sender.network).version}:{sender.network}"
    return f"a:{target_name(sender.a, zone)}" if sender.a else "mx"


def dmarc(policy: Dmarc) -> str:
    """The DMARC record of the zone (RFC 9989 §4): no ``pct``, ``rf`` or ``ri``, which it took out."""
    reports = ",".join(f"mailto:{address}" for address in policy.reports)
    return (
        f"v=DMARC1; p={policy.policy}; sp={policy.subdomains}; np={policy.nonexistent}; adkim=s; aspf=s; rua={reports}"
    )
