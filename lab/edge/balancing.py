"""Which origin of a load balancer gets a request: pools and their health, steering, session affinity. No I/O.

Sources: https://developers.cloudflare.com/load-balancing/understand-basics/health-details/ (and its neighbours
"traffic-steering", "session-affinity", "adaptive-routing").
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

AFFINITY_COOKIE: Final = "__cflb"
AFFINITY_SECONDS: Final = 82_800
_LEAST: Final = ("least_outstanding_requests", "least_connections")
_STEERING: Final = ("", "off", "random", *_LEAST)
_AFFINITY: Final = ("", "none", "cookie", "ip_cookie")
# One retry, with another healthy origin of the pool ("Zero-downtime failover").
_TRIES: Final = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """An origin of a pool; ``weight`` is its share beside the others'."""

    pool: str
    name: str
    address: str
    weight: float

    @property
    def token(self) -> str:
        """What a client is given that stays with it: nothing that tells where it is."""
        return hashlib.sha256(f"{self.pool}/{self.name}/{self.address}".encode()).hexdigest()[:40]


@dataclass
class Live:
    """What no declaration says. ``health`` is pool id → address → whether it is well; what is not in there counts as
    well, as a new origin does before its first probe. ``busy`` are the requests that an origin has in hand.
    """

    health: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    busy: Counter[Origin] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=random.Random)

    @contextmanager
    def serving(self, origin: Origin) -> Iterator[None]:
        """Count a request as in hand while the context lasts."""
        self.busy[origin] += 1
        try:
            yield
        finally:
            self.busy[origin] -= 1


@dataclass(frozen=True)
class Pool:
    """A pool of the account: ``origins`` are the enabled ones that have a weight."""

    id: str
    enabled: bool
    minimum: int
    policy: str
    origins: tuple[Origin, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Pool:
        """From the API's object."""
        origins = tuple(
            Origin(body["id"], each["name"], each["address"], each["weight"])
            for each in body["origins"]
            if each["enabled"] and each["weight"] > 0
        )
        policy = (body.get("origin_steering") or {}).get("policy", "random")
        return cls(body["id"], body["enabled"], max(1, body["minimum_origins"]), policy, origins)

    def well(self, live: Live) -> list[Origin]:
        """The origins that are not known to be ill."""
        health = live.health.get(self.id, {})
        return [origin for origin in self.origins if health.get(origin.address, True)]


@dataclass(frozen=True)
class Choice:
    """Origins in the order to try them, at least one; ``cookie`` is the affinity's to set, "" for none."""

    origins: tuple[Origin, ...]
    cookie: str = ""


class Balancer:
    """A load balancer of a zone."""

    def __init__(self, body: Mapping[str, Any], pools: Mapping[str, Pool], live: Live) -> None:
        """``body`` is the API's object; ``pools`` go by id."""
        self._pools = [pools[pool] for pool in body["default_pools"]]
        self._fallback = pools[body["fallback_pool"]]
        self._steering = body["steering_policy"]
        self._shares = body.get("random_steering") or {}
        self._affinity = body["session_affinity"]
        self._seconds = int(body.get("session_affinity_ttl") or AFFINITY_SECONDS)
        self._live = live

    @property
    def affinity_seconds(self) -> int:
        """For how long a client stays with its origin."""
        return self._seconds

    def choose(self, client: str, cookie: str) -> Choice | None:
        """Where a request of the address ``client`` goes, which sent ``cookie`` (or ""). None if nowhere: every pool
        that might take it is off.
        """
        healthy = [pool for pool in self._pools if pool.enabled and len(pool.well(self._live)) >= pool.minimum]
        sticky = self._affinity in ("cookie", "ip_cookie")
        if sticky and cookie:
            for pool in healthy:
                for origin in pool.well(self._live):
                    if origin.token == cookie:
                        return Choice(self._ranked(pool, client, origin))
        pool = self._steered(healthy) if healthy else self._fallback
        origins = self._ranked(pool, client) if pool.enabled else ()
        return Choice(origins, origins[0].token if sticky else "") if origins else None

    def _steered(self, pools: Sequence[Pool]) -> Pool:
        shares: Mapping[str, float] = self._shares.get("pool_weights") or {}
        weighted = [(pool, shares.get(pool.id, self._shares.get("default_weight", 1))) for pool in pools]
        weighted = [(pool, weight) for pool, weight in weighted if weight > 0]
        if self._steering == "random" and weighted:
            return _by_chance(weighted, self._live.chance)
        if self._steering in _LEAST and weighted:
            return min(weighted, key=lambda each: (self._load(each[0].origins) + 1) / each[1])[0]
        return pools[0]

    def _ranked(self, pool: Pool, client: str, first: Origin | None = None) -> tuple[Origin, ...]:
        """``first`` or whichever is next in ``pool``, and another. The health of a fallback pool does not count."""
        left = pool.well(self._live) or list(pool.origins)
        found: list[Origin] = []
        while left and len(found) < _TRIES:
            found.append(self._next(left, pool.policy, client) if found or first is None else first)
            left.remove(found[-1])
        return tuple(found)

    def _next(self, origins: Sequence[Origin], policy: str, client: str) -> Origin:
        if policy in _LEAST:
            # Of those that are as free as each other, chance takes one.
            mixed = self._live.chance.sample(list(origins), len(origins))
            return min(mixed, key=lambda origin: (self._live.busy[origin] + 1) / origin.weight)
        if policy == "hash" or self._affinity == "ip_cookie":
            return max(origins, key=lambda origin: _drawn(client, origin))
        return _by_chance([(origin, origin.weight) for origin in origins], self._live.chance)

    def _load(self, origins: Iterable[Origin]) -> int:
        return sum(self._live.busy[origin] for origin in origins)


def not_done(body: Mapping[str, Any], pools: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What a load balancer asks for that the lab's edge does not do."""
    if not body["proxied"]:
        yield "it is not proxied, and DNS has no answer for it"
    if body["steering_policy"] not in _STEERING:
        yield f"steering by {body['steering_policy']} is as if it were off"
    if body["session_affinity"] not in _AFFINITY:
        yield f"there is no session affinity by {body['session_affinity']}"
    if (body.get("adaptive_routing") or {}).get("failover_across_pools"):
        yield "a request is tried again in its own pool alone"
    for pool in pools:
        if any(origin.get("port") or origin.get("header") for origin in pool["origins"]):
            yield f"pool {pool['name']}: no origin has a port or a header of its own"


def _by_chance(weighted: Sequence[tuple[T, float]], chance: random.Random) -> T:
    return chance.choices([each for each, _ in weighted], [weight for _, weight in weighted])[0]


def _drawn(client: str, origin: Origin) -> float:
    """Rendezvous hashing by weight: whoever stays gets the same draw when another goes."""
    digest = hashlib.sha256(f"{client}/{origin.token}".encode()).digest()
    return -origin.weight / math.log((int.from_bytes(digest[:8]) + 1) / (2**64 + 2))
