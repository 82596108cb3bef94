"""A member of the platform on one keep-alive connection: account, organisation and space, GETs and posts at a pace."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from typing import Any

from core.errors import LabError
from core.terminal import clean
from lab.load.records import Stored, compare
from lab.mail.token import verify_token
from lab.swarm.plan import Door
from lab.swarm.tally import Tally
from lab.swarm.wire import Answer, Connection, LostError

PAGE = 100
_JSON = "application/json"


class Member:
    """One client. What it sends once it is settled goes into ``tally``.

    ``messages_url`` lists the mail that arrives; without it, it proves no address.
    """

    def __init__(self, door: Door, source: str, name: str, tally: Tally, messages_url: str = "") -> None:
        self.door, self.source, self.name, self._messages_url = door, source, name, messages_url
        self.connection = Connection(door, source, {"User-Agent": "launch-ready-swarm/1"})
        self.tally = tally
        self.org = self.space = ""
        self.bodies: list[str] = []
        # When each accepted post was sent and accepted, and its id: what streams of the space must have pushed.
        self.posted: list[tuple[float, float, str]] = []

    async def settle(self) -> None:
        """Sign up, prove the address, log in, make an organisation and a space. Raises :class:`LabError`."""
        account = {"email": f"{self.name}@example.test", "password": secrets.token_urlsafe(24)}
        await self._must("/api/auth/signup", {**account, "name": self.name}, 202)
        if self._messages_url:
            token = await verify_token(self._messages_url, account["email"])
            await self._must("/api/auth/verify", {"token": token}, 204)
        answer = await self._must("/api/auth/login", account, 200)
        self.connection.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        org = json.loads((await self._must("/api/orgs", {"name": self.name}, 201)).body)
        self.org = f"/api/orgs/{org['id']}"
        space = json.loads((await self._must(f"{self.org}/spaces", {"name": "General"}, 201)).body)
        self.space = f"{self.org}/spaces/{space['id']}"

    def moved(self, door: Door) -> None:
        """Go on through another door, with the same session."""
        self.connection.close()
        self.door = door
        self.connection = Connection(door, self.source, self.connection.headers)

    async def keep_pace(self, rate: float, post_every: int, stop: asyncio.Event) -> None:
        """Requests at ``rate`` a second, one in ``post_every`` a post; a late one is not made up for."""
        clock = asyncio.get_running_loop().time
        due = clock() + secrets.randbelow(1000) / 1000 / rate
        reads = (*("/version",) * 7, "/login", f"{self.space}/posts?limit=1", "/api/auth/me")
        count = secrets.randbelow(post_every)
        while not stop.is_set():
            await pause(due - clock(), stop)
            count += 1
            if count % post_every == 0:
                await self.post()
            else:
                await self.get("get", reads[count % len(reads)])
            due = max(due + 1 / rate, clock())

    async def get(self, kind: str, path: str) -> Answer | None:
        """One GET; None if it was lost or answered with anything but 200."""
        return await self.ask(kind, "GET", path, 200)

    async def post(self) -> None:
        """One post, with a text like no other, so that it can be told whether it was stored, and how often."""
        body = f"{self.name} post {len(self.bodies)} {secrets.token_hex(4)}"
        began = time.time()
        form = json.dumps({"body": body}).encode()
        answer = await self.ask("post", "POST", f"{self.space}/posts", 201, form)
        if answer is not None:
            self.bodies.append(body)
            self.posted.append((began, time.time(), str(json.loads(answer.body)["id"])))

    async def ask(
        self, kind: str, method: str, path: str, wanted: int, body: bytes = b"", **more: Any
    ) -> Answer | None:
        """One request, counted; None unless it is answered with the status wanted."""
        self.tally.counts[kind].sent += 1
        at = time.time()
        try:
            answer = await self.connection.send(method, path, body, more.pop("type", _JSON), **more)
        except LostError as lost:
            self.tally.lose(kind, self.door.name, at, str(lost))
            return None
        return answer if self.tally.answer(kind, self.door.name, at, answer, wanted) else None

    async def stored(self) -> Stored:
        """What became of its posts. Raises :class:`LabError` if they cannot be listed."""
        listed: list[str] = []
        after = ""
        while True:
            page = json.loads((await self._must(f"{self.space}/posts?limit={PAGE}{after}", None, 200)).body)
            listed += [post["body"] for post in page["items"]]
            if page["next"] is None:
                return compare(self.bodies, listed)
            after = f"&before={page['next']}"

    async def _must(self, path: str, form: dict[str, str] | None, wanted: int) -> Answer:
        """A request that is set-up or a look at the end, and counts for nothing; it is not sent twice either."""
        method, body = ("GET", b"") if form is None else ("POST", json.dumps(form).encode())
        try:
            answer = await self.connection.send(method, path, body, _JSON)
        except LostError as lost:
            raise LabError(f"{self.name}: {method} {path} at {self.door.name}: {lost}") from None
        if answer.status != wanted:
            said = clean(answer.body.decode("utf-8", "replace"))[:200]
            raise LabError(f"{self.name}: {method} {path} at {self.door.name}: status {answer.status}: {said}")
        return answer


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait for ``seconds``, or until ``stop``."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
