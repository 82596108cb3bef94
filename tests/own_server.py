"""A server of a test's own, which answers as the test has it.

class Pages(Answering):
    def do_GET(self):
        self.answer(200, b"here")

with served(Pages) as url:
    …
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Answering(BaseHTTPRequestHandler):
    """Says nothing of its requests on standard error."""

    def body(self) -> bytes:
        """What the request carries."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, body: bytes = b"", *fields: tuple[str, str]) -> None:
        """Answer with ``body``, and its length among the header fields unless that is one of them."""
        self.send_response(status)
        names = {name.lower() for name, _ in fields}
        for name, value in (*fields, *([] if "content-length" in names else [("Content-Length", str(len(body)))])):
            self.send_header(name, value)
        self.end_headers()
        # A client that has heard enough is no fault of the test's.
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(body)

    def answer_json(self, status: int, document: Any) -> None:
        """Answer with ``document`` as JSON."""
        self.answer(status, json.dumps(document).encode(), ("Content-Type", "application/json"))

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@contextmanager
def served(
    handler: type[BaseHTTPRequestHandler],
    address: str = "127.0.0.1",
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[str]:
    """Serve on a free port until the block is left; its base address. With a certificate and its key, by TLS."""
    server = ThreadingHTTPServer((address, 0), handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        # Shaken hands by the thread of the connection: nobody else waits for a client that does not.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
