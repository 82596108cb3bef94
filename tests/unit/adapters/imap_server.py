"""An IMAP server on loopback, over TLS, that says to each command what a good one does, or what a test has it say."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HOST = "localhost"
Say = Callable[[str, str], bytes]
"""Gives what is sent for a command's tag and words."""


@dataclass
class Box:
    """An inbox: raw messages by UID, and what is said otherwise than a good server would, by the command's word."""

    messages: dict[int, bytes] = field(default_factory=dict)
    password: str = "right"
    instead: dict[str, Say] = field(default_factory=dict)
    greeting: bytes = b"* OK ready\r\n"
    commands: list[str] = field(default_factory=list)

    def answer(self, tag: str, words: str) -> bytes:
        """What one command gets."""
        self.commands.append(words)
        word = words.split(" ")[1 if words.startswith("UID ") else 0].upper()
        if word in self.instead:
            return self.instead[word](tag, words)
        said = getattr(self, f"_{word.lower()}", lambda _words: b"")(words)
        if said is None:
            return f"{tag} NO [AUTHENTICATIONFAILED] no such user: {words}\r\n".encode()
        return bytes(said) + f"{tag} OK done\r\n".encode()

    def _capability(self, _words: str) -> bytes:
        return b"* CAPABILITY IMAP4rev1\r\n"

    def _login(self, words: str) -> bytes | None:
        return b"" if words.endswith(f'"{self.password}"') else None

    def _examine(self, _words: str) -> bytes:
        return f"* {len(self.messages)} EXISTS\r\n".encode()

    def _search(self, _words: str) -> bytes:
        return f"* SEARCH {' '.join(map(str, self.messages))}\r\n".encode()

    def _fetch(self, words: str) -> bytes:
        uids = [int(uid) for uid in re.findall(r"\d+", words.split(" ")[2])]
        if "SIZE" in words:
            return b"".join(
                f"* {uid} (UID {uid} RFC822.SIZE {len(self.messages[uid])})\r\n".replace(
                    f"* {uid} (", f"* {uid} FETCH ("
                ).encode()
                for uid in uids
            )
        return b"".join(
            f"* {uid} FETCH (UID {uid} BODY[] {{{len(self.messages[uid])}}}\r\n".encode()
            + self.messages[uid]
            + b")\r\n"
            for uid in uids
        )


@contextmanager
def serving(box: Box, folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """Serve ``box`` until the end of the context; gives the port, and the TLS context that trusts the server."""
    certificate, key = _certificate(folder)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = [listener]
    threading.Thread(target=lambda: _accept(listener, theirs, box, kept), daemon=True).start()
    try:
        yield listener.getsockname()[1], ssl.create_default_context(cafile=str(certificate))
    finally:
        for each in kept:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, box: Box, kept: list[socket.socket]) -> None:
    while True:
        try:
            plain, _peer = listener.accept()
        except OSError:
            return
        kept.append(plain)
        threading.Thread(target=lambda: _talk(plain, context, box), daemon=True).start()  # noqa: B023 - begun at once


def _talk(plain: socket.socket, context: ssl.SSLContext, box: Box) -> None:
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
        connection.sendall(box.greeting)
        for line in connection.makefile("r", encoding="utf-8", newline="\r\n"):
            tag, _, words = line.rstrip("\r\n").partition(" ")
            connection.sendall(box.answer(tag, words))


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, SHA256())
    )
    certificate, private = folder / "server.pem", folder / "server.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private
