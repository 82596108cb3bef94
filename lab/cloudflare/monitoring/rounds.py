"""Checks that are probed again and again, each in a task of its own.

A check that is asleep costs a timer: nothing looks at the state but when it has changed.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.probe import probe
from lab.cloudflare.store import Json

_log = logging.getLogger("lab.cloudflare")


@dataclass(frozen=True)
class Wanted:
    """A check, what it is probed by, and who is told of each probe: of which check, and why it failed ("" if not).

    ``tls`` is as of :func:`probe`.
    """

    check: Json
    internet: Internet
    found: Callable[[Json, str], None]
    tls: ssl.SSLContext | None = None


class Rounds:
    """The checks that are being probed, by id."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[Json, asyncio.Task[None]]] = {}

    def keep(self, wanted: Mapping[str, Wanted]) -> None:
        """Probe what is new or other than it was, and leave alone what is no more."""
        for check_id, (check, task) in list(self._running.items()):
            if check_id not in wanted or wanted[check_id].check != check:
                task.cancel()
                del self._running[check_id]
        for check_id in wanted.keys() - self._running.keys():
            # A copy, for the state's own object changes with the state.
            kept = replace(wanted[check_id], check={**wanted[check_id].check})
            self._running[check_id] = kept.check, asyncio.ensure_future(_probe_on(kept))

    async def end(self) -> None:
        """Probe nothing any more."""
        ending = [task for _, task in self._running.values()]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def _probe_on(wanted: Wanted) -> None:
    """Probe until it is cancelled, ``interval`` seconds from the start of one to that of the next."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            reason = await probe(wanted.check, wanted.internet, wanted.tls)
        except Exception:  # noqa: BLE001 (a check that cannot be probed is unhealthy, and the others go on)
            _log.exception("health check %s cannot be probed", wanted.check["name"])
            reason = "Other Failure"
        wanted.found(wanted.check, reason)
        await asyncio.sleep(max(0.0, wanted.check["interval"] - (loop.time() - began)))
