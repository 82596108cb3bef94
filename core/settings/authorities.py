"""Whether the zone's CAA records let those sign that Cloudflare has its certificates from.

https://developers.cloudflare.com/ssl/reference/certificate-authorities/ has the authorities by product, and the value
that a CAA record names each by. Cloudflare adds such records to its answers by itself for what it knows of; a zone that
forbids them in its own would still say two things.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from core.settings.dns import Dns
from core.settings.finding import Finding
from core.settings.names import APEX
from core.settings.records import AuthorityRecord
from core.settings.tls import Tls

ISSUERS: Mapping[str, str] = {"lets_encrypt": "letsencrypt.org", "google": "pki.goog", "ssl_com": "ssl.com"}
"""What a CAA record names each authority of the API by."""
UNIVERSAL = ("letsencrypt.org", "pki.goog")
"""Those of Universal SSL: Cloudflare chooses, and changes its choice when one of them is down."""

Placed = tuple[int, AuthorityRecord]


def forbidden(dns: Dns, tls: Tls) -> Iterator[Finding]:
    """A finding for each authority that is needed and may not sign, at the first CAA record that stands against it."""
    by_name: dict[str, list[Placed]] = {}
    for index, record in enumerate(dns.records):
        if isinstance(record, AuthorityRecord):
            by_name.setdefault(record.name, []).append((index, record))
    told: set[tuple[int, str, str]] = set()
    for host, issuer, what in _needed(tls):
        tag, records = _relevant(host, by_name)
        if not records or any(_allows(record, issuer) for _, record in records):
            continue
        place = records[0][0]
        if (place, tag, issuer) not in told:
            told.add((place, tag, issuer))
            yield Finding(("dns", "records", place), _reason(host, issuer, what, tag, records[0][1].name))


def _needed(tls: Tls) -> Iterator[tuple[str, str, str]]:
    """Names relative to the zone, who must be let sign them, and what for."""
    for issuer in UNIVERSAL:
        for host in (APEX, "*"):
            yield host, issuer, "Cloudflare's Universal SSL"
    if pack := tls.certificate_pack:
        for host in pack.hosts:
            yield host, ISSUERS[pack.authority], "tls.certificate_pack"


def _relevant(host: str, by_name: Mapping[str, list[Placed]]) -> tuple[str, list[Placed]]:
    """The tag that decides, and the records with it at the nearest name that has any (RFC 8659 §3, §4.2, §4.3)."""
    wildcard = host.startswith("*")
    found = next((by_name[name] for name in _upwards(host) if name in by_name), [])
    tags = ("issuewild", "issue") if wildcard else ("issue",)
    for tag in tags:
        if records := [placed for placed in found if placed[1].tag == tag]:
            return tag, records
    return "issue", []


def _upwards(host: str) -> Iterable[str]:
    labels = [label for label in host.split(".") if label not in ("*", APEX)]
    return [*(".".join(labels[start:]) for start in range(len(labels))), APEX]


def _allows(record: AuthorityRecord, issuer: str) -> bool:
    """RFC 8659 §4.2, RFC 8657 §3: with ``accounturi``, another account than Cloudflare's is meant."""
    domain, _, parameters = record.value.partition(";")
    return domain.strip().lower() == issuer and "accounturi" not in parameters.lower()


def _reason(host: str, issuer: str, what: str, tag: str, at: str) -> str:
    return (
        f"the CAA records at {at} keep {issuer} from signing {host}, and {what} needs that: add one with tag {tag} and "
        f"value {issuer}, or take them out"
    )
