"""What the stack's file says is probed and told of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from core.settings.monitoring import AlertType, Probed
from core.settings.names import full_name
from core.settings.stack import Stack
from readiness.check import Result, Table, beside_the_point, held
from readiness.rows.monitoring import checks
from readiness.target import Target

PARTS: tuple[Probed, ...] = get_args(Probed)


def declared(target: Target) -> Iterator[Result]:
    """Which parts have a check, and which certificates an alert."""
    settings = target.settings
    probed = settings.monitoring.checks
    wrong = [f"nothing probes the {part}" for part in _parts(settings) if part not in {check.of for check in probed}]
    zone = settings.zone.name
    rows = tuple(
        (
            check.name,
            check.of,
            f"https://{full_name(check.at, zone)}{check.asked_path(settings.platform)}",
            ", ".join(check.expected),
            f"{check.interval} s",
        )
        for check in probed
    )
    table = Table("Declared health checks", ("name", "of", "asks", "wants", "every"), rows)
    yield held(checks.DECLARED, wrong, f"{len(probed)} health checks, over all {len(_parts(settings))} parts", table)
    yield _certificates(settings)


def _parts(settings: Stack) -> list[Probed]:
    """What has to be probed: a platform that no service calls has no webhooks."""
    return [part for part in PARTS if part != "webhook" or settings.platform.webhook]


def _certificates(settings: Stack) -> Result:
    wanted: dict[AlertType, str] = {}
    if settings.tls.certificate_pack is not None:
        wanted["dedicated_ssl_certificate_event_type"] = "the edge's certificate pack"
    if settings.tls.origin_pulls is not None:
        wanted["zone_aop_custom_certificate_expiration_type"] = "the certificate that the edge shows to the hosts"
    if not wanted:
        return beside_the_point(
            checks.CERTIFICATES, "all certificates of the edge are Cloudflare's own, which renews them"
        )
    told = {alert.type for alert in settings.monitoring.alerts}
    wrong = [f"nobody is told of {what} ({kind})" for kind, what in wanted.items() if kind not in told]
    return held(checks.CERTIFICATES, wrong, f"{len(wanted)} certificates, each with an alert: {', '.join(wanted)}")
