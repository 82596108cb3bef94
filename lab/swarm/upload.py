"""Slow uploads: a file trickled over seconds, its hash compared, fetched back, and looked for at the end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import secrets
from collections.abc import AsyncIterator

from core.errors import LabError
from lab.load.records import Stored, compare
from lab.swarm.member import Member
from lab.swarm.plan import Plan

PIECES = 24
PIECE_BYTES = 8 * 1024
# The app lists so many of a space's files, so no more are sent by one client.
MOST_FILES = 900


class Uploader:
    """A member that sends file after file, each in a time between the plan's shortest and longest."""

    def __init__(self, member: Member, plan: Plan) -> None:
        self.member, self._plan = member, plan
        self._accepted: list[str] = []

    async def keep_sending(self, stop: asyncio.Event) -> None:
        """Until ``stop``; the last file is sent to its end."""
        while not stop.is_set() and len(self._accepted) < MOST_FILES:
            content = secrets.token_bytes(PIECES * PIECE_BYTES)
            seconds = random.uniform(self._plan.shortest, self._plan.longest)  # noqa: S311 - a pace, no secret
            await self._send(content, seconds)

    async def _send(self, content: bytes, seconds: float) -> None:
        member, files = self.member, f"{self.member.space}/uploads"
        digest = hashlib.sha256(content).hexdigest()
        answer = await member.ask(
            "upload",
            "POST",
            f"{files}?name={digest[:16]}.bin",
            201,
            content,
            type="application/octet-stream",
            pieces=_trickle(content, seconds),
        )
        if answer is None:
            return
        made = json.loads(answer.body)
        self._accepted.append(digest)
        back = await member.get("download", f"{files}/{made['id']}")
        if made["sha256"] != digest or (back is not None and back.body != content):
            member.tally.counts["upload"].wrong += 1
            member.tally.statuses["upload that came back otherwise"] += 1

    async def stored(self) -> Stored:
        """What became of its files. Raises :class:`LabError` if they cannot be listed."""
        answer = await self.member.connection.send("GET", f"{self.member.space}/uploads")
        if answer.status != 200:
            raise LabError(f"{self.member.name} cannot list its files: status {answer.status}")
        return compare(self._accepted, [file["sha256"] for file in json.loads(answer.body)])


async def _trickle(content: bytes, seconds: float) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]
        await asyncio.sleep(seconds / PIECES)
