"""A release of a few hundred bytes, so that tests of releasing depend on no app: Python's own web server."""

from __future__ import annotations

import gzip
import io
import tarfile
import textwrap
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from deploy.artifact import Artifact, open_artifact

APP = """\
import os, socket, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import time

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = {answers}.get(self.path, (200, ""))
        if self.path != "/healthz":
            print("asked for", self.path, flush=True)
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.removeprefix("/slow/")))
        self.send_response(status)
        self.send_header("X-Release", os.environ["APP_VERSION"])
        self.send_header("X-Colour", os.environ["APP_COLOUR"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body.encode())
    def address_string(self):
        return "unix"
    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    address_family = socket.AF_UNIX
    def server_bind(self):
        self.socket.bind(self.server_address)
        os.chmod(self.server_address, 0o770)

print("starting with postgresql://app:hunter22@db/community", file=sys.stderr, flush=True)
Server(os.environ["APP_SOCKET"], Handler).serve_forever()
"""


def build(
    folder: Path,
    version: str,
    *,
    health: int = 200,
    extra: str = "",
    migrate: str = "",
    files: Mapping[str, str | bytes | PurePosixPath] | None = None,
    answers: Mapping[str, tuple[int, str]] | None = None,
) -> Artifact:
    """A tiny release: a web server of Python's own on a Unix socket, and ``files`` beside it; a path is a link.

    ``answers`` has the status and the body of paths.
    """
    manifest = textwrap.dedent(
        f"""\
        name = "tiny"
        version = "{version}"
        command = ["python3", "serve.py"]
        health_path = "/healthz"
        environment = ["DATABASE_URL"]
        """
    )
    if migrate:
        manifest += f'[migrations]\ncommand = ["sh", "-c", {migrate!r}]\n'
    known = {"/healthz": (health, "")} | dict(answers or {})
    serve = APP.replace("{answers}", repr(known))
    members = {"release.toml": manifest + extra, "serve.py": serve, **(files or {})}
    path = folder / f"tiny-{version}-{health}.tar.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, given in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(given, PurePosixPath):
                info.type, info.linkname = tarfile.SYMTYPE, str(given)
                tar.addfile(info)
                continue
            content = given.encode() if isinstance(given, str) else given
            info.size = len(content)
            info.mode = 0o775 if content.startswith(b"#!") else 0o600
            tar.addfile(info, io.BytesIO(content))
    return open_artifact(path)
