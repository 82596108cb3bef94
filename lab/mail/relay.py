"""The relay: it takes the hosts' mail, signs it, delivers it, and says so to the sender where it cannot."""

from __future__ import annotations

import asyncio
import logging
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate

from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.mail.bounce import bounce
from lab.mail.exchanger import MAX_MESSAGE, sender_of
from lab.mail.signing import Signer, whole_lines
from lab.place import MAIL_NAME

_SECONDS = 10.0
_log = logging.getLogger(__name__)

Refusals = Mapping[str, tuple[int, bytes]]
"""The SMTP code and text with which each recipient was refused."""


@dataclass(frozen=True)
class Relay:
    """aiosmtpd's handler. It delivers before it answers, so a message that it took is there, or came back.

    ``exchanger`` is where all mail goes, ``source`` the address that it goes from.
    """

    exchanger: tuple[str, int]
    source: str
    signer: Signer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take the mail, or leave it with who has it; called by aiosmtpd at the end of DATA."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = _received(session) + whole_lines(content)
        return await asyncio.to_thread(
            self.forward, sender_of(envelope), tuple(envelope.rcpt_tos), message, utf8=envelope.smtp_utf8
        )

    def forward(self, sender: str, recipients: Sequence[str], message: bytes, *, utf8: bool = False) -> str:
        """Sign and deliver; what is refused goes back to ``sender`` (RFC 5321 §6.1). Returns the answer to DATA."""
        signed = self.signer.signed(message)
        try:
            refused = self._deliver(sender, recipients, signed, utf8=utf8)
            if refused and sender:
                # From nobody, so that no answer to it can go round for ever.
                self._deliver("", [sender], whole_lines(bounce(sender, refused, signed)), utf8=utf8)
        except (OSError, smtplib.SMTPException) as error:
            _log.warning("not delivered, to be tried again: %s", error)
            return "451 4.4.1 it cannot be delivered now"
        return "250 2.0.0 delivered" if not refused else "250 2.0.0 taken"

    def _deliver(self, sender: str, recipients: Sequence[str], message: bytes, *, utf8: bool) -> Refusals:
        address, port = self.exchanger
        with smtplib.SMTP(
            address, port, local_hostname=MAIL_NAME, timeout=_SECONDS, source_address=(self.source, 0)
        ) as client:
            try:
                return client.sendmail(sender, recipients, message, ["BODY=8BITMIME", *["SMTPUTF8"] * utf8])
            except smtplib.SMTPRecipientsRefused as error:
                return error.recipients
            except smtplib.SMTPDataError as error:
                return dict.fromkeys(recipients, (error.smtp_code, _bytes(error.smtp_error)))


def relay_session(relay: Relay) -> SMTP:
    """A new connection's protocol."""
    return SMTP(relay, hostname=MAIL_NAME, data_size_limit=MAX_MESSAGE, enable_SMTPUTF8=True)


def _received(session: Session) -> bytes:
    """The trace that whoever passes a message on puts before it (RFC 5321 §4.4)."""
    address = session.peer[0] if session.peer else "unknown"
    return f"Received: from [{address}] by {MAIL_NAME} with ESMTP; {formatdate()}\r\n".encode()


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
