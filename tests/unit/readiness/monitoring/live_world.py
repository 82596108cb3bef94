"""Cloudflare's API in memory, as far as monitoring goes, and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import LiveError
from core.site import Arrival, Found
from readiness.rows.monitoring.live import HEALTH
from tests.unit.readiness.fakes import lab_stack

ZONE = "/zones/z"
ACCOUNT = f"/accounts/{lab_stack().zone.account_id}/alerting/v3"
Item = dict[str, Any]


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self, each: Callable[[], None] = lambda: None) -> None:
        self.time, self._each = 0.0, each

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self._each()


class Cloudflare:
    """Fulfils :class:`core.ports.LiveApi` and :class:`core.ports.LiveChanges`: what the lab's stack declares, healthy.

    ``probed`` is what becomes of a check that is let go; ``done`` are the changes, in order; ``stuck`` are paths that
    cannot be removed, ``refused`` those that cannot be made.
    """

    def __init__(self) -> None:
        stack = lab_stack()
        self.items_at: dict[str, list[Item]] = {
            "/zones": [{"id": "z", "name": "community.test"}],
            f"{ZONE}/healthchecks": [],
            f"{ACCOUNT}/policies": [],
            f"{ACCOUNT}/destinations/webhooks": [
                {"id": "hook", "name": "community.test: on-call", "url": "https://alerts.community.test/on-call"}
            ],
            f"{ACCOUNT}/destinations/pagerduty": [],
            f"{ACCOUNT}/history": [],
        }
        for check in stack.monitoring.checks:
            at = "community.test" if check.at == "@" else f"{check.at}.community.test"
            config = {"path": check.asked_path(stack.platform), "expected_codes": list(check.expected)}
            self.checks.append(
                {
                    "id": f"id-{check.name}",
                    "name": check.name,
                    "address": at,
                    "type": "HTTPS",
                    "http_config": config,
                    "interval": check.interval,
                    "timeout": check.timeout,
                    "consecutive_fails": check.consecutive_fails,
                    "suspended": False,
                    "status": "healthy",
                    "failure_reason": "",
                }
            )
        for alert in stack.monitoring.alerts:
            ways = {
                "webhooks": [{"id": "hook"}] if alert.webhooks else [],
                "email": [{"id": to} for to in alert.emails],
            }
            self.policies.append(
                {
                    "id": f"id-{alert.name}",
                    "name": f"community.test: {alert.name}",
                    "alert_type": alert.type,
                    "enabled": True,
                    "description": f"{alert.owner}: {alert.description}",
                    "mechanisms": ways,
                    "filters": {},
                }
            )
        self.probed: Callable[[Item], None] = lambda _check: None
        self.done: list[tuple[str, str]] = []
        self.stuck: set[str] = set()
        self.refused: set[str] = set()

    @property
    def checks(self) -> list[Item]:
        return self.items_at[f"{ZONE}/healthchecks"]

    @property
    def policies(self) -> list[Item]:
        return self.items_at[f"{ACCOUNT}/policies"]

    @property
    def hook(self) -> Item:
        return self.items_at[f"{ACCOUNT}/destinations/webhooks"][0]

    @property
    def health_policy(self) -> Item:
        return next(policy for policy in self.policies if policy["alert_type"] == HEALTH)

    def items(self, path: str, query: Mapping[str, str] | None = None) -> Sequence[Item]:
        return list(self.items_at[path])

    def get(self, path: str) -> Item | None:
        folder, _, id_ = path.rpartition("/")
        return next((item for item in self.items_at[folder] if item["id"] == id_), None)

    def make(self, path: str, body: Mapping[str, Any]) -> Item:
        kind = path.rpartition("/")[2]
        if kind in self.refused:
            raise LiveError(f"POST {path}: answers 403")
        item = {"status": "suspended", **body, "id": f"made-{kind}"}
        self.items_at[path].append(item)
        self.done.append(("make", kind))
        return item

    def change(self, path: str, body: Mapping[str, Any]) -> Item:
        item = self.get(path)
        assert item is not None
        item.update(body)
        self.done.append(("change", path.split("/")[-2]))
        self.probed(item)
        return item

    def remove(self, path: str) -> None:
        folder, _, id_ = path.rpartition("/")
        if folder.rpartition("/")[2] in self.stuck:
            raise LiveError(f"DELETE {path}: answers 500")
        self.items_at[folder] = [item for item in self.items_at[folder] if item["id"] != id_]
        self.done.append(("remove", folder.rpartition("/")[2]))


class Names:
    """Fulfils :class:`core.site.Resolver`; what it does not know is not there."""

    def __init__(self, **records: tuple[str, ...]) -> None:
        self.records = {"alerts.community.test A": ("192.0.2.26",), "community.test MX": ("10 mail.community.test.",)}
        self.status = "NXDOMAIN"

    def find(self, name: str, type_: str) -> Found:
        found = self.records.get(f"{name} {type_}", ())
        return Found(name, type_, "NOERROR" if found else self.status, found)


class Inbox:
    """Fulfils :class:`core.site.Arrivals`."""

    def __init__(self) -> None:
        self.arrived: list[Arrival] = []

    def wait(self, path: str, *, seen: Sequence[str] = (), contains: str = "", seconds: float = 20.0) -> list[Arrival]:
        return [
            one for one in self.arrived if one.path.startswith(path) and contains in one.body and one.id not in seen
        ]
