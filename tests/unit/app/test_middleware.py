"""Requests that another site caused, and bodies of which nobody wants to know."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from lab.app.community.middleware import Drained, crosses_origins


@pytest.mark.parametrize(
    ("method", "headers", "crosses"),
    [
        ("POST", {}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("DELETE", {"sec-fetch-site": "cross-site"}, True),
        ("GET", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"origin": "https://app.example", "host": "app.example"}, False),
        ("POST", {"origin": "https://evil.example", "host": "app.example"}, True),
        ("POST", {"origin": "https://app.example.evil.example", "host": "app.example"}, True),
        ("POST", {"origin": "null", "host": "app.example"}, True),
        ("websocket", {"origin": "https://evil.example", "host": "app.example"}, True),
        ("websocket", {"origin": "https://app.example", "host": "app.example"}, False),
        ("POST", {"origin": "https://evil.example", "sec-fetch-site": "same-origin", "host": "app.example"}, False),
    ],
)
def test_what_crosses_origins(method: str, headers: dict[str, str], crosses: bool) -> None:
    assert crosses_origins(method, headers) is crosses


@pytest.mark.parametrize(("status", "sent", "read"), [(413, 5, 5), (200, 5, 0), (413, 100, 64)])
async def test_a_refusal_is_sent_when_the_body_has_been_read(status: int, sent: int, read: int) -> None:
    piece = b"x" * 65536
    pieces = [{"type": "http.request", "body": piece, "more_body": number < sent - 1} for number in range(sent)]
    left, said = list(pieces), []

    async def receive() -> Message:
        return left.pop(0)

    async def send(message: Message) -> None:
        said.append((message["type"], sent - len(left)))

    async def app(_scope: Scope, _receive: Receive, answer: Send) -> None:
        await answer({"type": "http.response.start", "status": status, "headers": []})

    await Drained(app)({"type": "http"}, receive, send)
    assert said == [("http.response.start", read)]
