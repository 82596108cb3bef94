"""Who answered, and whether it was a refusal for asking too often. Pure."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from core.site import Reply


class Layer(StrEnum):
    """Who said it."""

    EDGE = "edge"
    APP = "app"


def layer(reply: Reply) -> Layer:
    """Every answer of the platform has ``X-Release`` (docs/artifact.md): what has none is the edge's own."""
    return Layer.APP if reply.header("X-Release") else Layer.EDGE


def refused(reply: Reply) -> bool:
    """Whether it is a refusal for asking too often: 429, or a challenge (Cloudflare: ``CF-Mitigated: challenge``)."""
    return reply.status == 429 or reply.header("CF-Mitigated").lower() == "challenge"


def challenged(reply: Reply) -> bool:
    """Whether a browser is asked to prove itself, rather than told to wait."""
    return reply.header("CF-Mitigated").lower() == "challenge"


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds that ``Retry-After`` says, as a number or a date (RFC 9110 section 10.2.3); None where it says none."""
    text = reply.header("Retry-After").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
