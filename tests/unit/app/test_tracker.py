"""What is told of errors, and what is not."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.types import Message, Scope

from lab.app.community.settings import SchemaRange, Settings
from lab.app.community.tracker import Told, Tracker, Watched, scrubbed

SECRET = "hunter2-hunter2"


def _settings() -> Settings:
    return Settings("postgresql://x", b"k" * 32, "1.0.0", "blue", SchemaRange(1, 1, 1))


def _event() -> Any:
    return {
        "request": {"headers": {"Cookie": SECRET}, "data": SECRET, "query_string": SECRET},
        "user": {"email": SECRET},
        "breadcrumbs": {"values": [SECRET]},
        "extra": {"argv": [SECRET]},
        "server_name": SECRET,
        "exception": {"values": [{"type": "KeyError", "value": SECRET}, {"type": "Told", "value": "a test error"}]},
    }


def test_nothing_of_a_clients_is_in_an_event() -> None:
    told = scrubbed(_event(), {"exc_info": (Told, Told("a test error"), None)})
    assert SECRET not in str(told)
    assert told["exception"]["values"][-1]["value"] == "a test error"
    unexpected = scrubbed(_event(), {"exc_info": (ValueError, ValueError(SECRET), None)})
    assert [one["value"] for one in unexpected["exception"]["values"]] == ["", ""]


async def _watch(sent_before: list[Message]) -> tuple[list[Message], BaseException | None]:
    async def failing(_scope: Scope, _receive: object, send: Any) -> None:
        for message in sent_before:
            await send(message)
        raise ValueError(SECRET)

    messages: list[Message] = []

    async def _receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/{SECRET}", "query_string": SECRET.encode()}
    try:
        await Watched(failing, Tracker(_settings()))(scope, _receive, send)
    except ConnectionAbortedError as error:
        return messages, error
    return messages, None


async def test_an_error_is_logged_by_its_type_and_place_alone(caplog: pytest.LogCaptureFixture) -> None:
    whole: list[Message] = [
        {"type": "http.response.start", "status": 500, "headers": []},
        {"type": "http.response.body", "body": b""},
    ]
    with caplog.at_level(logging.DEBUG):
        messages, raised = await _watch(whole)
    assert (messages, raised) == (whole, None)
    assert SECRET not in caplog.text
    assert "ValueError at test_tracker.py" in caplog.text


async def test_an_answer_that_is_not_whole_is_cut_off() -> None:
    started: list[Message] = [{"type": "http.response.start", "status": 200, "headers": []}]
    for before in ([], started, [*started, {"type": "http.response.body", "body": b"x", "more_body": True}]):
        _, raised = await _watch(before)
        assert isinstance(raised, ConnectionAbortedError)
        assert SECRET not in str(raised)
        assert raised.__suppress_context__
