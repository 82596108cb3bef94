"""Mail: handed to the relay by SMTP, after the answer has gone out, so that no answer's time tells what was mailed."""

from __future__ import annotations

import asyncio
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from .problems import log
from .settings import Relay

RELAY_SECONDS = 10.0
# A relay that is away for a moment, or greylists, is asked again after so many seconds.
PAUSES = (0.0, 1.0, 5.0)


@dataclass(frozen=True)
class Letter:
    """What is mailed to one address. ``text`` is plain, and ends with what the reader may do if it was not them."""

    to: str
    subject: str
    text: str


class Mailer:
    """Sends through ``relay``. Its threads are its own: a relay that hangs holds up mail and nothing else."""

    def __init__(self, relay: Relay | None) -> None:
        self._relay = relay
        self._threads = ThreadPoolExecutor(2, "mail") if relay else None

    @property
    def sends(self) -> bool:
        """Whether there is a relay, and so whether addresses can be proven."""
        return self._relay is not None

    async def send(self, letter: Letter) -> None:
        """Hand it over. What fails is logged without address and text: whoever waits for it can ask again."""
        if self._relay is None or self._threads is None:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, _hand_over, self._relay, letter)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail: the relay did not take a message (%s)", type(error).__name__)


def compose(sender: str, letter: Letter) -> EmailMessage:
    """The message (RFC 5322), marked as sent by no person (RFC 3834): no out-of-office answers it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _hand_over(relay: Relay, letter: Letter) -> None:
    message = compose(relay.sender, letter)
    for last, pause in enumerate(PAUSES, 1 - len(PAUSES)):
        time.sleep(pause)
        try:
            with smtplib.SMTP(relay.host, relay.port, timeout=RELAY_SECONDS) as smtp:
                smtp.send_message(message, parseaddr(relay.sender)[1], [letter.to])
        except (OSError, smtplib.SMTPException) as error:
            if last == 0 or _final(error):
                raise
        else:
            return


def _final(error: Exception) -> bool:
    """Whether the relay refused for good (a 5yz reply, RFC 5321 section 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
