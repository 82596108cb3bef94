"""A site on loopback that does to its visitors what it can: each of :data:`MISDEEDS` is a path of it.

Every other path is answered with the request's target.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Misdeed = Callable[[socket.socket, threading.Event], None]
MISDEEDS: dict[str, Misdeed] = {}
OK = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = b"x" * (1024 * 1024)
BOMB = gzip.compress(MEGABYTE * 20, 9)
# Gzip takes members one after the other for one file.
BOMB_IN_A_BOMB = gzip.compress(BOMB * 500, 9)
_DRIP_SECONDS = 0.05
# After these the connection serves the next request.
_ANSWERED = ("/honest", "/sends-more-than-it-says")


def misdeed(function: Misdeed) -> Misdeed:
    """Have it at ``/its-name``."""
    MISDEEDS["/" + function.__name__.replace("_", "-")] = function
    return function


@contextmanager
def hostile_site(address: str = "127.0.0.1") -> Iterator[int]:
    """Serve while the context lasts; gives the port."""
    over = threading.Event()
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listener, over), daemon=True)
        thread.start()
        yield port
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection((address, port), 1).close()
        thread.join(5)


def _accept(listener: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, over), daemon=True).start()


def _serve(connection: socket.socket, over: threading.Event) -> None:
    # The visitor leaves in the middle of most of it.
    with connection, contextlib.suppress(OSError):
        connection.settimeout(20)
        goes_on = True
        while goes_on and (target := _target(connection)):
            goes_on = target not in MISDEEDS or target in _ANSWERED
            serve = MISDEEDS.get(target, _say(target))
            serve(connection, over)


def _target(connection: socket.socket) -> str:
    """What the next request is for; "" without one."""
    head = b""
    while b"\r\n\r\n" not in head:
        if not (piece := connection.recv(65536)):
            return ""
        head += piece
    return head.split(b" ")[1].decode()


def _say(text: str) -> Misdeed:
    return lambda connection, _: connection.sendall(OK + b"Content-Length: %d\r\n\r\n%s" % (len(text), text.encode()))


def _for_ever(connection: socket.socket, pieces: Iterator[bytes], over: threading.Event, pause: float = 0) -> None:
    for piece in pieces:
        if over.wait(pause) if pause else over.is_set():
            return
        connection.sendall(piece)


@misdeed
def honest(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Content-Length: 2\r\nX-Two: a\r\nX-Two: b\r\n\r\nhi")


@misdeed
def hangs(_: Any, over: threading.Event) -> None:
    over.wait(20)


@misdeed
def hangs_in_the_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Content-Length: 100\r\n\r\nhalf")
    over.wait(20)


@misdeed
def hangs_up(_connection: socket.socket, _: Any) -> None:
    return


@misdeed
def ten_gigabytes(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Content-Length: 10737418240\r\n\r\n")
    _for_ever(connection, itertools.repeat(MEGABYTE, 10240), over)


@misdeed
def ten_gigabytes_in_chunks(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    _for_ever(connection, itertools.repeat(b"100000\r\n" + MEGABYTE + b"\r\n", 10240), over)


@misdeed
def ten_gigabytes_of_a_redirect(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /honest\r\n\r\n")
    _for_ever(connection, itertools.repeat(MEGABYTE, 10240), over)


@misdeed
def ten_gigabytes_of_a_chunk_length(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    _for_ever(connection, itertools.repeat(b"1" * len(MEGABYTE), 10240), over)


@misdeed
def trailers_for_ever(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    _for_ever(connection, itertools.repeat(b"X-More: of it\r\n"), over)


@misdeed
def drips_a_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"Content-Length: 1000000\r\n\r\n")
    _for_ever(connection, itertools.repeat(b"."), over, _DRIP_SECONDS)


@misdeed
def drips_headers(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"X-Slow: ")
    _for_ever(connection, itertools.repeat(b"."), over, _DRIP_SECONDS)


@misdeed
def drips_redirects_headers(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /honest\r\n\r\n")
    _for_ever(connection, itertools.repeat(b"."), over, _DRIP_SECONDS)


@misdeed
def headers_for_ever(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK)
    _for_ever(connection, (b"X-%d: %s\r\n" % (number, b"v" * 1000) for number in itertools.count()), over)


@misdeed
def one_header_for_ever(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(OK + b"X-Long: ")
    _for_ever(connection, itertools.repeat(MEGABYTE, 10240), over)


@misdeed
def continues_for_ever(connection: socket.socket, over: threading.Event) -> None:
    _for_ever(connection, itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), over)


@misdeed
def says_more_than_it_sends(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Content-Length: 100\r\n\r\nshort")


@misdeed
def sends_more_than_it_says(connection: socket.socket, _: Any) -> None:
    # At once: what comes when the next request is under way already is an answer to it, for all that a client can tell.
    connection.sendall(OK + b"Content-Length: 5\r\n\r\nfirst" + OK + b"X-Forged: yes\r\n\r\n")


@misdeed
def says_two_lengths(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nfirst")


@misdeed
def says_no_number(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Content-Length: -1e9\r\n\r\nbody")


@misdeed
def chunks_of_nonsense(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\nbody\r\n")


@misdeed
def chunk_of_less_than_nothing(connection: socket.socket, _: Any) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nbody\r\n0\r\n\r\n")


@misdeed
def no_http(connection: socket.socket, _: Any) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


@misdeed
def a_status_of_letters(connection: socket.socket, _: Any) -> None:
    connection.sendall(b"HTTP/1.1 OK fine\r\n\r\n")


@misdeed
def escapes_in_headers(connection: socket.socket, _: Any) -> None:
    connection.sendall(
        OK + b"Server: \x1b]0;owned\x07\x1b[2J\r\nX-Script: <script>alert(1)</script>\r\nContent-Length: 0\r\n\r\n"
    )


@misdeed
def cookies_of_a_megabyte(connection: socket.socket, _: Any) -> None:
    many = b"".join(b"Set-Cookie: c%d=%s; Path=/\r\n" % (number, b"v" * 60_000) for number in range(20))
    connection.sendall(OK + many + b"Set-Cookie: small=kept; Path=/\r\nContent-Length: 0\r\n\r\n")


@misdeed
def gzip_bomb(connection: socket.socket, _: Any) -> None:
    _compressed(connection, b"gzip", BOMB)


@misdeed
def gzip_bomb_in_a_bomb(connection: socket.socket, _: Any) -> None:
    _compressed(connection, b"gzip, gzip", BOMB_IN_A_BOMB)


@misdeed
def gzip_that_is_none(connection: socket.socket, _: Any) -> None:
    _compressed(connection, b"gzip", b"not compressed at all")


def _compressed(connection: socket.socket, coding: bytes, body: bytes) -> None:
    connection.sendall(OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body)) + body)
