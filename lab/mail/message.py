"""A mail as the list shows it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any


def describe(sender: str, recipients: Sequence[str], content: bytes) -> dict[str, Any]:
    """The envelope, headers and text of the mail ``content``, as JSON. Whatever bytes came, it does not fail.

    ``text`` is the first text/plain part, else the first text part of another kind; ``raw`` is all of it as text,
    ``raw_base64`` byte for byte, as a signature is checked.
    """
    # compat32 reads any bytes; the newer policies fail on some malformed headers.
    message = message_from_bytes(content, policy=policy.compat32)
    return {
        "mail_from": sender,
        "rcpt_tos": list(recipients),
        "subject": _readable(str(message.get("Subject", ""))),
        "headers": [[name, _readable(str(value))] for name, value in message.items()],
        "text": _text(message),
        "raw": content.decode("utf-8", "backslashreplace"),
        "raw_base64": base64.b64encode(content).decode("ascii"),
    }


def _readable(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) decoded where that can be done."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value.encode("utf-8", "backslashreplace").decode()


def _text(message: Message) -> str:
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    plain = [part for part in parts if part.get_content_subtype() == "plain"]
    return _decoded((plain or parts)[0]) if parts else ""


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "backslashreplace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "backslashreplace")
