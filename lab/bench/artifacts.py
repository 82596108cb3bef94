"""What the bench releases: the lab's app, and a release so small that all that is measured is the way there.

Neither has migrations: the floor has none.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

from core.pack import pack

_SERVER = """\
import os, socket

server = socket.socket(socket.AF_UNIX)
server.bind(os.environ["APP_SOCKET"])
os.chmod(os.environ["APP_SOCKET"], 0o770)
server.listen(64)
answer = "HTTP/1.1 200 OK\\r\\nX-Release: %s\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"
while True:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            while b"\\r\\n\\r\\n" not in connection.recv(65536):
                pass
            connection.sendall((answer % os.environ["APP_VERSION"]).encode())
        except OSError:
            continue
"""
_MANIFEST = """\
name = "small"
version = "{version}"
command = ["python3", "-S", "-E", "serve.py"]
health_path = "/healthz"
environment = ["DATABASE_URL"]
"""


def small(folder: Path, version: str) -> Path:
    """A release of a few hundred bytes that starts at once."""
    target = folder / f"small-{version}.tar.gz"
    with tempfile.TemporaryDirectory() as name:
        staged = Path(name)
        (staged / "release.toml").write_text(_MANIFEST.format(version=version), encoding="utf-8")
        (staged / "serve.py").write_text(_SERVER, encoding="utf-8")
        pack(staged, target)
    return target


def renamed(artifact: Path, folder: Path, version: str) -> Path:
    """The lab's app of ``artifact`` under a version that no host has yet."""
    target = folder / f"app-{version}.tar.gz"
    with tarfile.open(artifact) as source, tarfile.open(target, "w:gz") as made:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            if content and member.name.removeprefix("./") == "release.toml":
                data = _manifest(content.read().decode(), version).encode()
                member.size = len(data)
                made.addfile(member, io.BytesIO(data))
            else:
                made.addfile(member, content)
    return target


def _manifest(text: str, version: str) -> str:
    kept = text.replace('"2.0.0"', f'"{version}"')
    head, _, rest = kept.partition("[migrations]")
    _, _, schema = rest.partition("\n\n")
    return head + schema
