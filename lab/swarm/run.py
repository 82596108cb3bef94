"""The swarm of one process: all settle, all go until they are told to stop, then what was stored is counted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from core.errors import LabError
from lab.load.records import Stored
from lab.swarm.member import Member, pause
from lab.swarm.plan import Door, Plan
from lab.swarm.streams import Stream
from lab.swarm.tally import Tally
from lab.swarm.upload import Uploader

SETTLING_AT_ONCE = 4
SLOW_SECONDS = 2


async def swarm(plan: Plan, run: str, tally: Tally, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Load until ``stop``; ``tally`` fills as it goes. ``run`` makes the accounts' names like no other's.

    Raises :class:`LabError` if a client cannot settle, or at the end cannot list what it stored.
    """
    plan.check()
    numbers = itertools.count(plan.first)

    def some(many: int) -> list[Member]:
        made = []
        for number in itertools.islice(numbers, many):
            door = plan.doors[number % len(plan.doors)]
            made.append(Member(door, plan.source(number), f"swarm-{run}-{number}", tally, plan.messages_url))
        return made

    members, slow, uploading = some(plan.members), some(plan.slow), some(plan.uploads)
    through_edge = some(plan.edge_members if plan.edge else 0)
    await _settle([*members, *slow, *uploading, *through_edge])
    for member in through_edge:
        # The edge limits logins: who goes through it came in by a host's door.
        member.moved(plan.edge or member.door)
    uploaders = [Uploader(member, plan) for member in uploading]
    ready()
    async with asyncio.TaskGroup() as group:
        for member in members:
            group.create_task(member.keep_pace(plan.rate, plan.post_every, stop))
        for member in through_edge:
            group.create_task(member.keep_pace(plan.edge_rate, plan.edge_post_every, stop))
        for member in slow:
            group.create_task(_always_slow(member, stop))
        for uploader in uploaders:
            group.create_task(uploader.keep_sending(stop))
        for stream in _streams(plan, members, through_edge):
            group.create_task(stream.keep_open(stop))
    tally.stored = await _all_stored([*members, *through_edge])
    tally.files = await _all_stored(uploaders)
    tally.connections = sum(member.connection.opened for member in [*members, *slow, *uploading, *through_edge])


def _streams(plan: Plan, members: list[Member], through_edge: list[Member]) -> list[Stream]:
    """Streams in turn on the hosts' doors, and one of each kind through the edge."""
    found = []
    for kind, many in (("websocket", plan.websockets), ("events", plan.events)):
        doors: list[tuple[Member, Door]] = [
            (members[number % len(members)], plan.doors[number % len(plan.doors)]) for number in range(many)
        ]
        doors += [(through_edge[0], plan.edge)] if plan.edge and through_edge and many else []
        found += [Stream(kind, member, door, plan) for member, door in doors]
    return found


async def _settle(members: list[Member]) -> None:
    slots = asyncio.Semaphore(SETTLING_AT_ONCE)

    async def one(member: Member) -> None:
        async with slots:
            await member.settle()

    try:
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(one(member))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _always_slow(member: Member, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if await member.get("slow", f"/api/slow?seconds={SLOW_SECONDS}") is None:
            await pause(1.0, stop)


async def _all_stored(each: list[Member] | list[Uploader]) -> Stored:
    found = [await one.stored() for one in each]
    return Stored(
        sum(one.accepted for one in found), sum(one.missing for one in found), sum(one.doubled for one in found)
    )


def require_settled(tally: Tally) -> None:
    """Raise :class:`LabError` unless each request that was sent is answered, lost or cut."""
    left = {kind: counts.open for kind, counts in tally.counts.items() if counts.open}
    if left:
        raise LabError(f"the load lost count: {left} requests are neither answered nor lost")
