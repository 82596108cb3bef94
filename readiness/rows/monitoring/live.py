"""What Cloudflare's API has of health checks and notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import CheckError
from core.ports import LiveApi
from readiness.target import Target

HEALTH = "health_check_status_notification"
V3 = "alerting/v3"

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Live:
    """One zone's and its account's. Each call raises :class:`core.errors.LiveError`."""

    api: LiveApi
    zone_path: str
    account_path: str

    def checks(self) -> Sequence[Item]:
        """The zone's health checks, with ``status`` and ``failure_reason``."""
        return self.api.items(f"{self.zone_path}/healthchecks")

    def policies(self) -> Sequence[Item]:
        """The account's notification policies."""
        return self.api.items(f"{self.account_path}/{V3}/policies")

    def webhooks(self) -> Sequence[Item]:
        """Webhooks, with ``last_success`` and ``last_failure``."""
        return self.api.items(f"{self.account_path}/{V3}/destinations/webhooks")

    def services(self) -> Sequence[Item]:
        """PagerDuty services."""
        return self.api.items(f"{self.account_path}/{V3}/destinations/pagerduty")

    def history(self, since: str) -> Sequence[Item]:
        """What was sent since then (RFC 3339)."""
        return self.api.items(f"{self.account_path}/{V3}/history", {"since": since})


def live_of(target: Target) -> Live:
    """The zone as Cloudflare has it. Raises :class:`CheckError` without a token, or where there is no such zone."""
    if target.live_api is None:
        raise CheckError("Cloudflare was not asked: set CLOUDFLARE_API_TOKEN to a token that may read the zone")
    name = target.settings.zone.name
    zones = [zone for zone in target.live_api.items("/zones", {"name": name}) if zone.get("name") == name]
    if not zones:
        raise CheckError(f"the zone {name} is not in the account: run `invoke up`")
    return Live(target.live_api, f"/zones/{zones[0]['id']}", f"/accounts/{target.settings.zone.account_id}")


def time_of(text: object) -> datetime | None:
    """A time of the API's, RFC 3339; None for what is none."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
