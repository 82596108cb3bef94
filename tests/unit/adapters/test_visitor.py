"""The visitor: whatever a site does, it comes back in time, with little memory, and says what was wrong."""

from __future__ import annotations

import itertools
import socket
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from adapters.bounded_http import Way
from adapters.visitor import HttpVisitor
from tests.hostile_site import MISDEEDS, hostile_site

SECONDS = 0.4
MOST = 200_000

# What is said of each that ends in no answer.
NO_ANSWER = {
    "/hangs": "no answer within 0.4 s",
    "/hangs-up": "it closed the connection",
    "/drips-headers": "no answer within 0.4 s",
    "/headers-for-ever": "what it answers is no HTTP (HTTPException)",
    "/one-header-for-ever": "what it answers is no HTTP (LineTooLong)",
    "/says-two-lengths": "no answer (InvalidHeader)",
    "/no-http": "what it answers is no HTTP (BadStatusLine)",
    "/a-status-of-letters": "what it answers is no HTTP (BadStatusLine)",
}
# What is said of each whose body is cut.
CUT = {
    "/hangs-in-the-body": "the body: no answer within 0.4 s",
    "/drips-a-body": "the body: no answer within 0.4 s",
    "/drips-redirects-headers": "the body: no answer within 0.4 s",
    "/ten-gigabytes": f"the body: longer than {MOST} bytes",
    "/ten-gigabytes-in-chunks": f"the body: longer than {MOST} bytes",
    "/ten-gigabytes-of-a-redirect": f"the body: longer than {MOST} bytes",
    "/ten-gigabytes-of-a-chunk-length": "the body: what it answers is no HTTP (LineTooLong)",
    "/says-more-than-it-sends": "the body: it broke off before its end",
    "/chunks-of-nonsense": "the body: it broke off before its end",
    "/chunk-of-less-than-nothing": "the body: it broke off before its end",
    "/gzip-bomb": f"the body: longer than {MOST} bytes",
    "/gzip-bomb-in-a-bomb": f"the body: longer than {MOST} bytes",
    "/gzip-that-is-none": "the body: no answer (DecodeError)",
}
WHOLE = {
    "/honest": b"hi",
    "/sends-more-than-it-says": b"first",
    "/says-no-number": b"body",
    "/escapes-in-headers": b"",
    "/cookies-of-a-megabyte": b"",
}
# Which bound is met first is a matter of the machine.
ONE_OR_THE_OTHER = ("/continues-for-ever", "/trailers-for-ever")


class AtOnce:
    def wait(self, host: str) -> None:
        return


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with hostile_site() as port:
        yield port


def visitor(port: int) -> HttpVisitor:
    return HttpVisitor(Way(lambda _name, _port: ("127.0.0.1", port)), AtOnce(), MOST)


def test_every_misdeed_is_in_one_list() -> None:
    assert sorted(MISDEEDS) == sorted([*NO_ANSWER, *CUT, *WHOLE, *ONE_OR_THE_OTHER])


@pytest.mark.parametrize("path", MISDEEDS)
def test_nothing_holds_it_or_fills_it(port: int, path: str) -> None:
    tracemalloc.start()
    try:
        began = time.monotonic()
        reply = visitor(port).ask("GET", f"http://site.test{path}", timeout=SECONDS)
        took, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert took < SECONDS + 1
    assert peak < 16_000_000
    if path in NO_ANSWER:
        assert (reply.status, reply.reason) == (0, NO_ANSWER[path])
    elif path in CUT:
        assert (reply.cut, reply.reason) == (True, CUT[path])
        assert len(reply.body) <= MOST
    elif path in WHOLE:
        assert (reply.cut, reply.reason, reply.body) == (False, "", WHOLE[path])
    else:
        assert reply.cut or reply.status == 0


def test_a_header_that_came_twice_is_there_twice(port: int) -> None:
    assert visitor(port).ask("GET", "http://site.test/honest").all("x-two") == ["a", "b"]


def test_what_was_sent_too_much_is_no_answer_to_the_next_request(port: int) -> None:
    one = visitor(port)
    one.ask("GET", "http://site.test/sends-more-than-it-says")

    reply = one.ask("GET", "http://site.test/honest")

    assert (reply.body, reply.header("X-Forged")) == (b"hi", "")


def test_it_keeps_the_cookies_that_a_browser_would_keep(port: int) -> None:
    one = visitor(port)
    one.ask("GET", "http://site.test/cookies-of-a-megabyte")

    assert one.cookies == {"small": "kept"}


@pytest.mark.parametrize("target", ["//evil.test/", "/a/../b", "/%2E%2E/x", "/a//b?c=%00&d=//evil.test"])
def test_a_target_is_asked_for_as_it_is(port: int, target: str) -> None:
    assert visitor(port).ask("GET", f"http://site.test{target}").text == target


def test_a_site_that_does_not_read_what_it_is_sent_holds_nobody_up(port: int) -> None:
    began = time.monotonic()
    pieces = itertools.repeat(b"x" * 65536, 2000)
    reply = visitor(port).ask("POST", "http://site.test/hangs", body=pieces, timeout=SECONDS)

    assert (reply.status, reply.reason) == (0, "no answer within 0.4 s")
    assert time.monotonic() - began < SECONDS + 1


def test_a_site_that_never_ends_its_handshake_holds_nobody_up(port: int) -> None:
    began = time.monotonic()
    reply = visitor(port).ask("GET", "https://site.test/hangs", timeout=SECONDS)

    assert (reply.status, reply.reason) == (0, "no answer within 0.4 s")
    assert time.monotonic() - began < SECONDS + 1


def test_nobody_there_is_said(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    assert visitor(nobody).ask("GET", "http://site.test/").reason == "the connection was refused"


@pytest.mark.parametrize("url", ["http://", "ftp://site.test/", "http://site.test:99999/", "nonsense", "http://[::1"])
def test_a_url_that_is_none_is_no_traceback(port: int, url: str) -> None:
    assert visitor(port).ask("GET", url, timeout=SECONDS).status == 0


def test_headers_that_cannot_be_sent_are_no_traceback(port: int) -> None:
    for value in ("a\r\nX-Forged: yes", "\u2603", " leading"):
        assert visitor(port).ask("GET", "http://site.test/honest", headers={"X": value}).status == 0
