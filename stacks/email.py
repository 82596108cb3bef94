"""The zone's mail: MX, SPF, DKIM, DMARC, MTA-STS and TLS-RPT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pulumi

from core import mail
from core.settings.dkim import Selector
from core.settings.email import Email
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
    """MX, SPF, DKIM, DMARC, MTA-STS, TLS-RPT. What leads to the hosts for MTA-STS is among those of DNS."""
    for exchanger in email.mx:
        target = target_name(exchanger.host, zone)
        yield Declared(key=f"{APEX}/MX/{target}", name=zone, type="MX", content=target, priority=exchanger.priority)
    yield _text(f"{APEX}/TXT/spf", zone, mail.spf(email, zone))
    yield from (_dkim(selector, zone) for selector in email.dkim)
    yield _text("_dmarc/TXT", f"_dmarc.{zone}", mail.dmarc(email.dmarc))
    yield from (_takes_reports(domain, zone) for domain in email.reports_from)
    if email.mta_sts:
        yield _text("_mta-sts/TXT", f"_mta-sts.{zone}", mail.sts_record(email, zone))
    if email.tls_reports:
        yield _text("_smtp._tls/TXT", f"_smtp._tls.{zone}", mail.tls_reports(email))
    if email.silent:
        # RFC 7505 §3: priority 0, the root as its target. An empty key under every selector revokes them all.
        yield Declared(key=f"{APEX}/MX/null", name=zone, type="MX", content=".", priority=0)
        yield _text("*._domainkey/TXT", f"*._domainkey.{zone}", "v=DKIM1; p=")


def tell(email: Email, zone: str) -> None:
    """Warn, by Pulumi's own log, of what the zone alone cannot see to."""
    for note in mail.notes(email, zone, datetime.now(UTC).date()):
        pulumi.warn(note)


def _takes_reports(domain: str, destination: str) -> Declared:
    name = mail.report_name(domain, destination)
    return _text(f"{name}/TXT", name, "v=DMARC1;")


def _text(key: str, name: str, text: str) -> Declared:
    return Declared(key=key, name=name, type="TXT", content=quoted(text))


def _dkim(selector: Selector, zone: str) -> Declared:
    label = f"{selector.selector}._domainkey"
    if selector.cname:
        return Declared(
            key=f"{label}/CNAME", name=f"{label}.{zone}", type="CNAME", content=selector.cname, proxied=False
        )
    return _text(f"{label}/TXT", f"{label}.{zone}", mail.dkim(selector))
