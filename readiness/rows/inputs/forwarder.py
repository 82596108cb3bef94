"""A server on loopback that hands what schemathesis asks to the platform, as somebody who is signed in.

schemathesis knows of no lab's addresses, authorities and paces, and no session of ours need stand in its arguments.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.site import Reply

MOST_BODY = 256 * 1024
SLOW = 3.0
_TEXT = (("Content-Type", "text/plain"),)
_KEPT_BACK = ("host", "connection", "content-length", "cookie", "user-agent", "accept-encoding", "transfer-encoding")
_TOLD = ("content-type", "retry-after", "allow", "location", "www-authenticate", "cache-control")
Ask = Callable[[str, str, dict[str, str], bytes], Reply]


@dataclass(frozen=True)
class Asked:
    """One request that was passed on, and its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    reply: Reply = field(repr=False)


@dataclass
class Forwarder:
    """``most`` requests are passed on by ``ask``, which threads share; those beyond are answered 429 and counted."""

    ask: Ask
    most: int
    asked: list[Asked] = field(default_factory=list)
    beyond: int = 0
    unsent: int = 0
    """Requests that no client can send as they were meant, such as a header with a line break."""
    passed: int = 0
    lasting: dict[tuple[str, str], Reply] = field(default_factory=dict)
    """What streams without an end, or takes its time, by method and path: it is asked once."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """What the platform says; 504 where it says nothing in time, 400 where the request cannot be sent."""
        kind = (method, path.partition("?")[0])
        with self.lock:
            if known := self.lasting.get(kind):
                return known
            if self.passed >= self.most:
                self.beyond += 1
                return Reply(429, (("Retry-After", "60"),))
            self.passed += 1
        reply = self.ask(method, path, headers, body)
        late = not reply.status and "no answer within" in reply.reason
        if not reply.status:
            reply = Reply(504 if late else 400, _TEXT, reply.reason.encode(), reply.seconds)
            if not late:
                with self.lock:
                    self.unsent += 1
                    self.passed -= 1
                return reply
        with self.lock:
            if reply.cut or reply.seconds > SLOW:
                self.lasting[kind] = reply
            self.asked.append(Asked(method, path, headers, body, reply))
        return reply


@contextmanager
def serving(forwarder: Forwarder) -> Iterator[str]:
    """``http://127.0.0.1:PORT`` of a server that asks ``forwarder``, until the block ends."""
    handler = type("Handler", (_Handler,), {"forwarder": forwarder})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has left, and nobody is there to be told."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    forwarder: Forwarder

    def __getattr__(self, name: str) -> Any:
        # Every method there is, and every one that a fuzzer makes up.
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Says nothing."""

    def _pass_on(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), MOST_BODY)) if length.isdecimal() else b""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _KEPT_BACK}
        reply = self.forwarder.answer(self.command, self.path, headers, body)
        content = b"" if self.command == "HEAD" else reply.body
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            if name.lower() in _TOLD:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
