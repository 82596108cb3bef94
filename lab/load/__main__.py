"""``python -m lab.load --status .lab/status.json --seconds 20 --out FILE``: load the lab's app through its edge.

Says ``ready`` on standard output once every client is signed in. Ends after ``--seconds``, or on SIGTERM or Ctrl-C,
with a summary; the exit status is 1 if a request was lost or a post is not stored exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

from core.errors import LabError
from lab.load.progress import Progress, report
from lab.load.records import Record, Stored, line
from lab.load.run import Plan, load
from lab.load.summary import summary
from lab.load.target import Target, read_target
from lab.place import ZONE

SHOW_SECONDS = 0.5


def main() -> int:
    """Returns the exit status."""
    options = _options()
    try:
        target = read_target(options.status, options.host)
        plan = Plan(options.clients, options.rate, options.seconds)
        records, stored = asyncio.run(_run(target, plan, options.out))
    except LabError as error:
        print(f"lab.load: {error}", file=sys.stderr)
        return error.exit_code
    found = summary(records)
    print("\n".join(report(found, stored)))
    return 0 if stored.exact and not found.lost else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.load", description="Load the lab's app through its edge.")
    parser.add_argument("--status", type=Path, required=True, help="the lab's status file")
    parser.add_argument("--out", type=Path, required=True, help="where the records go, one a line (JSON)")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="how long, from when all are signed in")
    parser.add_argument("--clients", type=int, default=Plan.clients)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="requests a second for each client")
    parser.add_argument("--host", default=f"app.{ZONE}", help="the app's name behind the edge")
    return parser.parse_args()


async def _run(target: Target, plan: Plan, out: Path) -> tuple[list[Record], Stored]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    records: list[Record] = []
    progress = Progress(sys.stderr)
    with _open(out) as file:

        def keep(record: Record) -> None:
            records.append(record)
            progress.count(record)
            file.write(line(record))

        showing = asyncio.create_task(_show(progress))
        try:
            stored = await load(target, plan, keep, stop, lambda: print("ready", flush=True))
        finally:
            showing.cancel()
            progress.end()
        file.write(line(stored))
    return records, stored


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise LabError(f"{path} cannot be written: {error.strerror}") from None


async def _show(progress: Progress) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(SHOW_SECONDS)
        progress.show(time.monotonic() - began, SHOW_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
