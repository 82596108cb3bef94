"""The lab's Cloudflare API in a thread of the test's own process, with faults on demand (:mod:`lab.cloudflare.faults`).

with serving(tmp_path) as cloudflare:
    cloudflare.faults.plan([Fault(kind="lost", method="POST", path="/zones")])
    Project(…, base_url=cloudflare.base_url, token=Secret(TOKEN))
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from core.secret import Secret
from lab.cloudflare.faults import Faults
from lab.cloudflare.server import make_app
from lab.cloudflare.store import Store
from lab.place import ACCOUNT_ID, here

TOKEN = "a-token-of-this-test"


@dataclass
class Served:
    """A running API: plan its ``faults`` at any time; ``state`` is what it has on disk."""

    base_url: str
    faults: Faults
    path: Path

    @property
    def state(self) -> dict[str, Any]:
        """What the API holds now."""
        return dict(json.loads(self.path.read_text()))

    @property
    def zone(self) -> dict[str, Any]:
        """The one zone that it holds."""
        (zone,) = self.state["zones"]
        return dict(zone)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve on a free port of this lab's net until the block is left; the state is in ``folder``."""
    path, faults = folder / "cloudflare" / "state.json", Faults()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(make_app(Store(path, ACCOUNT_ID), Secret(TOKEN), faults), shutdown_timeout=0.1)
    try:
        address, port = asyncio.run_coroutine_threadsafe(_start(runner), loop).result(10)
        yield Served(f"http://{address}:{port}/client/v4", faults, path)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _start(runner: web.AppRunner) -> tuple[str, int]:
    await runner.setup()
    await web.TCPSite(runner, here().address(0, 200), 0).start()
    address, port = runner.addresses[0][:2]
    return str(address), int(port)


async def _stop(runner: web.AppRunner) -> None:
    """Stop with nothing under way, a request that hangs included."""
    await runner.cleanup()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
