"""What may reach a terminal: text from elsewhere is shown, never obeyed."""

from __future__ import annotations


def clean(text: str) -> str:
    """``text`` on one line, with each character that is not printable as its escape (``\\x1b``).

    That is every control, format, unassigned and separating character but the space: format characters reorder or hide
    text ("Trojan Source", CVE-2021-42574), and some spaces pass for others.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def clean_lines(text: str) -> str:
    """As :func:`clean`, of a text of several lines."""
    return "\n".join(map(clean, text.splitlines()))


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
