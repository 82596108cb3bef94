"""SMTP in, JSON out. ``GET /messages`` (``?to=address`` for one recipient) lists, ``DELETE /messages`` forgets."""

from __future__ import annotations

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.mail.message import describe
from lab.sink.shelf import Shelf

MESSAGES = "/messages"
MAX_MESSAGE = 2**20
"""Bytes; a longer mail is refused with 552."""


class Recorder:
    """aiosmtpd's handler: it puts each mail on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take the mail; called by aiosmtpd at the end of DATA."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._shelf.put(describe(envelope.mail_from or "", envelope.rcpt_tos, content))
        return "250 2.0.0 kept in the lab"


def smtp_session(shelf: Shelf) -> SMTP:
    """A new connection's protocol."""
    # The name is given, or aiosmtpd asks the machine's resolver for one.
    return SMTP(Recorder(shelf), hostname="mail.lab.test", data_size_limit=MAX_MESSAGE, enable_SMTPUTF8=True)


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
