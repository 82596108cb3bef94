"""Reading through faults: it ends right, or with one sentence; against a server that answers from a list."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.cloudflare_api import CloudflareApi
from core.errors import LiveError
from core.secret import Secret
from tests.own_server import Answering, served

Answer = Callable[[Answering], None]


@dataclass
class Server:
    answers: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    url: str = ""

    def api(self, **more: Any) -> CloudflareApi:
        more = {"attempts": 3, "seconds": 0.5, "sleep": self.slept.append, **more}
        return CloudflareApi(f"{self.url}/client/v4", Secret("t0ken-of-this-test"), **more)


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()

    class Handler(Answering):
        def do_GET(self) -> None:
            script.asked.append(self.path.removeprefix("/client/v4"))
            script.answers.pop(0)(self)

    with served(Handler) as script.url:
        yield script


def said(status: int, body: Any, kind: str = "application/json", **fields: str) -> Answer:
    def answer(handler: Answering) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        handler.answer(status, data, ("Content-Type", kind), *named)

    return answer


def page(items: list[int], number: int, pages: int, total: int) -> Answer:
    info = {"page": number, "total_pages": pages, "total_count": total}
    return said(200, {"success": True, "result": [{"id": item} for item in items], "result_info": info})


REFUSED = {"success": False, "errors": [{"code": 971, "message": "slow down"}]}
ONE = page([1], 1, 1, 1)


def hang(handler: Answering) -> None:
    time.sleep(0.8)
    handler.close_connection = True


def lost(handler: Answering) -> None:
    handler.close_connection = True


CUT = said(200, b'{"success": true, "res', Content_Length="900")


@pytest.mark.parametrize(
    "fault",
    [
        said(429, REFUSED, Retry_After="7"),
        said(502, b"<html>bad gateway</html>", "text/html"),
        said(200, b'{"success": true, "res'),
        CUT,
        hang,
        lost,
    ],
    ids=["429", "502", "half of it", "cut", "hang", "lost"],
)
def test_a_fault_that_passes_is_not_noticed(server: Server, fault: Answer) -> None:
    server.answers = [fault, ONE]
    assert server.api().items("/zones") == [{"id": 1}]
    assert len(server.slept) == 1


def test_it_waits_for_as_long_as_the_api_asks_and_no_longer_than_a_minute(server: Server) -> None:
    server.answers = [said(429, REFUSED, Retry_After="7"), said(429, REFUSED, Retry_After="900"), ONE]
    server.api().items("/zones")
    assert server.slept == [7, 60]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (said(429, REFUSED), r"GET /zones: 127\.0\.0\.1 answers 429 \(slow down\); wait a few minutes"),
        (said(503, b"<html>", "text/html"), r"GET /zones: 127\.0\.0\.1 answers 503$"),
        (hang, r"did not answer within 0\.5 s, 3 times: try again"),
        (CUT, r"cannot be reached|cut its answer short"),
    ],
)
def test_one_that_stays_ends_with_one_sentence(server: Server, fault: Answer, sentence: str) -> None:
    server.answers = [fault] * 3
    with pytest.raises(LiveError, match=sentence) as caught:
        server.api().items("/zones")
    assert "t0ken" not in str(caught.value)
    assert len(server.asked) == 3


def test_a_refusal_is_not_tried_again(server: Server) -> None:
    server.answers = [said(403, {"success": False, "errors": [{"message": "Authentication \x1b[31merror"}]})]
    with pytest.raises(LiveError, match=r"answers 403 \(Authentication \\x1b\[31merror\); the token may not read this"):
        server.api().items("/zones")
    assert len(server.asked) == 1


def test_every_page_is_read_and_what_ends_early_is_read_anew(server: Server) -> None:
    whole = [page([1, 2], 1, 2, 3), page([3], 2, 2, 3)]
    server.answers = [page([1, 2], 1, 2, 3), page([], 2, 2, 3), *whole]
    assert [item["id"] for item in server.api().items("/zones", {"name": "a b"})] == [1, 2, 3]
    assert server.asked[0] == "/zones?name=a+b&page=1&per_page=100"


def test_pages_that_never_add_up_are_told_with_their_numbers(server: Server) -> None:
    server.answers = [page([1], 1, 1, 3)] * 3
    with pytest.raises(LiveError, match=r"gave 1 of the 3 items of /zones, 3 times: run this again"):
        server.api().items("/zones")


def test_what_is_not_there_is_none(server: Server) -> None:
    gone = said(404, {"success": False, "errors": [{"message": "not found"}]})
    server.answers = [gone, gone]
    assert server.api().get("/zones/1") is None
    assert server.api().items("/zones/1/healthchecks") == []
