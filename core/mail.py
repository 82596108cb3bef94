"""What a zone's mail says in DNS and over HTTPS, as texts; and what else there is to do about it. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator
from datetime import date

from core.settings.dkim import Selector
from core.settings.dmarc import Dmarc
from core.settings.email import Email, Sender
from core.settings.names import inside, target_name

ADVISED_BYTES = 450
"""RFC 7208 §3.4: with more than that in a record, the answer may not fit into 512 bytes."""
STS_HOST = "mta-sts"
STS_PATH = "/.well-known/mta-sts.txt"


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


def dkim(selector: Selector) -> str:
    """The key record of a selector that is kept here (RFC 6376 §3.6.1); an empty ``p=`` revokes it."""
    if selector.revoked:
        return "v=DKIM1; p="
    return f"v=DKIM1; k={selector.algorithm}; p={selector.public_key or ''}"


def dmarc(policy: Dmarc) -> str:
    """The DMARC record of the zone (RFC 9989 §4): no ``pct``, ``rf`` or ``ri``, which it took out."""
    tags = {"v": "DMARC1", "p": policy.policy, "sp": policy.subdomains, "np": policy.nonexistent}
    tags |= {"psd": policy.psd} if policy.psd != "u" else {}
    tags |= {"t": "y"} if policy.testing else {}
    tags |= {"adkim": "s", "aspf": "s", "rua": _mailto(policy.reports)}
    # fo=1: a report of each message of which anything failed; without it, only of those of which all did.
    tags |= {"fo": "1", "ruf": _mailto(policy.failure_reports)} if policy.failure_reports else {}
    return "; ".join(f"{tag}={value}" for tag, value in tags.items())


def _mailto(addresses: Iterable[str]) -> str:
    return ",".join(f"mailto:{address}" for address in addresses)


def report_name(domain: str, destination: str) -> str:
    """Where ``destination`` says that it takes the reports of ``domain``, by the text ``v=DMARC1;`` (RFC 9990 §4)."""
    return f"{domain}._report._dmarc.{destination}"


def reports_elsewhere(policy: Dmarc, zone: str) -> list[str]:
    """The domains, not of this zone, that DMARC's reports go to: each must publish :func:`report_name`."""
    found = {address.rpartition("@")[2].lower() for address in (*policy.reports, *policy.failure_reports)}
    return sorted(domain for domain in found if not inside(domain, zone))


def sts_policy(email: Email, zone: str) -> str:
    """The file that senders fetch from ``https://mta-sts.<zone>`` (RFC 8461 §3.2), "" where there is none."""
    if email.mta_sts is None:
        return ""
    lines = ["version: STSv1", f"mode: {email.mta_sts.mode}"]
    lines += [f"mx: {target_name(exchanger.host, zone)}" for exchanger in email.mx]
    return "".join(f"{line}\n" for line in [*lines, f"max_age: {email.mta_sts.max_age}"])


def sts_record(email: Email, zone: str) -> str:
    """The text at ``_mta-sts.<zone>`` (RFC 8461 §3.1): its id changes when the policy does, and only then."""
    return f"v=STSv1; id={hashlib.sha256(sts_policy(email, zone).encode()).hexdigest()[:20]}"


def tls_reports(email: Email) -> str:
    """The text at ``_smtp._tls.<zone>`` (RFC 8460 §3)."""
    addresses = [each if each.startswith("https:") else f"mailto:{each}" for each in email.tls_reports]
    return f"v=TLSRPTv1; rua={','.join(addresses)}"


def notes(email: Email, zone: str, today: date) -> Iterator[str]:
    """What the zone alone cannot see to, a sentence each."""
    size = len(spf(email, zone))
    if size > ADVISED_BYTES:
        yield (
            f"the SPF record has {size} bytes: over {ADVISED_BYTES}, an answer may not fit where DNS has no TCP"
            " (RFC 7208 §3.4): fewer senders, or an include"
        )
    if stage := email.dmarc.due(today):
        test = ", testing: true" if stage.testing else ""
        yield (
            f"DMARC: by {stage.by} the policy should be {stage.policy}{test}, and it is {email.dmarc.policy}: read the"
            " reports, then change launch-ready:email, dmarc.policy, and take the stage out"
        )
    for domain in reports_elsewhere(email.dmarc, zone):
        yield (
            f'DMARC: {domain} must publish {report_name(zone, domain)} TXT "v=DMARC1;", or its reports about {zone} are'
            " not sent (RFC 9990); where that zone has a stack of its own: launch-ready:email, reports_from"
        )
