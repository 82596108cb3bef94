"""The load itself: clients that keep to a pace, for a time, then a count of what was stored."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import LabError
from lab.load.client import Client, in_turn
from lab.load.records import SLOW_PATH, Record, Stored, compare
from lab.load.target import Target

# 20 posts a minute a client: a third of what the stack allows.
POST_SECONDS = 3.0
SLOW_SECONDS = 2
SLOW_PACE = 0.25
SETTLING_AT_ONCE = 4


@dataclass(frozen=True)
class Plan:
    """How much load: ``rate`` is requests a second for each client, ``seconds`` counts from when all are signed in."""

    clients: int = 24
    rate: float = 8.0
    seconds: float = 20.0

    def check(self) -> None:
        """Raises :class:`LabError` for a load that is not bounded as a lab's must be."""
        for name, value, most in (
            ("clients", self.clients, 250),
            ("rate", self.rate, 50),
            ("seconds", self.seconds, 600),
        ):
            if not 0 < value <= most:
                raise LabError(f"--{name} is {value:g} and must be above 0, at most {most}")


async def load(
    target: Target, plan: Plan, keep: Callable[[Record], None], stop: asyncio.Event, ready: Callable[[], None]
) -> Stored:
    """Run the load until its time is over or ``stop`` is set; ``keep`` gets each record, ``ready`` is called once.

    Raises :class:`LabError` if a client cannot sign in, or at the end cannot list its posts.
    """
    plan.check()
    run = secrets.token_hex(4)
    async with contextlib.AsyncExitStack() as opened:
        clients = [
            await opened.enter_async_context(Client(target, number, run, keep)) for number in range(1, plan.clients + 1)
        ]
        await _settle(clients)
        ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(_time_out(stop, plan.seconds))
            group.create_task(_always_one_slow(clients[0], stop))
            for client in clients:
                group.create_task(_keep_pace(client, plan.rate, stop))
        listed = [body for client in clients for body in await client.listed()]
    return compare((body for client in clients for body in client.accepted), listed)


async def _settle(clients: list[Client]) -> None:
    try:
        await in_turn(clients, SETTLING_AT_ONCE)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _time_out(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    stop.set()


async def _always_one_slow(client: Client, stop: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    while not stop.is_set():
        # A bad release answers at once: without a pace, this one client would then load it more than all others.
        due = clock() + SLOW_PACE
        await client.get(f"{SLOW_PATH}?seconds={SLOW_SECONDS}", SLOW_PATH)
        await _until(due, stop)


async def _keep_pace(client: Client, rate: float, stop: asyncio.Event) -> None:
    """Requests at ``rate`` a second, a post among them each :data:`POST_SECONDS`; a late one is not made up for."""
    clock = asyncio.get_running_loop().time
    turn = random.Random(client.number)  # noqa: S311 - spreads the clients, keeps no secret
    due = clock() + turn.uniform(0, 1 / rate)
    post_due = clock() + turn.uniform(0, POST_SECONDS)
    reads = client.reads()
    for count in range(int(1e9)):
        await _until(due, stop)
        if stop.is_set():
            return
        if clock() >= post_due:
            post_due = max(post_due + POST_SECONDS, clock() + POST_SECONDS / 2)
            await client.post()
        else:
            await client.get(*reads[count % len(reads)])
        due = max(due + 1 / rate, clock())


async def _until(due: float, stop: asyncio.Event) -> None:
    pause = due - asyncio.get_running_loop().time()
    if pause > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
