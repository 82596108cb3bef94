"""Probes every health check of the state as often as it says, and has changes told of.

A check that is asleep costs a timer: nothing looks at the state but when it has changed.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from lab.cloudflare.monitoring.dispatch import Dispatch
from lab.cloudflare.monitoring.health import UNHEALTHY, Health, is_news
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.notices import Change
from lab.cloudflare.monitoring.probe import probe
from lab.cloudflare.store import Json, Store

_log = logging.getLogger("lab.cloudflare")


@dataclass
class _Round:
    """A check that is being probed: what it was like when that began, and the task."""

    check: Json
    task: asyncio.Task[None]


class Watch:
    """The health checks of one API. Without an ``internet`` nothing is probed and nobody told."""

    def __init__(self, store: Store, internet: Internet | None) -> None:
        self._store, self._internet = store, internet
        self._rounds: dict[str, _Round] = {}
        self._incidents: dict[str, str] = {}
        self._sent: set[asyncio.Task[None]] = set()
        self._hooks: set[str] = set()
        self.health: dict[str, Health] = {}
        self.dispatch = Dispatch(internet) if internet else None

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For aiohttp's ``cleanup_ctx``: it watches as long as the application serves."""
        if self._internet is None:
            yield
            return
        self._hooks = {hook["id"] for hook in self._webhooks()}
        self._store.on_change = self._look
        self._look()
        yield
        self._store.on_change = None
        ending = [each.task for each in self._rounds.values()] + list(self._sent)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def of_check(self, item: Json) -> Json:
        """What the API says of a health check's status."""
        if item["suspended"]:
            return {"status": "suspended", "failure_reason": ""}
        return self.health.get(item["id"], Health()).shown()

    def of_webhook(self, item: Json) -> Json:
        """When a webhook last took a notification, and when it last did not."""
        return dict(self.dispatch.fares.get(item["id"], {})) if self.dispatch else {}

    def _webhooks(self) -> list[Json]:
        hooks: list[Json] = self._store.state["accounts"][0].get("alert_webhooks", [])
        return hooks

    def _look(self) -> None:
        """Probe what is new or other than it was, and leave alone what is no more; test the webhooks that are new."""
        wanted = {
            check["id"]: (zone["id"], check)
            for zone in self._store.state["zones"]
            for check in zone.get("healthchecks", [])
            if not check["suspended"]
        }
        for check_id, old in list(self._rounds.items()):
            if check_id not in wanted or wanted[check_id][1] != old.check:
                self._rounds.pop(check_id).task.cancel()
        for check_id in self.health.keys() - wanted.keys():
            del self.health[check_id]
            self._incidents.pop(check_id, None)
        for check_id, (zone_id, check) in wanted.items():
            if check_id not in self._rounds:
                kept = {**check}
                self._rounds[check_id] = _Round(kept, asyncio.ensure_future(self._probe_on(zone_id, kept)))
        self._test_new_webhooks()

    def _test_new_webhooks(self) -> None:
        hooks = {hook["id"]: hook for hook in self._webhooks()}
        for hook_id in hooks.keys() - self._hooks:
            if self.dispatch:
                self._background(asyncio.ensure_future(self.dispatch.test({**hooks[hook_id]})))
        self._hooks = set(hooks)

    async def _probe_on(self, zone_id: str, check: Json) -> None:
        """Probe ``check`` until it is cancelled, ``interval`` seconds from the start of one to that of the next."""
        loop = asyncio.get_running_loop()
        while self._internet is not None:
            began = loop.time()
            try:
                reason = await probe(check, self._internet)
            except Exception:  # noqa: BLE001 (a check that cannot be probed is unhealthy, and the others go on)
                _log.exception("health check %s cannot be probed", check["name"])
                reason = "Other Failure"
            self._found(zone_id, check, reason)
            await asyncio.sleep(max(0.0, check["interval"] - (loop.time() - began)))

    def _found(self, zone_id: str, check: Json, reason: str) -> None:
        before = self.health.get(check["id"], Health())
        now = self.health[check["id"]] = before.after(reason, check)
        if before.status != now.status:
            _log.info("health check %s is %s %s", check["name"], now.status, now.reason)
        zone = next((each for each in self._store.state["zones"] if each["id"] == zone_id), None)
        if zone is None or self.dispatch is None or not is_news(before, now):
            return
        if now.status == UNHEALTHY:
            self._incidents[check["id"]] = str(uuid.uuid4())
        incident = self._incidents.get(check["id"], str(uuid.uuid4()))
        change = Change(zone, check, before, now, datetime.now(UTC), incident)
        account = self._store.state["accounts"][0]
        self._background(asyncio.ensure_future(self.dispatch.tell(change, account)))

    def _background(self, task: asyncio.Task[None]) -> None:
        self._sent.add(task)
        task.add_done_callback(self._sent.discard)
