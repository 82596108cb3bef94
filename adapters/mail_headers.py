"""A message out of an inbox: what its own server wrote of how it came, and what is in it."""

from __future__ import annotations

import ipaddress
import re
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parseaddr

from core.site import Mail

# What a server writes of whom it took a message from: `from HELO (NAME [ADDRESS])` (RFC 5321 §4.4).
_CAME = re.compile(r"\s*from\s+(?P<helo>[^\s()]{1,255})[^\[]{0,300}\[(?:IPv6:)?(?P<peer>[0-9A-Fa-f.:]{2,45})\]")
_WITHIN = [
    ipaddress.ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
]
_TO = ("Delivered-To", "X-Original-To", "To", "Cc")
_MOST_HOPS = 10


def mail_of(id_: str, raw: bytes) -> Mail:
    """``raw`` as an inbox has it. Whatever bytes came, it does not fail.

    The envelope is what the last server wrote down: Return-Path, Delivered-To, and of Received the first from the top
    with an address that is not the provider's own network.
    """
    # compat32 reads any bytes; the newer policies fail on some malformed headers.
    message = message_from_bytes(raw, policy=policy.compat32)
    peer, helo = _came(message)
    return Mail(
        id=id_,
        mail_from=parseaddr(str(message.get("Return-Path", "")))[1],
        to=_recipients(message),
        subject=str(message.get("Subject", "")),
        text=_text(message),
        headers=tuple((name, str(value)) for name, value in message.items()),
        raw=raw,
        received=str(message.get("Date", "")),
        peer=peer,
        helo=helo,
    )


def _came(message: Message) -> tuple[str, str]:
    for value in message.get_all("Received", [])[:_MOST_HOPS]:
        if found := _CAME.match(" ".join(str(value).split())):
            try:
                address = ipaddress.ip_address(found["peer"])
            except ValueError:
                continue
            if not any(address in network for network in _WITHIN):
                return str(address), found["helo"]
    return "", ""


def _recipients(message: Message) -> tuple[str, ...]:
    """Everybody it may be for, lower-case: who reads the inbox looks for one address."""
    values = [str(value) for name in _TO for value in message.get_all(name, [])]
    return tuple(dict.fromkeys(address.lower() for _name, address in getaddresses(values) if "@" in address))


def _text(message: Message) -> str:
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    plain = [part for part in parts if part.get_content_subtype() == "plain"]
    for part in (plain or parts)[:1]:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            try:
                return payload.decode(part.get_content_charset("utf-8"), "backslashreplace")
            except (LookupError, ValueError):
                return payload.decode("utf-8", "backslashreplace")
    return ""
