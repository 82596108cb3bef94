"""Faults of the mail that the app sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.utils import parseaddr
from smtplib import SMTP

from .. import mail
from ..mail import Letter
from ..settings import Relay
from .seeding import Fault, instead

FAULTS = (
    Fault(
        "mail-past-the-relay", "email.message-signed", "email", "mail goes to its receiver unsigned, not by the relay"
    ),
    Fault("mail-from-elsewhere", "email.message-spf", "email", "mail is sent as another domain, whose SPF is not ours"),
    Fault(
        "mail-from-not-aligned", "email.message-aligned", "email", "From is of a name under the zone, DMARC is strict"
    ),
    Fault("mail-without-id", "email.message-form", "email", "mail has no Message-ID"),
    Fault("mail-without-return-path", "email.bounces", "email", "mail is sent as nobody, so no bounce comes back"),
)
# In the lab, everybody's receiver is the relay's next port.
_RECEIVER = 1


@instead("mail-past-the-relay", mail._hand_over)
def _past_the_relay(honest: Callable[[Relay, Letter], None], relay: Relay, letter: Letter) -> None:
    honest(replace(relay, port=relay.port + _RECEIVER), letter)


@instead("mail-from-elsewhere", mail._hand_over)
def _as_another(_honest: Callable[[Relay, Letter], None], relay: Relay, letter: Letter) -> None:
    # A domain whose SPF record lets nobody send.
    _send(relay, letter, "bounces@comunity.test")


@instead("mail-without-return-path", mail._hand_over)
def _as_nobody(_honest: Callable[[Relay, Letter], None], relay: Relay, letter: Letter) -> None:
    _send(relay, letter, "<>")


@instead("mail-from-not-aligned", mail.compose)
def _not_aligned(honest: Callable[[str, Letter], EmailMessage], sender: str, letter: Letter) -> EmailMessage:
    message = honest(sender, letter)
    local, _, domain = parseaddr(sender)[1].rpartition("@")
    message.replace_header("From", f"{local}@news.{domain}")
    return message


@instead("mail-without-id", mail.compose)
def _without_id(honest: Callable[[str, Letter], EmailMessage], sender: str, letter: Letter) -> EmailMessage:
    message = honest(sender, letter)
    del message["Message-ID"]
    return message


def _send(relay: Relay, letter: Letter, envelope: str) -> None:
    with SMTP(relay.host, relay.port, timeout=mail.RELAY_SECONDS) as smtp:
        smtp.send_message(mail.compose(relay.sender, letter), envelope, [letter.to])
