"""The hosts behind the edge: reached by HTTPS that is checked, by nobody but the edge, at addresses that DNS hides."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import LaunchReadyError
from core.ports import LiveApi
from core.settings.hosts import Host
from core.settings.names import full_name
from core.site import Found, Reply
from readiness.check import Evidence, Result, Said, Table, held, unknown
from readiness.exchange import exchange
from readiness.rows.headers import checks
from readiness.rows.headers.names import web_names
from readiness.target import Target

LEAST_DAYS = 14
_SECONDS = 10.0
# Cloudflare's statuses for an origin that it cannot reach by TLS, or whose certificate does not hold.
_BROKEN = {525: "TLS to the host failed", 526: "the host's certificate does not hold"}
_CLOSED = (403, 421, 495, 496)
_USUAL = (
    "origin",
    "direct",
    "server",
    "host",
    "ftp",
    "ssh",
    "mail",
    "webmail",
    "cpanel",
    "vpn",
    "dev",
    "staging",
    "old",
)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# Its nginx says where it listens as scripts/prepare-host wrote it; it shows its certificate before it wants one.
SHOW = r"""
listen=$(sed -n 's/^ *listen  *\([^ ;]*\).*/\1/p;T;q' /etc/nginx/snippets/app-listen.conf) || exit
port=${listen##*:}
case "$listen" in
"$port" | \*:*) address=127.0.0.1 ;;
*) address=${listen%:*} ;;
esac
timeout 8 openssl s_client -connect "$address:$port" -servername 'NAME' </dev/null 2>/dev/null
true
"""


def strict(target: Target) -> Iterator[Result]:
    """The live setting of each zone that has names, and how the site answers through the edge."""
    if target.live_api is None:
        yield unknown(checks.STRICT, "the zone's live setting cannot be read: give CLOUDFLARE_API_TOKEN")
    else:
        yield _strict(target, target.live_api)
    yield _certificates(target)


def _strict(target: Target, api: LiveApi) -> Result:
    zones = list(dict.fromkeys(name.zone for name in web_names(target.settings)))
    modes = {zone: _mode(api, zone) for zone in zones}
    wrong = [f"{zone} is {mode or 'unknown'}" for zone, mode in modes.items() if mode != "strict"]
    site = target.visitor().ask("GET", target.url("/"))
    if site.status in _BROKEN:
        wrong.append(f"the site answers {site.status}: {_BROKEN[site.status]}")
    elif not site.status:
        wrong.append(f"the site does not answer: {site.reason}")
    table = Table("Setting `ssl`, live", ("Zone", "Mode"), tuple((zone, mode or "?") for zone, mode in modes.items()))
    shown = exchange(f"GET {target.url('/')}", site, body=False)
    summary = f"{len(zones)} zones are strict, and the site answers {site.status} (526 is what a bad certificate makes)"
    return held(checks.STRICT, wrong, summary, table, shown)


def _mode(api: LiveApi, zone: str) -> str:
    """The zone's ``ssl`` setting; "" for a zone that is not there."""
    found = [each for each in api.items("/zones", {"name": zone}) if each.get("name") == zone]
    setting = api.get(f"/zones/{found[0]['id']}/settings/ssl") if found else None
    return str((setting or {}).get("value") or "")


