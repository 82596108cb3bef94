"""Section ``launch-ready:load_balancer``: web names that Cloudflare's Load Balancing shares out over the hosts.

It is an add-on that is bought. Limits: https://developers.cloudflare.com/load-balancing/ (availability) and
https://developers.cloudflare.com/load-balancing/monitors/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section
from core.settings.names import RelativeName
from core.settings.zone import Plan

MOST_ORIGINS: dict[Plan, int] = {"free": 20, "pro": 20, "business": 20, "enterprise": 1000}
SHORTEST_INTERVAL: dict[Plan, int] = {"free": 60, "pro": 60, "business": 15, "enterprise": 10}
"""Seconds between two probes at least, of monitors and of health checks."""


class Monitor(Section):
    """How each host is probed: HTTPS, at ``health`` of ``launch-ready:platform``, its certificate checked."""

    interval: Annotated[int, Field(ge=5, le=3600)] = 60
    """Seconds between two probes. The shortest is 60 on Free and Pro, 15 on Business, 10 on Enterprise."""
    timeout: Annotated[int, Field(ge=1, le=10)] = 5
    """Seconds after which a probe has failed."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """How often a probe that timed out is tried again at once."""
    consecutive_down: Annotated[int, Field(ge=1, le=10)] = 2
    """How many probes in a row must fail before a host is left out."""
    consecutive_up: Annotated[int, Field(ge=1, le=10)] = 2
    """How many must pass before it is back."""
    expected_codes: Annotated[str, Field(pattern=r"^[1-5]([0-9]{2}|xx)$")] = "200"
    """The status of a host that is well: `200`, or `2xx` for all that begin so."""

    @model_validator(mode="after")
    def _in_time(self) -> Monitor:
        if self.timeout * (self.retries + 1) >= self.interval:
            raise ValueError("timeout × (retries + 1) must be shorter than interval, or the probes overlap")
        return self


class LoadBalancer(Section):
    """The load-balanced names; none without `names`. They then have no A or AAAA record of their own."""

    names: tuple[RelativeName, ...] = ()
    """Which of `web` in `launch-ready:dns`."""
    steering: Literal["random", "hash", "least_outstanding_requests", "least_connections"] = "random"
    """How a host is chosen among those that are well; `hash` goes by the client's address."""
    session_affinity: Literal["none", "cookie", "ip_cookie"] = "none"
    """Whether a client stays with its host."""
    minimum_origins: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many hosts must be well for the pool to be."""
    monitor: Monitor = Monitor()
    """How each host is probed."""

    @model_validator(mode="after")
    def _each_once(self) -> LoadBalancer:
        for name in self.names:
            if self.names.count(name) > 1:
                raise ValueError(f"two of the names are {name}: keep one")
        return self

    def beyond(self, plan: Plan, hosts: int) -> Iterator[tuple[tuple[str, ...], str]]:
        """What ``plan`` cannot do with so many hosts: the place in this section, and why."""
        if not self.names:
            return
        if hosts > MOST_ORIGINS[plan]:
            yield (), f"{hosts} hosts are over the {MOST_ORIGINS[plan]} origins that load balancing has on {plan}"
        if self.monitor.interval < SHORTEST_INTERVAL[plan]:
            yield (
                ("monitor", "interval"),
                f"an interval of {self.monitor.interval} s is under the {SHORTEST_INTERVAL[plan]} s of the plan {plan}",
            )
        if self.minimum_origins > hosts:
            yield ("minimum_origins",), f"{self.minimum_origins} are asked for, and there are {hosts} hosts"
