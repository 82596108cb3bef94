"""Streams of new posts: who falls behind, who may not see any more, and what ends them all."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from lab.app.community.feed import MOST_WAITING, End, Feed, Item, Subscription
from lab.app.community.routes import live
from lab.app.community.views import PostView


def _post() -> PostView:
    return PostView(
        id=uuid4(), space_id=uuid4(), author_id=uuid4(), author="A", body="b", created_at=datetime.now(tz=UTC)
    )


async def test_who_falls_too_far_behind_gets_what_waits_and_is_let_go() -> None:
    reader = Subscription()
    sent = [_post() for _ in range(MOST_WAITING + 1)]
    for post in sent:
        reader.put(post)
    read = [await reader.next(0.1) for _ in range(MOST_WAITING + 1)]
    assert read == [*sent[:-1], End.BEHIND]
    assert await reader.next(0.1) is End.BEHIND


async def _watched(reader: Subscription, *answers: bool) -> list[Item | None]:
    left = list(answers)

    async def may_see() -> bool:
        return left.pop(0)

    return [item async for item in live._watch(reader, may_see)]


async def test_a_quiet_stream_goes_on_until_its_reader_may_not_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    assert await _watched(Subscription(), True, True, False) == [None, None, End.REFUSED]


async def test_a_busy_stream_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.0)
    reader = Subscription()
    reader.put(_post())
    assert await _watched(reader, False) == [End.REFUSED]


async def test_nothing_comes_after_the_end() -> None:
    reader, post = Subscription(), _post()
    for item in (post, End.DRAINED, post):
        reader.put(item)
    assert await asyncio.wait_for(_watched(reader), 1) == [post, End.DRAINED]


async def test_a_feed_that_cannot_listen_says_so_and_holds_nothing() -> None:
    feed = Feed("postgresql://app@/community?host=/nowhere", None)
    for _ in range(2):
        with pytest.raises(OSError):
            async with feed.subscribe(uuid4()):
                pytest.fail("nobody listens")
    assert not feed._subscriptions
