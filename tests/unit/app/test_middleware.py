"""Requests that another site caused."""

import pytest

from lab.app.community.middleware import crosses_origins


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
