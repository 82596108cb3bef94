"""Which policies tell of a change, and what they say. Pure.

Source: https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/ and, for what other services
take, the pages of each that https://developers.cloudflare.com/notifications/get-started/configure-webhooks/ names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

from lab.cloudflare.monitoring.health import HEALTHY, UNHEALTHY, Health
from lab.cloudflare.store import Json

ALERT_TYPE = "health_check_status_notification"
TEST_TEXT = (
    "Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is "
    "configured properly."
)
MAIL_FROM = "noreply@notify.cloudflare.com"


@dataclass(frozen=True)
class Change:
    """A health check (the API's object) of a zone went from one status to another; ``incident`` is the trouble's id."""

    zone: Json
    check: Json
    before: Health
    now: Health
    at: datetime
    incident: str


def policies_for(change: Change, account: Json) -> Iterator[Json]:
    """The enabled policies whose filters let ``change`` through; one without a filter is about all."""
    status = change.now.status.capitalize()
    for policy in account.get("alert_policies", []):
        filters = policy.get("filters") or {}
        checks, statuses = filters.get("health_check_id") or [], filters.get("status") or []
        if (
            policy["alert_type"] == ALERT_TYPE
            and policy["enabled"]
            and (not checks or change.check["id"] in checks)
            and (not statuses or status in statuses)
        ):
            yield policy


def text_of(change: Change) -> str:
    """The change in one sentence."""
    why = f" ({change.now.reason})" if change.now.reason else ""
    return (
        f"Health check {change.check['name']} of {change.zone['name']} is now {change.now.status}{why}; it was "
        f"{change.before.status}."
    )


def payload(change: Change, policy: Json, account: Json) -> Json:
    """What a generic webhook is sent."""
    failed = change.now.status == UNHEALTHY
    at = change.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "name": policy["name"],
        "text": text_of(change),
        "data": {
            "account_name": account["name"],
            "account_tag": account["id"],
            "failing_regions": "lab" if failed else "",
            "health_check_id": change.check["id"],
            "health_check_name": change.check["name"],
            "new_health_status": change.now.status.capitalize(),
            "new_status": change.now.status.capitalize(),
            "old_status": change.before.status.capitalize(),
            "origin_ip": change.check["address"],
            "reason": change.now.reason,
            "status_change_time": at,
            "time_since_last_failure": "",
            "zone_name": change.zone["name"],
            "zone_tag": change.zone["id"],
        },
        "ts": int(change.at.timestamp()),
        "account_id": account["id"],
        "policy_id": policy["id"],
        "policy_name": policy["name"],
        "alert_type": ALERT_TYPE,
        "alert_correlation_id": change.incident,
        "alert_event": f"ALERT_STATE_EVENT_{'END' if change.now.status == HEALTHY else 'START'}",
    }


# Services that take a shape of their own; all others take the whole payload.
_SHAPES: dict[str, Callable[[Json], Json]] = {
    "slack": lambda body: {"text": body["text"]},
    "gchat": lambda body: {"text": body["text"]},
    "discord": lambda body: {"content": body["text"]},
    "datadog": lambda body: {"title": body.get("name", "Cloudflare"), "text": body["text"]},
    "opsgenie": lambda body: {"message": body.get("name", "Cloudflare"), "description": body["text"]},
}


def shaped(body: Json, webhook: Json) -> Json:
    """``body`` as the service behind ``webhook`` takes it."""
    shape = _SHAPES.get(webhook.get("type", ""))
    return shape(body) if shape else body


def mail(to: str, body: Json, policy: Json) -> EmailMessage:
    """The same as a mail."""
    message = EmailMessage()
    message["From"], message["To"] = MAIL_FROM, to
    message["Subject"] = f"[Alert]: {body['text']}"
    lines = [body["text"], "", f"Notification: {policy['name']}"]
    if policy.get("description"):
        lines.append(policy["description"])
    lines += [f"{name}: {value}" for name, value in body["data"].items() if value]
    message.set_content("\n".join(lines) + "\n")
    return message
