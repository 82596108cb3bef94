"""Section ``launch-ready:monitoring``: what Cloudflare probes, what it tells of, to whom, and who answers for it.

Limits by plan: https://developers.cloudflare.com/health-checks/ (availability) and
https://developers.cloudflare.com/notifications/notification-available/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from core.settings.access import Uuid
from core.settings.base import Section, matching
from core.settings.load_balancer import SHORTEST_INTERVAL
from core.settings.mailbox import LowerMailbox
from core.settings.names import APEX, RelativeName
from core.settings.platform import Path, Platform
from core.settings.zone import Plan

PLANS: tuple[Plan, ...] = get_args(Plan)
MOST_CHECKS: dict[Plan, int] = {"free": 0, "pro": 10, "business": 50, "enterprise": 1000}

Probed = Literal["homepage", "login", "health", "webhook"]
# A webhook is there when it says that it wants something else than GET.
_CODES: dict[Probed, tuple[str, ...]] = {
    "homepage": ("200",),
    "login": ("200",),
    "health": ("200",),
    "webhook": ("405",),
}

AlertType = Literal[
    "health_check_status_notification",
    "load_balancing_health_alert",
    "load_balancing_pool_enablement_alert",
    "real_origin_monitoring",
    "http_alert_origin_error",
    "http_alert_edge_error",
    "clickhouse_alert_fw_anomaly",
    "dos_attack_l7",
    "advanced_ddos_attack_l7_alert",
    "universal_ssl_event_type",
    "dedicated_ssl_certificate_event_type",
    "zone_aop_custom_certificate_expiration_type",
    "expiring_service_token_alert",
    "incident_alert",
    "maintenance_event_notification",
]
"""Cloudflare's own names. Left out are those that want filters which are about no zone, check or pool."""
LOWEST_PLAN: dict[AlertType, Plan] = {
    "health_check_status_notification": "pro",
    "clickhouse_alert_fw_anomaly": "business",
    "http_alert_origin_error": "enterprise",
    "http_alert_edge_error": "enterprise",
    "advanced_ddos_attack_l7_alert": "enterprise",
}
"""Those that not every plan has."""
OF_POOLS: tuple[AlertType, ...] = ("load_balancing_health_alert", "load_balancing_pool_enablement_alert")
OF_ZONES: tuple[AlertType, ...] = (
    "http_alert_origin_error",
    "http_alert_edge_error",
    "clickhouse_alert_fw_anomaly",
    "advanced_ddos_attack_l7_alert",
)
"""Those that are filtered to zones."""

CheckName = Annotated[
    str, matching(r"[A-Za-z0-9_-]{1,60}", "1 to 60 letters, digits, hyphens and underscores, such as homepage")
]
StatusCode = Annotated[str, matching(r"[1-5]([0-9]{2}|xx)", "a status such as 200, or 2xx")]