@dataclass(frozen=True)
class Shown:
    """A certificate, as far as it is judged."""

    names: tuple[str, ...]
    days: float
    issuer: str

    def covers(self, name: str) -> bool:
        """RFC 6125 section 6.4: a star is one label, the first."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


def shown(pem: str, now: datetime) -> Shown:
    """What a certificate says. Raises :class:`ValueError` for one that cannot be read."""
    from cryptography import x509

    found = x509.load_pem_x509_certificate(pem.encode())
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(alternative.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    days = (found.not_valid_after_utc - now).total_seconds() / 86_400
    return Shown(names, days, found.issuer.rfc4514_string())


def _certificates(target: Target) -> Result:
    hosts, names = target.settings.fleet.hosts, [n.name for n in web_names(target.settings) if n.serves]
    if not hosts:
        return unknown(checks.ORIGIN_CERTIFICATE, "no host is declared (launch-ready:hosts)")
    wrong: list[str] = []
    silent: list[str] = []
    rows: list[tuple[str, ...]] = []
    for host in hosts:
        found, why = _of_host(target, host, names[0])
        if found is None:
            silent.append(f"{host.name} ({why})")
            continue
        rows.append((host.name, ", ".join(found.names), f"{found.days:.0f}", found.issuer))
        wrong += _certificate_faults(host.name, found, names)
    table = Table("The hosts' certificates", ("Host", "Names", "Days left", "Issuer"), tuple(rows))
    if silent and not wrong:
        return unknown(
            checks.ORIGIN_CERTIFICATE, f"no certificate was seen of {', '.join(silent)}: see that SSH works", table
        )
    return held(checks.ORIGIN_CERTIFICATE, wrong, f"{len(rows)} hosts show one for {len(names)} names", table)


def _certificate_faults(host: str, found: Shown, names: Iterable[str]) -> list[str]:
    missing = [name for name in names if not found.covers(name)]
    wrong = [f"that of {host} is not for {', '.join(missing)}"] if missing else []
    if found.days < LEAST_DAYS:
        wrong.append(f"that of {host} has {found.days:.0f} days left")
    return wrong


def _of_host(target: Target, host: Host, name: str) -> tuple[Shown | None, str]:
    shell = target.shells.get(host.name)
    if shell is None:
        return None, "it has no SSH"
    try:
        ran = shell.run(SHOW.replace("NAME", name), timeout=_SECONDS)
        pem = _PEM.search(ran.out)
        return (shown(pem[0], datetime.now(UTC)), "") if pem else (None, "its nginx shows none")
    except (LaunchReadyError, ValueError) as error:
        return None, str(error)


def closed(target: Target) -> Iterator[Result]:
    """Each address of a host, asked for the site as anybody could who knows it."""
    direct = target.direct
    addresses = _addresses(target)
    if direct is None or not addresses:
        yield unknown(checks.ORIGIN_CLOSED, "no address of a host is known: declare launch-ready:hosts")
    else:
        yield _closed(target, addresses)
    yield _hidden(target, addresses)


def _closed(target: Target, addresses: Mapping[str, str]) -> Result:
    wrong: list[str] = []
    rows: list[tuple[str, ...]] = []
    shows: list[Evidence] = []
    for address, whose in addresses.items():
        for url in (target.url("/"), target.url("/").replace("https:", "http:", 1)):
            reply = target.direct(address).ask("GET", url, timeout=3.0) if target.direct else Reply(0)
            rows.append((f"{address} ({whose})", url, str(reply.status or reply.reason)))
            if is_open(reply, url):
                wrong.append(f"{whose} answers {reply.status} at {address} to who asks it for {url}")
                shows.append(exchange(f"GET {url} at {address}", reply))
    table = Table("Asked round the edge", ("Address", "For", "Answer"), tuple(rows))
    summary = f"{len(addresses)} addresses asked by https and http: none serves the site to who is not the edge"
    return held(checks.ORIGIN_CLOSED, wrong, summary, table, *shows[:2])


def is_open(reply: Reply, url: str) -> bool:
    """Whether an answer serves anything: not where it refuses for want of a certificate, nor leads http to https."""
    if not reply.status or reply.status in _CLOSED:
        return False
    if reply.status == 400 and "certificate" in reply.text.lower():
        return False
    leads = reply.header("Location")
    return not (url.startswith("http:") and 300 <= reply.status < 400 and leads.startswith("https:"))


def _addresses(target: Target) -> dict[str, str]:
    """Address → whose it is: the declared hosts', and those behind proxied records."""
    found = {host.address: host.name for host in target.settings.fleet.hosts}
    for record in _records(target):
        if record.get("proxied") and record.get("type") in ("A", "AAAA") and record.get("content") != "100::":
            found.setdefault(str(record["content"]), str(record.get("name")))
    return found


def _records(target: Target) -> list[Mapping[str, Any]]:
    """The zone's live records; none where they cannot be read."""
    if target.live_api is None:
        return []
    zone = target.settings.zone.name
    zones = [each for each in target.live_api.items("/zones", {"name": zone}) if each.get("name") == zone]
    return list(target.live_api.items(f"/zones/{zones[0]['id']}/dns_records")) if zones else []


def _hidden(target: Target, addresses: Mapping[str, str]) -> Result:
    zone, records = target.settings.zone.name, _records(target)
    declared = [full_name(record.name, zone) for record in target.settings.dns.records]
    names = [name.name for name in web_names(target.settings)]
    names += [*declared, *(str(record.get("name")) for record in records), *(f"{usual}.{zone}" for usual in _USUAL)]
    wrong: list[str] = []
    untold: list[str] = []
    asked = [name for name in dict.fromkeys(names) if "*" not in name]
    ends = time.monotonic() + 20
    for name in asked:
        for kind in ("A", "AAAA", "TXT"):
            found = target.resolver.find(name, kind) if time.monotonic() < ends else Found(name, kind, "TIMEOUT")
            wrong += [f"{name} {kind} tells {address}" for address in addresses if _tells(found.records, address)]
            untold += [f"{name} {kind} ({found.status})"] if found.status not in ("NOERROR", "NXDOMAIN") else []
    if untold and not wrong:
        why = f"{len(untold)} of {3 * len(asked)} questions to DNS were not answered: {', '.join(untold[:3])}"
        return unknown(checks.ORIGIN_HIDDEN, why)
    if not records and not wrong:
        why = f"{len(asked)} names tell nothing, and the zone's records cannot be read: set CLOUDFLARE_API_TOKEN"
        return unknown(checks.ORIGIN_HIDDEN, why)
    said = Said("Names that were asked", ", ".join(asked))
    summary = f"{len(asked)} names, {len(records)} live records: none tells one of {len(addresses)} addresses"
    return held(checks.ORIGIN_HIDDEN, list(dict.fromkeys(wrong)), summary, said)


def _tells(records: Iterable[str], address: str) -> bool:
    return any(re.search(rf"(?<![\d.:a-f]){re.escape(address)}(?![\d.:a-f])", record) for record in records)
