"""The machine that receives everybody's mail: SMTP in, JSON out.

``GET /messages`` (``?to=address`` for one recipient) lists, ``DELETE /messages`` forgets. Each message has what its
receiver knows of how it came: ``peer``, the address that SPF is evaluated for, ``helo``, ``mail_from``, and
``raw_base64``, byte for byte.
"""

from __future__ import annotations

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.mail.message import describe
from lab.place import MAIL_STANDS_FOR, REFUSED_DOMAIN
from lab.sink.shelf import Shelf

MESSAGES = "/messages"
MAX_MESSAGE = 2**20
"""Bytes that a mail may have when it is submitted; a longer one is refused with 552."""
_ADDED = 2**14
"""Bytes more for what relays add to it."""
NULL_SENDER = "<>"
"""What aiosmtpd makes of ``MAIL FROM:<>``."""


class Exchanger:
    """aiosmtpd's handler: it puts each mail on a shelf, and refuses what is for :data:`REFUSED_DOMAIN`.

    Mail that comes from ``source`` came from the relay, which stands for :data:`MAIL_STANDS_FOR`.
    """

    def __init__(self, shelf: Shelf, source: str) -> None:
        self._shelf, self._source = shelf, source

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient; called by aiosmtpd."""
        if address.rpartition("@")[2].lower() == REFUSED_DOMAIN:
            return "550 5.1.1 nobody here has that address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take the mail; called by aiosmtpd at the end of DATA."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        address = session.peer[0] if session.peer else ""
        came = {
            "peer": MAIL_STANDS_FOR if address == self._source else address,
            "helo": session.host_name or "",
        }
        self._shelf.put(describe(sender_of(envelope), envelope.rcpt_tos, content) | came)
        return "250 2.0.0 kept in the lab"


def sender_of(envelope: Envelope) -> str:
    """The envelope's sender, "" for the null one (RFC 5321 §4.5.5)."""
    return "" if envelope.mail_from in (None, NULL_SENDER) else str(envelope.mail_from)


def exchanger_session(shelf: Shelf, source: str) -> SMTP:
    """A new connection's protocol."""
    # The name is given, or aiosmtpd asks the machine's resolver for one.
    return SMTP(
        Exchanger(shelf, source),
        hostname="mx.lab.test",
        data_size_limit=MAX_MESSAGE + _ADDED,
        enable_SMTPUTF8=True,
    )


def application(shelf: Shelf) -> web.Application:
    """The HTTP list of what is on ``shelf``."""

    async def listing(request: web.Request) -> web.Response:
        wanted = request.query.get("to", "").lower()
        return web.json_response(
            [
                message
                for message in shelf.items()
                if not wanted or wanted in (address.lower() for address in message["rcpt_tos"])
            ]
        )

    async def forget(_request: web.Request) -> web.Response:
        shelf.clear()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get(MESSAGES, listing)
    app.router.add_delete(MESSAGES, forget)
    return app
