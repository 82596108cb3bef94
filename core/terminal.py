"""What may reach a terminal: text from elsewhere is shown, never obeyed."""

from __future__ import annotations

import unicodedata

# Format characters, which reorder or hide text ("Trojan Source", CVE-2021-42574), are of category Cf.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str) -> str:
    """``text`` on one line, with each control, format or unassigned character as its escape (``\\x1b``)."""
    return "".join(
        _escape(character) if unicodedata.category(character) in _UNSEEN else character for character in text
    )


def clean_lines(text: str) -> str:
    """As :func:`clean`, of a text of several lines."""
    return "\n".join(map(clean, text.splitlines()))


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
