"""What the edge does for each host name, made from a snapshot of the Cloudflare state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

from core.errors import LabError
from core.loopback import require_loopback
from edge.phases import Policy
from lab.cloudflare.snapshot import PullCertificate, Record, Snapshot, Zone
from lab.edge.access import Access, access_of
from lab.edge.balancing import Balancer, Live, Pool, not_done

SslMode = Literal["off", "flexible", "full", "strict"]
# Cloudflare's own defaults for a new zone.
_DEFAULT_SSL: Final = "full"
_DEFAULT_MIN_TLS: Final = "1.0"
_VERSIONS: Final = ("TLSv1.0", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_MAX_ALIASES: Final = 8
# The discard prefix (RFC 6666), to which names lead that rules alone answer for.
_ORIGINLESS: Final = "100::"


@dataclass(frozen=True)
class Balanced:
    """A name's load balancer; ``secure``: its cookie is for HTTPS alone."""

    balancer: Balancer
    live: Live
    secure: bool


class Site:
    """One proxied host name. ``origins`` are addresses; a load balancer goes before them."""

    def __init__(self, name: str, zone: ZonePolicy, origins: Sequence[str], balanced: Balanced | None = None) -> None:
        self.name = name
        self.zone = zone
        self.balanced = balanced
        self._origins = tuple(origins)
        self._turn = count()

    def origins(self) -> tuple[str, ...]:
        """The origins in the order to try them: each begins in its turn."""
        if not self._origins:
            return ()
        first = next(self._turn) % len(self._origins)
        return self._origins[first:] + self._origins[:first]


@dataclass(frozen=True)
class ZonePolicy:
    """A zone's part of the edge. TLS versions are ``1.0`` to ``1.3``; ``headers`` go into answers over HTTPS.

    ``ciphers`` are those of TLS 1.2, none for the edge's own choice. ``shown`` is the certificate that origins are
    shown (authenticated origin pulls).
    """

    name: str
    policy: Policy
    ssl: SslMode
    min_tls_version: str
    tls_1_3: bool
    headers: tuple[tuple[str, str], ...]
    ciphers: tuple[str, ...] = ()
    shown: PullCertificate | None = None

    def ssl_for(self, config: Mapping[str, Any]) -> SslMode:
        """The mode of one request, which a config rule may set."""
        mode = config.get("ssl")
        return mode if mode in ("off", "flexible", "full", "strict") else self.ssl

    def refuses(self, tls_version: str | None) -> bool:
        """Whether a connection of this version (as OpenSSL names it; None without TLS) is too old."""
        return tls_version is not None and _VERSIONS.index(tls_version) < _VERSIONS.index(f"TLSv{self.min_tls_version}")


@dataclass(frozen=True)
class Sites:
    """The whole of it at one ``revision``. ``warnings``: what the declared state asks for and the edge does not do."""

    by_host: Mapping[str, Site]
    zones: tuple[ZonePolicy, ...]
    warnings: tuple[str, ...] = ()
    revision: int = 0
    access: Access = field(default_factory=Access)

    def zone_of(self, hostname: str) -> ZonePolicy | None:
        """The zone that a host name belongs to (the longest suffix wins), or None."""
        fitting = [zone for zone in self.zones if hostname == zone.name or hostname.endswith(f".{zone.name}")]
        return max(fitting, key=lambda zone: len(zone.name), default=None)


