"""``python -m lab.swarm --plan JSON --run NAME --out FILE.npz``: one process of clients.

Says on standard output, a JSON document a line: ``{"ready": true}`` once all are settled, then twice a second what was
sent and lost, and ``{"done": true}`` once ``FILE`` is whole. It ends on SIGTERM, or when its standard input is closed:
with whoever began it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from core.errors import LabError
from lab.swarm.plan import Plan, read_plan
from lab.swarm.run import require_settled, swarm
from lab.swarm.tally import Tally

TELL_SECONDS = 0.5


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.swarm", description="One process of clients.")
    parser.add_argument("--plan", required=True, help="what it does, as JSON")
    parser.add_argument("--run", required=True, help="a name that no other process has")
    parser.add_argument("--out", type=Path, required=True, help="where the count goes")
    options = parser.parse_args()
    tally = Tally()
    try:
        uvloop.run(_run(read_plan(options.plan), options.run, tally))
        require_settled(tally)
        tally.save(options.out)
    except LabError as error:
        sys.stderr.write(f"lab.swarm: {error}\n")
        return error.exit_code
    _tell(done=True)
    return 0


async def _run(plan: Plan, run: str, tally: Tally) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watching = asyncio.create_task(_with_parent(stop))
    telling = asyncio.create_task(_keep_telling(tally))
    try:
        await swarm(plan, run, tally, stop, lambda: _tell(ready=True))
    finally:
        telling.cancel()
        watching.cancel()


async def _with_parent(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    stop.set()


async def _keep_telling(tally: Tally) -> None:
    while True:
        await asyncio.sleep(TELL_SECONDS)
        _tell(sent=tally.sent, lost=tally.lost)


def _tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