class HealthCheck(Section):
    """A probe from Cloudflare's network, by HTTPS, as a visitor would come: through the edge."""

    name: CheckName
    """What it is called in alerts."""
    of: Probed
    """Which part of `launch-ready:platform` it asks for."""
    at: RelativeName = APEX
    """At which of `web` in `launch-ready:dns`."""
    path: Path | None = None
    """Where that part has several paths, or one with a `*`: which one. Without it, its first that is no API."""
    codes: tuple[StatusCode, ...] = ()
    """What it must answer: 200 without it, and 405 for a webhook, which wants another method than GET."""
    body: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A text that the answer must hold."""
    interval: Annotated[int, Field(ge=5, le=3600)] = 60
    """Seconds between two probes. The shortest is 60 on Pro, 15 on Business, 10 on Enterprise."""
    timeout: Annotated[int, Field(ge=1, le=10)] = 5
    """Seconds after which a probe has failed."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """How often a probe that timed out is tried again at once."""
    consecutive_fails: Annotated[int, Field(ge=1, le=10)] = 2
    """How many probes in a row must fail before it is unhealthy."""
    consecutive_successes: Annotated[int, Field(ge=1, le=10)] = 2
    """How many must pass before it is healthy again."""

    @property
    def expected(self) -> tuple[str, ...]:
        """The statuses that it must answer with."""
        return self.codes or _CODES[self.of]

    def asked_path(self, platform: Platform) -> str | None:
        """The path that is probed; None where the platform has none that can be."""
        if self.path:
            return self.path
        found = getattr(platform, self.of)
        paths = (found,) if isinstance(found, str) else found
        plain = [path for path in paths if "*" not in path]
        pages = [path for path in plain if not path.startswith("/api/")]
        return next(iter([*pages, *plain]), None)


class Destination(Section):
    """A URL that Cloudflare posts alerts to."""

    name: CheckName
    """What alerts call it."""
    url: Annotated[str, matching(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s\\]*)?", "https://NAME/PATH")]
    """Where to. One that is a secret itself (Slack's) goes without its last part, and that into `config_secret`."""
    config_secret: (
        Annotated[str, matching(r"[a-z][a-z0-9-]{0,62}", "lower-case letters, digits and hyphens, such as alerts-key")]
        | None
    ) = None
    """A config secret of this file, `launch-ready:<config_secret>`: sent as `cf-webhook-auth`, so that you know it is
    Cloudflare."""


class Alert(Section):
    """A notification policy: what happened, who is told, and who answers for it."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What it is called."""
    type: AlertType
    """What it is about, by Cloudflare's name."""
    owner: Annotated[str, Field(min_length=1, max_length=60)]
    """Who acts on it."""
    description: Annotated[str, Field(max_length=300)] = ""
    """What to do then."""
    checks: tuple[CheckName, ...] = ()
    """Of `health_check_status_notification`: which checks; none means all of this section."""
    emails: tuple[LowerMailbox, ...] = ()
    """Mail addresses that are told."""
    webhooks: tuple[CheckName, ...] = ()
    """Names of `webhooks` that are told."""
    pagerduty: tuple[Uuid, ...] = ()
    """PagerDuty services that are told, by the id that Cloudflare gave them. Needs the Business plan."""

    @model_validator(mode="after")
    def _arrives(self) -> Alert:
        if not (self.emails or self.webhooks or self.pagerduty):
            raise ValueError("nobody is told: give emails, webhooks or pagerduty")
        if self.checks and self.type != "health_check_status_notification":
            raise ValueError("checks go with the type health_check_status_notification alone")
        return self


class Monitoring(Section):
    """Health checks, and who is told of what."""

    checks: tuple[HealthCheck, ...] = ()
    """What is probed."""
    webhooks: tuple[Destination, ...] = ()
    """URLs that alerts can go to. Needs the Pro plan."""
    alerts: tuple[Alert, ...] = ()
    """Who is told of what."""
    account_plan: Plan | None = None
    """The highest plan of any zone of the account, where it is higher than this zone's: it decides on webhooks and
    PagerDuty."""

    @model_validator(mode="after")
    def _consistent(self) -> Monitoring:
        checks, webhooks = [check.name for check in self.checks], [webhook.name for webhook in self.webhooks]
        alerts = [alert.name for alert in self.alerts]
        for what, names in (("checks", checks), ("webhooks", webhooks), ("alerts", alerts)):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two of {what} are {name}: keep one")
        for alert in self.alerts:
            for what, wanted, known in (("checks", alert.checks, checks), ("webhooks", alert.webhooks, webhooks)):
                for name in wanted:
                    if name not in known:
                        raise ValueError(f"alert {alert.name} names {name}, which is none of {what}")
            if alert.type == "health_check_status_notification" and not checks:
                raise ValueError(f"alert {alert.name} is about health checks, and there are no checks")
        return self

    def beyond(self, plan: Plan) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What ``plan`` cannot do: the place in this section, and why."""
        for index, check in enumerate(self.checks):
            if index >= MOST_CHECKS[plan]:
                yield (
                    ("checks", index),
                    f"check {check.name}: the plan {plan} has {MOST_CHECKS[plan]} health checks, and this is one more",
                )
            elif check.interval < SHORTEST_INTERVAL[plan]:
                shortest = SHORTEST_INTERVAL[plan]
                reason = f"check {check.name}: {check.interval} s is under the {shortest} s of the plan {plan}"
                yield ("checks", index, "interval"), reason
        yield from self._alerts_beyond(plan, max(plan, self.account_plan or plan, key=PLANS.index))

    def _alerts_beyond(self, plan: Plan, account: Plan) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for index, webhook in enumerate(self.webhooks):
            if PLANS.index(account) < PLANS.index("pro"):
                why = "webhooks need a zone on the plan pro or above in the account (account_plan, if another has it)"
                yield ("webhooks", index), f"webhook {webhook.name}: {why}"
        for index, alert in enumerate(self.alerts):
            lowest = LOWEST_PLAN.get(alert.type, "free")
            if PLANS.index(plan) < PLANS.index(lowest):
                yield (
                    ("alerts", index, "type"),
                    f"alert {alert.name}: {alert.type} needs the plan {lowest} or above, and the zone's is {plan}",
                )
            if alert.pagerduty and PLANS.index(account) < PLANS.index("business"):
                why = "pagerduty needs a zone on the plan business or above in the account (account_plan, if another"
                yield ("alerts", index, "pagerduty"), f"alert {alert.name}: {why} has it)"