def sites_of(snapshot: Snapshot, live: Live | None = None) -> Sites:
    """Compile a snapshot. Nothing in it makes this fail: what cannot be done becomes a warning.

    ``live`` is what load balancers see of the world.
    """
    warnings: list[str] = []
    live = live or Live()
    bodies = {pool["id"]: _reachable(pool, warnings) for account in snapshot.accounts for pool in account.pools}
    by_host: dict[str, Site] = {}
    zones: list[ZonePolicy] = []
    for zone in snapshot.zones:
        policy = _zone_policy(zone)
        zones.append(policy)
        warnings += [f"zone {zone.name}: rules of {phase} are not evaluated" for phase in policy.policy.not_evaluated]
        balanced = dict(_balanced(zone, bodies, live, warnings))
        for name in sorted({record.name for record in zone.dns_records if record.proxied} | balanced.keys()):
            # A load balancer answers for its name before any record does, and for the aliases of that.
            end = name if name in balanced else _end_of_aliases(name, zone.dns_records)
            origins = [] if end in balanced else _origins(end, zone.dns_records, warnings)
            by_host[name] = Site(name, policy, origins, balanced.get(end))
    if len({zone.tls_1_3 for zone in zones}) > 1:
        warnings.append("the zones differ in tls_1_3, which is on for all of them")
    access = access_of(snapshot, warnings)
    return Sites(by_host, tuple(zones), tuple(warnings), snapshot.revision, access)


def _balanced(
    zone: Zone, pools: Mapping[str, Mapping[str, Any]], live: Live, warnings: list[str]
) -> Iterator[tuple[str, Balanced]]:
    """The zone's load balancers by name; ``pools`` are API objects by id."""
    made = {pool_id: Pool.of(body) for pool_id, body in pools.items()}
    secure = zone.settings.get("always_use_https") == "on"
    for body in zone.load_balancers:
        named = [pools[pool] for pool in {*body["default_pools"], body["fallback_pool"]}]
        warnings += [f"load balancer {body['name']}: {what}" for what in not_done(body, named)]
        if body["enabled"] and body["proxied"]:
            yield body["name"], Balanced(Balancer(body, made, live), live, secure)


def _reachable(pool: Mapping[str, Any], warnings: list[str]) -> Mapping[str, Any]:
    """The pool without the origins that are outside of the lab."""
    origins = []
    for origin in pool["origins"]:
        try:
            require_loopback(origin["address"])
            origins.append(origin)
        except LabError as error:
            warnings.append(f"pool {pool['name']}: {error}")
    return {**pool, "origins": origins}


def _zone_policy(zone: Zone) -> ZonePolicy:
    settings = zone.settings
    rulesets = {ruleset.phase: ruleset.rules for ruleset in zone.rulesets if ruleset.kind == "zone"}
    return ZonePolicy(
        name=zone.name,
        policy=Policy(settings, rulesets),
        ssl=settings.get("ssl", _DEFAULT_SSL),
        min_tls_version=str(settings.get("min_tls_version", _DEFAULT_MIN_TLS)),
        # "zrt" is TLS 1.3 with 0-RTT, which is not done here.
        tls_1_3=settings.get("tls_1_3", "on") in ("on", "zrt"),
        headers=_security_headers(settings.get("security_header")),
        ciphers=tuple(settings.get("ciphers") or ()),
        shown=zone.origin_pulls.shown,
    )


def _security_headers(setting: Any) -> tuple[tuple[str, str], ...]:
    """HSTS (RFC 6797) as the ``security_header`` setting says."""
    hsts: Mapping[str, Any] = (setting or {}).get("strict_transport_security") or {}
    if not hsts.get("enabled"):
        return ()
    value = f"max-age={int(hsts.get('max_age', 0))}"
    value += "; includeSubDomains" if hsts.get("include_subdomains") else ""
    value += "; preload" if hsts.get("preload") else ""
    nosniff = (("X-Content-Type-Options", "nosniff"),) if hsts.get("nosniff") else ()
    return (("Strict-Transport-Security", value), *nosniff)


def _end_of_aliases(name: str, records: Sequence[Record]) -> str:
    """Where a name leads to by CNAMEs of the same zone."""
    for _ in range(_MAX_ALIASES):
        alias = next((record for record in records if record.name == name and record.type == "CNAME"), None)
        if alias is None:
            break
        name = alias.content.rstrip(".").lower()
    return name


def _origins(name: str, records: Sequence[Record], warnings: list[str]) -> list[str]:
    """The IPv4 addresses of a name."""
    found = []
    for record in records:
        if record.name == name and record.type in ("A", "AAAA") and record.content != _ORIGINLESS:
            try:
                found.append(require_loopback(record.content))
            except LabError as error:
                warnings.append(f"{name}: {error}")
    return found
