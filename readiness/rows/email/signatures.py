"""The DKIM signatures of a message, verified by dkimpy with the keys that our resolver finds."""

from __future__ import annotations

from dataclasses import dataclass

import dkim

from readiness.rows.email.names import Names

_MOST_SIGNATURES = 5
"""RFC 6376 §6.1 lets a verifier stop somewhere: each costs a question and a hash of the whole message."""
# dkimpy lets out what its parsers raise for headers and fields that make no sense.
_UNREADABLE = (dkim.DKIMException, ValueError, ArithmeticError, LookupError, TypeError)


@dataclass(frozen=True)
class Signature:
    """One of them: whether it is good, and if not, why. ``signed`` are the names of the headers that it covers."""

    domain: str
    selector: str
    algorithm: str
    signed: tuple[str, ...]
    good: bool
    why: str


def verify(names: Names, raw: bytes) -> list[Signature]:
    """The first five, from the top. Raises :class:`core.errors.CheckError` where DNS did not say what a key is."""
    try:
        message = dkim.DKIM(raw, logger=_Log())
    except _UNREADABLE as error:
        return [Signature("", "", "", (), False, f"the message cannot be read: {error}")]
    count = sum(name.lower() == b"dkim-signature" for name, _value in message.headers)
    return [_one(names, raw, index) for index in range(min(count, _MOST_SIGNATURES))]


def _one(names: Names, raw: bytes, index: int) -> Signature:
    log = _Log()
    message = dkim.DKIM(raw, logger=log)

    def key(name: bytes, timeout: float = 5) -> bytes | None:  # noqa: ARG001 - dkimpy's protocol
        # A name that is no text has no key.
        records = names.records(name.decode("ascii", "replace").rstrip("."), "TXT")
        return records[0].encode() if records else None

    try:
        good, why = bool(message.verify(index, dnsfunc=key)), log.why or "the signature is not that of this message"
    except _UNREADABLE as error:
        good, why = False, str(error)
    fields = getattr(message, "signature_fields", {})
    signed = tuple(name.decode("ascii", "replace") for name in getattr(message, "include_headers", ()))
    domain, selector, algorithm = (fields.get(tag, b"").decode("ascii", "replace") for tag in (b"d", b"s", b"a"))
    if good and b"l" in fields:
        good, why = False, "it covers only a part of the body (l=), to which anybody can add"
    return Signature(domain, selector, algorithm, signed, good, "" if good else why)


class _Log:
    """What dkimpy says of a key that it cannot use, where it only answers no."""

    def __init__(self) -> None:
        self.why = ""

    def debug(self, _text: object) -> None:
        """Of no interest."""

    def error(self, text: object) -> None:
        """Why not."""
        self.why = str(text)
