"""Probes the origins of monitored pools, and writes down for the edge which of them are well.

Sources: https://developers.cloudflare.com/load-balancing/monitors/ and
https://developers.cloudflare.com/load-balancing/understand-basics/health-details/.
"""

from __future__ import annotations

import json
import logging
import ssl

from lab.cloudflare.monitoring.health import HEALTHY, UNHEALTHY, UNKNOWN, Health
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.rounds import Rounds, Wanted
from lab.cloudflare.snapshot import OriginPulls, PullCertificate, health_file
from lab.cloudflare.store import Json, Store
from lab.edge.sites import SslMode
from lab.edge.tls import origin_context
from lab.pki import Pki
from lab.services.files import write_atomically

_TYPES = {"http": "HTTP", "https": "HTTPS", "tcp": "TCP"}
_PORTS = {"http": 80, "https": 443, "tcp": 80}

_log = logging.getLogger("lab.cloudflare")


class PoolWatch:
    """The monitored pools of one API."""

    def __init__(self, store: Store, internet: Internet, pki: Pki) -> None:
        self._store, self._internet, self._pki = store, internet, pki
        self._rounds = Rounds()
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self.health: dict[tuple[str, str], Health] = {}
        """By a pool's id and an origin's address."""
        self._written = ""

    def look(self) -> None:
        """Probe what the state says."""
        account: Json = self._store.state["accounts"][0]
        monitors = {monitor["id"]: monitor for monitor in account.get("monitors", [])}
        checks = [
            _check(pool, monitors[pool["monitor"]], origin)
            for pool in account.get("pools", [])
            for origin in pool["origins"]
            if pool["enabled"] and origin["enabled"] and monitors.get(pool.get("monitor"), {}).get("type") in _TYPES
        ]
        for check in checks:
            check["tls"] = self._tls(check)
        self._rounds.keep({check["id"]: self._wanted(check) for check in checks})
        gone = self.health.keys() - {(check["pool"], check["address"]) for check in checks}
        for place in gone:
            del self.health[place]
        self._write()

    async def end(self) -> None:
        """Probe nothing any more."""
        await self._rounds.end()

    def of_pool(self, pool: Json) -> Json:
        """What the API says of a pool's health."""
        seen = {address: health for (pool_id, address), health in self.health.items() if pool_id == pool["id"]}
        origins = [
            {address: {"healthy": not reason, "failure_reason": reason or "No failures"}}
            for address, reason in ((address, health.shown()["failure_reason"]) for address, health in seen.items())
        ]
        well = sum(health.status != UNHEALTHY for health in seen.values()) >= pool["minimum_origins"]
        return {"pool_id": pool["id"], "pop_health": {"LAB": {"healthy": well, "origins": origins}} if seen else {}}

    def _wanted(self, check: Json) -> Wanted:
        mode, shown = check["tls"]
        return Wanted(check, self._internet, self._found, self._contexts[mode, shown])

    def _tls(self, check: Json) -> tuple[SslMode, str]:
        """How the probe's TLS is: as the zone has it that the monitor emulates, else verified. A key of contexts."""
        zones: list[Json] = self._store.state["zones"]
        zone = next((zone for zone in zones if zone["name"] == check["zone"]), {})
        mode: SslMode = "full" if zone.get("settings", {}).get("ssl") in ("off", "flexible", "full") else "strict"
        shown = OriginPulls.model_validate(zone.get("origin_pulls") or {}).shown
        key = (mode, shown.id if shown else "")
        if key not in self._contexts:
            self._contexts[key] = _context(mode, self._pki, shown)
        return key

    def _found(self, check: Json, reason: str) -> None:
        place = check["pool"], check["address"]
        before = self.health.get(place, Health())
        now = self.health[place] = before.after(reason, check)
        if before.status != now.status:
            _log.info("origin %s is %s %s", check["name"], now.status, now.reason)
            self._write()

    def _write(self) -> None:
        pools: dict[str, dict[str, bool]] = {}
        for (pool, address), health in self.health.items():
            if health.status != UNKNOWN:
                pools.setdefault(pool, {})[address] = health.status == HEALTHY
        if (text := json.dumps(pools)) != self._written:
            write_atomically(health_file(self._store.path), text)
            self._written = text


def _context(mode: SslMode, pki: Pki, shown: PullCertificate | None) -> ssl.SSLContext:
    context = origin_context(mode, pki, shown)
    if context is None:
        raise ValueError(f"there is no TLS in mode {mode}")
    return context


def _check(pool: Json, monitor: Json, origin: Json) -> Json:
    """The monitor of one origin, as a health check."""
    kind = monitor["type"]
    port = origin["port"] or monitor["port"] or _PORTS[kind]
    http = {key: monitor[key] for key in ("method", "path", "expected_body", "follow_redirects", "allow_insecure")}
    codes = [code.strip() for code in monitor["expected_codes"].split(",")]
    return {
        "id": f"{pool['id']}/{origin['address']}",
        "pool": pool["id"],
        "name": f"{origin['name']} of {pool['name']}",
        "zone": monitor["probe_zone"],
        "type": _TYPES[kind],
        "address": origin["address"],
        **{key: monitor[key] for key in ("interval", "timeout", "retries")},
        "consecutive_fails": max(1, monitor["consecutive_down"]),
        "consecutive_successes": max(1, monitor["consecutive_up"]),
        "http_config": {**http, "port": port, "expected_codes": codes, "header": monitor["header"]},
        "tcp_config": {"port": port},
    }
