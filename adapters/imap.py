"""An inbox by IMAP over TLS (RFC 9051), read and never changed; bounded in time, messages and bytes."""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.inbox import poll
from adapters.mail_headers import mail_of
from core.errors import CheckError
from core.secret import Secret
from core.site import Mail
from core.terminal import clean

_SECONDS = 15.0
"""What one look may take."""
_LEAST_WAIT = 30.0
"""Seconds that mail from elsewhere is waited for, if it is waited for at all: it goes through queues and filters."""
_EVERY = 2.0
_MOST_MESSAGES = 50
_MOST_BYTES = 1024 * 1024
_MOST_IN_ALL = 16 * _MOST_BYTES
_BAD_ANSWER = (imaplib.IMAP4.error, OSError, ValueError)


@dataclass(frozen=True)
class Account:
    """Where to sign in. ``address`` is what arrives there, with ``+tag`` before the @ too."""

    host: str
    user: str
    password: Secret
    address: str
    port: int = 993


class ImapInbox:
    """Fulfils :class:`core.site.Mailbox`. Each look is a connection of its own, so threads may share it.

    ``context`` is TLS's, for an authority of one's own; the server's name is always checked.
    """

    def __init__(self, account: Account, context: ssl.SSLContext | None = None, seconds: float = _SECONDS) -> None:
        self._account, self._seconds = account, seconds
        self._context = context or ssl.create_default_context()

    def address(self, tag: str) -> str:
        """The account's own, with the tag."""
        local, _, domain = self._account.address.rpartition("@")
        return f"{local.partition('+')[0]}+{tag}@{domain}"

    def wait(self, address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """What came to ``address`` since yesterday. Raises :class:`CheckError` where the server cannot be used."""
        most = max(seconds, _LEAST_WAIT) if seconds else 0.0
        return poll(lambda: self._look(address, set(seen)), most, _EVERY)

    def _look(self, address: str, seen: set[str]) -> list[Mail]:
        try:
            with self._signed_in() as server:
                return [mail for mail in _new(server, seen) if address.lower() in mail.to]
        except _BAD_ANSWER as error:
            why = _told(error).replace(self._account.password.reveal(), "…")
            raise CheckError(
                f"the inbox at {self._account.host} cannot be read ({why}): see launch-ready:readiness.mailbox"
            ) from None

    @contextmanager
    def _signed_in(self) -> Iterator[imaplib.IMAP4]:
        account = self._account
        server = _Bounded(account.host, account.port, ssl_context=self._context, timeout=self._seconds)
        try:
            try:
                server.login(account.user, account.password.reveal())
            except imaplib.IMAP4.error:
                # The server's own words may have what was sent.
                raise ValueError("it does not let the user in") from None
            _ok(server.select("INBOX", readonly=True), "open INBOX")
            yield server
        finally:
            server.shutdown()


class _Bounded(imaplib.IMAP4_SSL):
    """A connection that ends when the server says too much, or says it too slowly."""

    def __init__(self, host: str, port: int, *, ssl_context: ssl.SSLContext, timeout: float) -> None:
        self._left, self._ends = _MOST_IN_ALL, time.monotonic() + timeout
        super().__init__(host, port, ssl_context=ssl_context, timeout=timeout)

    def open(self, host: str = "", port: int | None = 993, timeout: float | None = None) -> None:
        """Connect. The reader is ours: the library's waits for a whole line or literal, however slowly it comes."""
        super().open(host, port, timeout)
        self._reader = self.sock.makefile("rb")

    def read(self, size: int) -> bytes:
        """A literal of ``size`` bytes."""
        if size > _MOST_BYTES:
            raise self.abort(f"it sends {size} bytes at once")
        data = b""
        while len(data) < size and (piece := self._reader.read1(size - len(data))):
            data += self._counted(piece)
        return data

    def readline(self) -> bytes:
        """A line, with its end."""
        line = b""
        while not line.endswith(b"\n") and (ahead := self._reader.peek(1)):
            line += self._counted(self._reader.read(ahead.find(b"\n") + 1 or len(ahead)))
            if len(line) > _MOST_BYTES:
                raise self.abort("it sends a line without end")
        return line

    def shutdown(self) -> None:
        """End the connection."""
        self._reader.close()
        super().shutdown()

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0 or time.monotonic() > self._ends:
            raise self.abort("it sends without end")
        return data


def _new(server: imaplib.IMAP4, seen: set[str]) -> Iterator[Mail]:
    since = (datetime.now(UTC) - timedelta(days=1)).strftime("%d-%b-%Y")
    found = _ok(server.uid("SEARCH", "SINCE", since), "search")
    listed = b" ".join(part for part in found if isinstance(part, bytes)).decode("ascii", "replace").split()
    uids = [uid for uid in listed if uid.isdecimal() and uid not in seen][-_MOST_MESSAGES:]
    if not uids:
        return
    sizes = _sizes(_ok(server.uid("FETCH", ",".join(uids), "(UID RFC822.SIZE)"), "tell sizes"))
    for uid in uids:
        if sizes.get(uid, _MOST_BYTES + 1) > _MOST_BYTES:
            continue
        for part in _ok(server.uid("FETCH", uid, "(UID BODY.PEEK[])"), "give a message"):
            if isinstance(part, tuple) and len(part) == 2:
                yield mail_of(uid, part[1])


def _sizes(answers: Sequence[object]) -> dict[str, int]:
    """By UID, of ``1 (UID 7 RFC822.SIZE 1234)``, whichever comes first."""
    sizes = {}
    for answer in answers:
        line = answer if isinstance(answer, bytes) else b""
        uid, size = re.search(rb"\bUID (\d{1,10})\b", line), re.search(rb"\bRFC822\.SIZE (\d{1,15})\b", line)
        if uid and size:
            sizes[uid[1].decode()] = int(size[1])
    return sizes


def _ok(answer: tuple[str, Sequence[object]], what: str) -> Sequence[object]:
    status, data = answer
    if status != "OK":
        raise ValueError(f"it does not {what}")
    return data


def _told(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate does not hold"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return clean(str(error)[:120]) or type(error).__name__
