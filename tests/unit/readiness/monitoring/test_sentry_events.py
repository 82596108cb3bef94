"""The error tracker's list of events, by a server that answers as Sentry's does, or otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.sentry_events import SentryEvents
from core.errors import CheckError
from core.secret import Secret
from tests.own_server import Answering, served

PATH = "/api/0/projects/acme/app/events/"
EVENTS = [
    {"eventID": "a1", "dateReceived": "2026-11-30T10:00:00Z", "title": "old"},
    {"eventID": "b2", "dateReceived": "2026-11-30T11:00:00Z", "tags": [{"key": "marker", "value": "check-1"}]},
]


@contextmanager
def tracker(status: int, body: bytes) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []

    class Handler(Answering):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            self.answer(status, body)

    with served(Handler) as url:
        yield f"{url}{PATH}", asked


def test_events_are_found_by_what_they_hold() -> None:
    with tracker(200, json.dumps(EVENTS).encode()) as (url, asked):
        events = SentryEvents(url, Secret("t0ken"))
        (found,) = events.wait("/", contains="check-1", seconds=0)
        assert events.wait("/", contains="check-1", seen=["b2"], seconds=0) == []
        assert len(events.wait("/", seconds=0)) == 2
    assert (found.id, found.path, found.at) == ("b2", PATH, "2026-11-30T11:00:00Z")
    assert asked[0] == (f"{PATH}?full=true", "Bearer t0ken")


@pytest.mark.parametrize(
    ("status", "body"), [(401, b"{}"), (200, b"{}"), (200, b"<html>"), (302, b"[]"), (200, b"[" * 10_000), (500, b"")]
)
def test_a_tracker_that_says_something_else_is_told_without_the_token(status: int, body: bytes) -> None:
    with tracker(status, body) as (url, _asked), pytest.raises(CheckError) as caught:
        SentryEvents(url, Secret("t0ken")).wait("/", seconds=0)
    assert "t0ken" not in str(caught.value)
