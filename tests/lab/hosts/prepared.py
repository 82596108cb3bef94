"""One real host with two releases of a server that waits, streams, echoes and tells what it was given."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass

from lab.hosts import api
from lab.place import HTTPS_PORT, SSH_PORT, Place

NAME = "app-1"

APP = """\
import asyncio, os, signal

VERSION = os.environ["APP_VERSION"]

def answer(body, more=""):
    head = f"HTTP/1.1 200 OK\\r\\nX-Release: {VERSION}\\r\\nContent-Length: {len(body)}\\r\\n{more}\\r\\n"
    return head.encode() + body

open_now = 0

async def serve(reader, writer):
    global open_now
    open_now += 1
    try:
        head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode("latin-1")
        path, lines = head.split()[1], head.lower().split("\\r\\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if fields.get("upgrade") == "websocket":
            more = "Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n"
            writer.write(b"HTTP/1.1 101 Switching Protocols\\r\\n" + more.encode())
            while data := await reader.read(100):
                writer.write(VERSION.encode() + b" " + data)
        elif path == "/events":
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\ndata: 1\\n\\n")
            await reader.read()
        elif path == "/upload":
            body = await reader.readexactly(int(fields["content-length"]))
            writer.write(answer(str(len(body)).encode()))
        elif path.startswith("/wait/"):
            await asyncio.sleep(float(path.rpartition("/")[2]))
            writer.write(answer(b"waited"))
        elif path.startswith("/credential/"):
            folder = os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")
            try:
                writer.write(answer(open(folder + "/" + path.rpartition("/")[2], "rb").read()))
            except OSError as error:
                writer.write(answer(type(error).__name__.encode()))
        else:
            writer.write(answer(fields.get("connection", "").encode()))
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        open_now -= 1
        writer.close()

async def main():
    path = os.environ["APP_SOCKET"]
    # As servers do that never want to be seen before they listen: accepted sockets keep the first name.
    server = await asyncio.start_unix_server(serve, path + ".new")
    os.chmod(path + ".new", 0o770)
    os.rename(path + ".new", path)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await ending.wait()
    server.close()
    if open_now:
        await asyncio.sleep(2)

asyncio.run(main())
"""

_INSTALL = """
set -eu
for pair in blue:1.0.0 green:2.0.0; do
    colour=${pair%:*} version=${pair#*:}
    folder=/srv/app/releases/$version
    mkdir -p $folder/.launch
    printf '%s' "$app" >$folder/serve.py
    printf '#!/bin/sh\\nexport APP_VERSION=%s\\nexec python3 serve.py\\n' $version >$folder/.launch/run
    chmod 0755 $folder/.launch/run
    printf '{"version":"%s","digest":"d","health_path":"/healthz"}\\n' $version >$folder/.launch/release.json
    ln -sfn ../releases/$version /srv/app/slots/$colour
    systemctl restart app@$colour.service
done
chown -R -h deploy:deploy /srv/app
for colour in blue green; do
    until [ -S /run/app/$colour.sock ]; do sleep 0.02; done
done
ln -sfn slots/blue /srv/app/live
ln -sfn blue.sock /run/app/current.new
mv -T /run/app/current.new /run/app/current.sock
chown -h deploy:deploy /run/app/current.sock
"""


@dataclass(frozen=True)
class Prepared:
    """The host, asked from outside over TLS, and told things as root or as the releaser."""

    place: Place

    @property
    def address(self) -> str:
        """Where nginx and sshd answer."""
        return self.place.host(1)

    def install(self) -> None:
        """Both releases up, blue (1.0.0) live."""
        self.root(f"app=$(cat)\n{_INSTALL}", APP)

    def root(self, script: str, stdin: str = "") -> str:
        """Run a script as root; what it said."""
        done = api.shell(self.place, NAME, ["sh", "-c", script], stdin, 120)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def deploy(self, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as the releaser, over SSH."""
        ssh = ["ssh", "-F", "none", "-p", str(SSH_PORT), "-i", f"{self.place.home}/ssh/deploy", "-o", "BatchMode=yes"]
        ssh += ["-o", f"UserKnownHostsFile={self.place.home}/ssh/known_hosts", f"deploy@{self.address}", command]
        return subprocess.run(ssh, input=stdin, capture_output=True, text=True, timeout=60)

    def connect(self, source: str = "") -> ssl.SSLSocket:
        """A TLS connection to nginx, from ``source`` if given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((self.address, HTTPS_PORT), 15, (source, 0) if source else None)
        return context.wrap_socket(plain, server_hostname="app.community.test")

    def request(
        self, path: str, method: str = "GET", source: str = "", **fields: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """One request on a connection of its own: status, body, fields."""
        with self.connect(source) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: app.community.test\r\n{lines}\r\n".encode())
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            return response.status, response.read().decode(), response.headers

    def point(self, link: str, target: str) -> None:
        """Move one of nginx's links, as the releaser may."""
        done = self.deploy(
            f"ln -sfn {target}.sock /run/app/{link}.new && mv -T /run/app/{link}.new /run/app/{link}.sock"
        )
        assert done.returncode == 0, done.stderr

    def in_flight(self, colour: str) -> int:
        """What the tool counts, asked as the releaser."""
        done = self.deploy(f"sudo -n /usr/local/lib/app/in-flight {colour}")
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def settles(self, colour: str, count: int) -> int:
        """What it counts once it counts ``count``, or after three seconds."""
        deadline = time.monotonic() + 3
        while (found := self.in_flight(colour)) != count and time.monotonic() < deadline:
            time.sleep(0.05)
        return found
