"""Probes every health check and every monitored pool of the state as often as it says, and has changes told of."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from lab.cloudflare.monitoring.dispatch import Dispatch
from lab.cloudflare.monitoring.health import UNHEALTHY, Health, is_news
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.notices import Change
from lab.cloudflare.monitoring.pools import PoolWatch
from lab.cloudflare.monitoring.rounds import Rounds, Wanted
from lab.cloudflare.store import Json, Store
from lab.pki import Pki

_log = logging.getLogger("lab.cloudflare")


class Watch:
    """The health checks of one API. Without an ``internet`` nothing is probed and nobody told."""

    def __init__(self, store: Store, internet: Internet | None, pki: Pki) -> None:
        self._store, self._internet = store, internet
        self._rounds = Rounds()
        self._incidents: dict[str, str] = {}
        self._sent: set[asyncio.Task[None]] = set()
        self._hooks: set[str] = set()
        self.health: dict[str, Health] = {}
        self.dispatch = Dispatch(internet) if internet else None
        self.pools = PoolWatch(store, internet, pki) if internet else None

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
        await self._rounds.end()
        if self.pools:
            await self.pools.end()
        for task in (ending := list(self._sent)):
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

    def of_pool(self, item: Json) -> Json:
        """What the API says of a pool's health."""
        return self.pools.of_pool(item) if self.pools else {"pool_id": item["id"], "pop_health": {}}

    def _webhooks(self) -> list[Json]:
        hooks: list[Json] = self._store.state["accounts"][0].get("alert_webhooks", [])
        return hooks

    def _look(self) -> None:
        """Probe what the state says, and test the webhooks that are new."""
        if self._internet is None:
            return
        wanted = {
            check["id"]: Wanted(check, self._internet, partial(self._found, zone["id"]))
            for zone in self._store.state["zones"]
            for check in zone.get("healthchecks", [])
            if not check["suspended"]
        }
        for check_id in self.health.keys() - wanted.keys():
            del self.health[check_id]
            self._incidents.pop(check_id, None)
        self._rounds.keep(wanted)
        if self.pools:
            self.pools.look()
        self._test_new_webhooks()

    def _test_new_webhooks(self) -> None:
        hooks = {hook["id"]: hook for hook in self._webhooks()}
        for hook_id in hooks.keys() - self._hooks:
            if self.dispatch:
                self._background(asyncio.ensure_future(self.dispatch.test({**hooks[hook_id]})))
        self._hooks = set(hooks)

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
