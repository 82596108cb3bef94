"""The edge as a process: how it starts, refuses and stops."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

ROOT = Path(__file__).resolve().parents[3]


async def test_a_request_in_flight_is_answered_before_it_stops(client: Any, edge: Any, serve: Any) -> None:
    asked = asyncio.Event()

    async def slow(_: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await asyncio.sleep(0.2)
        return web.Response(text="done")

    await serve(slow)
    request = asyncio.ensure_future(client.session.get(client.url("/")))
    await asyncio.wait_for(asked.wait(), 5)
    begin = time.monotonic()
    status = await asyncio.to_thread(edge.stop)
    took = time.monotonic() - begin
    try:
        async with await request as answer:
            assert await answer.text() == "done"
        assert status == 0
        assert took < 1
    finally:
        await asyncio.to_thread(edge.start)


@pytest.mark.parametrize(
    ("address", "reason"), [("0.0.0.0", "127.0.0.0/8"), ("localhost", "127.0.0.0/8"), ("127.0.0.1", "cannot listen")]
)
def test_it_refuses_in_one_sentence(edge: Any, address: str, reason: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = subprocess.run(
            [
                *(sys.executable, "-m", "lab.edge", "--address", address, "--source", "127.0.0.1"),
                *("--http-port", port, "--https-port", port),
                *("--state", str(edge.state), "--pki", str(edge.pki.folder)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert found.returncode == 1
    last = found.stderr.splitlines()[-1]
    assert reason in last
    assert "Traceback" not in found.stderr
