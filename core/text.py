"""What a text is made of."""

from __future__ import annotations


def has_half_pairs(text: str) -> bool:
    """Whether it holds half of a surrogate pair: JSON and Python can have one, and UTF-8 cannot (RFC 3629 §3)."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
