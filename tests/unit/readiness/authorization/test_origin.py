"""Asking a host past its edge: bytes by a command of its shell, and requests that go out just as they are given."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bounded_http import Way
from adapters.origin import Origins, through
from adapters.visitor import HttpVisitor
from core.errors import CheckError, HostError
from core.settings.hosts import Fleet, Host


class _Turns:
    def wait(self, host: str) -> None:
        """At once."""


class _Process:
    """A command on this machine, used as a channel is."""

    def __init__(self, argv: list[str]) -> None:
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def recv(self, size: int) -> bytes:
        assert self._process.stdout
        return self._process.stdout.read(size) or b""

    def sendall(self, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(5)


class _Shell:
    """A host that is this machine; ``listen`` stands where its nginx's settings would."""

    def __init__(self, folder: str, listen: str) -> None:
        self._conf = f"{folder}/listen.conf"
        Path(self._conf).write_text(f"listen {listen} ssl default_server;\n")

    def stream(self, script: str, *, timeout: float) -> _Process:
        return _Process(["sh", "-c", script.replace("/etc/nginx/snippets/app-listen.conf", self._conf)])


class _Off:
    def stream(self, script: str, *, timeout: float) -> _Process:
        raise HostError("app-1 does not answer")


@pytest.fixture
def server() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps what it is sent and answers 200 to each request; its port, and what came."""
    came: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                came.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1], came
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


@pytest.mark.parametrize("listen", ["127.0.0.1:{}", "*:{}", "{}"])
def test_a_connection_goes_through_the_hosts_shell(server, tmp_path, listen) -> None:  # type: ignore[no-untyped-def]
    port, came = server
    shell = _Shell(str(tmp_path), listen.format(port))
    visitor = HttpVisitor(Way(through=lambda seconds: through(shell, seconds or 5)), _Turns())
    reply = visitor.ask("GET", "http://app.example.test/version")
    assert (reply.status, reply.body) == (200, b"ok")
    assert came[0].startswith(b"GET /version HTTP/1.1\r\n")
    assert b"Host: app.example.test\r\n" in came[0]


def test_a_host_that_is_off_is_no_answer() -> None:
    reply = HttpVisitor(Way(through=lambda seconds: through(_Off(), seconds or 5)), _Turns()).ask(
        "GET", "http://a.test/"
    )
    assert (reply.status, bool(reply.reason)) == (0, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/api/x"),
        ("GET", "//api//admin"),
        ("GET", "/api/../admin/./x"),
        ("GET", "/%61dmin/%2E%2E/x%2Fy"),
        ("GET", "/a?b=%41&c=../.."),
    ],
)
def test_method_and_path_go_out_as_they_are_given(server, method, path) -> None:  # type: ignore[no-untyped-def]
    port, came = server
    assert HttpVisitor(Way(), _Turns()).ask(method, f"http://127.0.0.1:{port}{path}").status == 200
    assert came[0].startswith(f"{method} {path} HTTP/1.1\r\n".encode())


def test_what_no_request_line_can_carry_is_escaped(server) -> None:  # type: ignore[no-untyped-def]
    port, came = server
    assert HttpVisitor(Way(), _Turns()).ask("GET", f"http://127.0.0.1:{port}/a b\u00e9").status == 200
    assert came[0].startswith(b"GET /a%20b%C3%A9 HTTP/1.1\r\n")


def test_a_host_that_the_stack_does_not_have_is_refused() -> None:
    fleet = Fleet((Host(name="app-1", address="127.0.0.1"),), None)
    with pytest.raises(CheckError, match="no host app-9"):
        Origins(fleet, {}, _Turns(), lambda: None).visitor("app-9")
