"""Health checks, the URLs that alerts go to, and notification policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.monitoring import OF_POOLS, OF_ZONES, Alert, Destination, HealthCheck, Monitoring
from core.settings.names import full_name
from core.settings.platform import Platform
from core.settings.zone import Zone
from stacks.component import Component

Outputs = Mapping[str, pulumi.Output[str]]


class MonitoringComponent(Component):
    """What ``launch-ready:monitoring`` says."""

    def __init__(
        self,
        name: str,
        monitoring: Monitoring,
        zone: Zone,
        platform: Platform,
        zone_id: pulumi.Input[str],
        *,
        pool_ids: Sequence[pulumi.Output[str]],
        secret_values: Outputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; ``pool_ids`` are the zone's own pools, ``secret_values`` outputs by ``config_secret``."""
        super().__init__("Monitoring", name, opts)
        self._monitoring, self._zone, self._zone_id, self._pool_ids = monitoring, zone, zone_id, pool_ids
        self._checks = {check.name: self._check(check, platform) for check in monitoring.checks}
        self._webhooks = {webhook.name: self._webhook(webhook, secret_values) for webhook in monitoring.webhooks}
        for alert in monitoring.alerts:
            self._alert(alert)
        self.register_outputs({})

    def _check(self, check: HealthCheck, platform: Platform) -> cloudflare.Healthcheck:
        return cloudflare.Healthcheck(
            f"check/{check.name}",
            zone_id=self._zone_id,
            name=check.name,
            description=f"launch-ready:monitoring, {check.of}",
            address=full_name(check.at, self._zone.name),
            type="HTTPS",
            http_config=cloudflare.HealthcheckHttpConfigArgs(
                method="GET",
                path=check.asked_path(platform),
                port=443,
                expected_codes=list(check.expected),
                expected_body=check.body,
                follow_redirects=False,
                allow_insecure=False,
            ),
            interval=check.interval,
            timeout=check.timeout,
            retries=check.retries,
            consecutive_fails=check.consecutive_fails,
            consecutive_successes=check.consecutive_successes,
            suspended=False,
            opts=self.child(),
        )

    def _webhook(self, webhook: Destination, secret_values: Outputs) -> cloudflare.NotificationPolicyWebhooks:
        return cloudflare.NotificationPolicyWebhooks(
            f"webhook/{webhook.name}",
            account_id=self._zone.account_id,
            name=f"{self._zone.name}: {webhook.name}",
            url=webhook.url,
            secret=secret_values[webhook.config_secret] if webhook.config_secret else None,
            opts=self.child(),
        )

    def _alert(self, alert: Alert) -> None:
        cloudflare.NotificationPolicy(
            f"alert/{alert.name}",
            account_id=self._zone.account_id,
            name=f"{self._zone.name}: {alert.name}",
            description=f"{alert.owner}: {alert.description}" if alert.description else alert.owner,
            alert_type=alert.type,
            enabled=True,
            mechanisms=self._mechanisms(alert),
            filters=self._filters(alert),
            opts=self.child(),
        )

    def _mechanisms(self, alert: Alert) -> cloudflare.NotificationPolicyMechanismsArgs:
        # None and not an empty list: Cloudflare gives an empty one back as none, and each preview would tell of it.
        args = cloudflare
        return cloudflare.NotificationPolicyMechanismsArgs(
            emails=[args.NotificationPolicyMechanismsEmailArgs(id=each) for each in sorted(alert.emails)] or None,
            webhooks=[
                args.NotificationPolicyMechanismsWebhookArgs(id=self._webhooks[name].id)
                for name in sorted(alert.webhooks)
            ]
            or None,
            pagerduties=[args.NotificationPolicyMechanismsPagerdutyArgs(id=each) for each in sorted(alert.pagerduty)]
            or None,
        )

    def _filters(self, alert: Alert) -> cloudflare.NotificationPolicyFiltersArgs | None:
        """What narrows an alert down to this zone; the types that have no filter are the account's."""
        if alert.type == "health_check_status_notification":
            names = alert.checks or tuple(check.name for check in self._monitoring.checks)
            return cloudflare.NotificationPolicyFiltersArgs(
                health_check_ids=[self._checks[name].id for name in sorted(names)], statuses=["Unhealthy", "Healthy"]
            )
        if alert.type in OF_POOLS:
            return cloudflare.NotificationPolicyFiltersArgs(pool_ids=list(self._pool_ids))
        if alert.type in OF_ZONES:
            return cloudflare.NotificationPolicyFiltersArgs(zones=[self._zone_id])
        return None
