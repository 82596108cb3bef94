"""Literals of the rules language, read off a text from left to right.

There are no tokens apart from the grammar: what ``61:62`` is depends on the type of the field on its left (two bytes,
or an address), so that the parser asks for what it expects. This is how Cloudflare's own parser (wirefilter) works.
"""

from __future__ import annotations

import ipaddress
import re

from edge.syntax import Address, ExpressionError, Span

# Tabs are no space to Cloudflare, except at both ends.
_SPACE = re.compile(r"[ \r\n]*")
_NAME = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BYTE_STRING = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
_RAW = re.compile(r'r(#*)"')
_ESCAPE = re.compile(r'\\(?:(["\\])|x([0-9A-Fa-f]{2})|([0-7]{3}))')
_LIST = re.compile(r"\$[a-z0-9_](?:[a-z0-9_.]*[a-z0-9_])?")
_PREFIX = re.compile(r"/([0-9]+)")
_INDEX = re.compile(r"0x[0-9A-Fa-f]+|[0-9]+")
_MAX_HASHES = 255
_INT64 = 1 << 63


class Scanner:
    """A text and the place in it. Every method that fails raises :class:`ExpressionError` with that place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def fail(self, reason: str) -> ExpressionError:
        """The error to raise for what stands here."""
        return ExpressionError(reason, self.position + 1)

    def skip_space(self) -> None:
        """Go past spaces and line ends."""
        if found := _SPACE.match(self.text, self.position):
            self.position = found.end()

    def at_end(self) -> bool:
        """Whether all of the text was read."""
        return self.position >= len(self.text)

    def rest(self) -> str:
        """What was not read yet."""
        return self.text[self.position :]

    def sees(self, literal: str) -> bool:
        """Whether ``literal`` stands here."""
        return self.text.startswith(literal, self.position)

    def take(self, literal: str) -> bool:
        """Go past ``literal`` if it stands here, and say whether it did."""
        if not self.sees(literal):
            return False
        self.position += len(literal)
        return True

    def expect(self, literal: str) -> None:
        """Go past ``literal``, which has to stand here."""
        if not self.take(literal):
            raise self.fail(f"expected {literal!r}")

    def peek_name(self) -> str:
        """The name of a field or a function that stands here, or nothing."""
        return self._peek(_NAME)

    def name(self) -> str:
        """The name of a field or a function."""
        return self._read(_NAME, "expected the name of a field or a function")

    def list_name(self) -> str:
        """The name of a list, which follows a ``$``."""
        return self._read(_LIST, "expected a list's name in lower case after '$'").removeprefix("$")

    def array_index(self) -> int:
        """A number from 0 that fits into 32 bits."""
        start = self.position
        text = self._read(_INDEX, "expected '*', a number from 0 or a quoted key")
        base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
        try:
            value = int(text, base)
        except ValueError:
            value = -1
        if not 0 <= value < 1 << 32:
            self.position = start
            raise self.fail(f"{text} is not an index")
        return value

    def integer(self) -> int:
        """A signed 64-bit number: decimal, hexadecimal after ``0x`` or octal after ``0``."""
        start = self.position
        if self.take("0x"):
            base, negative = 16, False
        elif self.sees("0"):
            base, negative = 8, False
        else:
            base, negative = 10, self.take("-")
        digits = self._read(_HEX, "expected a number")
        try:
            value = -int(digits, base) if negative else int(digits, base)
        except ValueError:
            value = _INT64
        if not -_INT64 <= value < _INT64:
            self.position = start
            raise self.fail("this is not a number of 64 bits in decimal, hexadecimal (0x…) or octal (0…)")
        return value

    def address(self) -> Address:
        """An IP address."""
        start = self.position
        text = self._read(_ADDRESS, "expected an IP address")
        try:
            return ipaddress.ip_address(text)
        except ValueError:
            self.position = start
            raise self.fail(f"{text!r} is not an IP address") from None

    def address_span(self) -> Span:
        """An address, a range ``first..last`` or a CIDR block whose host part is zero."""
        start = self.position
        text = self._read(_ADDRESS, "expected an IP address")
        prefix = self._peek(_PREFIX)
        self.position += len(prefix)
        try:
            span = _span(text, prefix)
        except ValueError as error:
            self.position = start
            raise self.fail(f"{error}") from None
        return span

    def integer_span(self) -> Span:
        """A number or a range ``first..last``."""
        start = self.position
        first = self.integer()
        last = self.integer() if self.take("..") else first
        if last < first:
            self.position = start
            raise self.fail(f"the range {first}..{last} ends before it begins")
        return Span(first, last)

    def string(self) -> bytes:
        """A quoted string, a raw string, or bytes in hexadecimal such as ``61:62``."""
        if self.sees('"'):
            return self.quoted()
        if self.sees("r"):
            return self.raw()
        text = self._read(_BYTE_STRING, 'expected a string: "…", r"…" or bytes such as 61:62')
        return bytes.fromhex(text.replace(":", ""))

    def quoted(self) -> bytes:
        """A string in quotes, in which ``\\"``, ``\\\\``, ``\\xHH`` and ``\\OOO`` (octal) are escapes."""
        self.expect('"')
        value = bytearray()
        while not self.take('"'):
            if self.sees("\\"):
                value += self._escape()
            else:
                value += self._character().encode("utf-8", "surrogatepass")
        return bytes(value)

    def raw(self) -> bytes:
        """A string such as ``r#"…"#``, in which nothing is an escape."""
        found = _RAW.match(self.text, self.position)
        if not found or len(found[1]) > _MAX_HASHES:
            raise self.fail('expected r"…" with at most 255 signs # on each side')
        end = self.text.find(f'"{found[1]}', found.end())
        if end < 0:
            raise self.fail("the string has no end")
        self.position = end + 1 + len(found[1])
        return self.text[found.end() : end].encode("utf-8", "surrogatepass")

    def pattern(self) -> str:
        """A regular expression, raw or in quotes. In quotes only ``\\"`` is an escape; ``["]`` needs none."""
        if self.sees("r"):
            return self.raw().decode("utf-8", "surrogatepass")
        self.expect('"')
        kept: list[str] = []
        in_class = False
        while in_class or not self.take('"'):
            character = self._character()
            if character == "\\":
                character = self._character()
                kept.append(character if character == '"' and not in_class else f"\\{character}")
                continue
            in_class = character == "[" or (in_class and character != "]")
            kept.append(character)
        return "".join(kept)

    def _escape(self) -> bytes:
        found = _ESCAPE.match(self.text, self.position)
        value = -1
        if found:
            value = ord(found[1]) if found[1] else int(found[2], 16) if found[2] else int(found[3], 8)
        if not found or not 0 <= value <= 0xFF:
            raise self.fail('after \\ may stand ", \\, xHH or OOO (octal, up to 377)')
        self.position = found.end()
        return bytes([value])

    def _character(self) -> str:
        if self.at_end():
            raise self.fail("the string has no end")
        self.position += 1
        return self.text[self.position - 1]

    def _peek(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        return found[0] if found else ""

    def _read(self, pattern: re.Pattern[str], reason: str) -> str:
        text = self._peek(pattern)
        if not text:
            raise self.fail(reason)
        self.position += len(text)
        return text


def _span(text: str, prefix: str) -> Span:
    if prefix:
        network = ipaddress.ip_network(text + prefix)
        return Span(network[0], network[-1])
    first, dots, last = text.partition("..")
    bounds = Span(ipaddress.ip_address(first), ipaddress.ip_address(last if dots else first))
    if type(bounds.first) is not type(bounds.last) or int(bounds.last) < int(bounds.first):
        raise ValueError(f"the range {text} ends before it begins, or mixes IPv4 and IPv6")
    return bounds
