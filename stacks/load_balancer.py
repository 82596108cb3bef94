"""Cloudflare's Load Balancing before the hosts: a monitor, a pool with an origin a host, a load balancer a name."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.hosts import Fleet
from core.settings.load_balancer import LoadBalancer, Monitor
from core.settings.names import full_name
from core.settings.platform import Platform
from core.settings.zone import Zone
from stacks.component import Component


class LoadBalancerComponent(Component):
    """What ``launch-ready:load_balancer`` says; nothing without names. ``resources`` are what it has made."""

    def __init__(
        self,
        name: str,
        balancer: LoadBalancer,
        zone: Zone,
        platform: Platform,
        fleet: Fleet,
        zone_id: pulumi.Input[str],
        *,
        after: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; no name is answered for before the resources in ``after`` are there."""
        super().__init__("LoadBalancer", name, opts)
        self.pool_ids: list[pulumi.Output[str]] = []
        if balancer.names:
            self._declare(balancer, zone, platform, fleet, zone_id, after)
        self.register_outputs({})

    def _declare(
        self,
        balancer: LoadBalancer,
        zone: Zone,
        platform: Platform,
        fleet: Fleet,
        zone_id: pulumi.Input[str],
        after: list[pulumi.Resource],
    ) -> None:
        host_header = full_name(balancer.names[0], zone.name)
        monitor = self._monitor(balancer.monitor, zone, platform, host_header)
        pool = self._pool(balancer, zone, fleet, monitor.id)
        self.pool_ids.append(pool.id)
        for label in balancer.names:
            cloudflare.LoadBalancer(
                label,
                zone_id=zone_id,
                name=full_name(label, zone.name),
                description="launch-ready:load_balancer",
                default_pools=[pool.id],
                fallback_pool=pool.id,
                proxied=True,
                enabled=True,
                # It chooses among pools, and there is one: the pool's own choice is that of a host.
                steering_policy="off",
                session_affinity=balancer.session_affinity,
                opts=self.child(after=after),
            )

    def _monitor(
        self, monitor: Monitor, zone: Zone, platform: Platform, host_header: str
    ) -> cloudflare.LoadBalancerMonitor:
        return cloudflare.LoadBalancerMonitor(
            "monitor",
            account_id=zone.account_id,
            # A monitor has no name of its own at Cloudflare.
            description=f"{zone.name}: {platform.health}",
            type="https",
            method="GET",
            path=platform.health,
            port=443,
            expected_codes=monitor.expected_codes,
            header={"Host": [host_header]},
            # The zone's own settings count, Full (strict) and authenticated origin pulls among them.
            probe_zone=zone.name,
            allow_insecure=False,
            follow_redirects=False,
            interval=monitor.interval,
            timeout=monitor.timeout,
            retries=monitor.retries,
            consecutive_down=monitor.consecutive_down,
            consecutive_up=monitor.consecutive_up,
            opts=self.child(),
        )

    def _pool(
        self, balancer: LoadBalancer, zone: Zone, fleet: Fleet, monitor_id: pulumi.Input[str]
    ) -> cloudflare.LoadBalancerPool:
        return cloudflare.LoadBalancerPool(
            "pool",
            account_id=zone.account_id,
            name=f"{zone.name.replace('.', '-')}-hosts",
            description="launch-ready:hosts",
            enabled=True,
            minimum_origins=balancer.minimum_origins,
            monitor=monitor_id,
            origin_steering=cloudflare.LoadBalancerPoolOriginSteeringArgs(policy=balancer.steering),
            origins=[
                cloudflare.LoadBalancerPoolOriginArgs(name=host.name, address=host.address, enabled=True, weight=1)
                # In an order of its own, so that re-ordering the hosts is no change.
                for host in sorted(fleet.hosts, key=lambda host: host.name)
            ],
            opts=self.child(),
        )
