"""JSON value by value, from pieces of text: for documents that are larger than what may be held of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from core.errors import ReviewError

_SPACE: Final = " \t\n\r"
_LARGEST_VALUE: Final = 64 * 1024 * 1024
# An escape or a literal that is cut off is noticed a few characters before the end.
_NEAR_END: Final = 16


class Source:
    """Reads JSON from ``pieces``; ``name`` is what messages call it. Every error is a :class:`ReviewError`.

    At most one value and one piece are held, and no value may be larger than 64 Mi characters.
    """

    def __init__(self, pieces: Iterator[str], name: str) -> None:
        self._pieces = pieces
        self._name = name
        self._text = ""
        self._at = 0
        self._gone = 0
        self._over = False
        self._decoder = json.JSONDecoder(parse_constant=self._no_constant)

    def more(self) -> bool:
        """Whether anything but space follows."""
        return self._peek() != ""

    def expect(self, character: str) -> None:
        """Take ``character``."""
        found = self._peek()
        if found != character:
            raise self.error("it is empty" if not found and not self._at + self._gone else f"{character} is missing")
        self._at += 1

    def members(self) -> Iterator[str]:
        """The keys of an object whose ``{`` is taken; take each one's value before the next."""
        while self._peek() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise self.error("a key is no string")
            self.expect(":")
            yield key
            if self._peek() != "}":
                self.expect(",")
        self._at += 1

    def items(self) -> Iterator[Any]:
        """The items of the array that follows; none for ``null``."""
        if self._peek() != "[":
            if self.value() is not None:
                raise self.error("steps is no list")
            return
        self._at += 1
        while self._peek() != "]":
            yield self.value()
            if self._peek() != "]":
                self.expect(",")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self._peek()
        wanted = 0
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _NEAR_END
                if not cut or self._over:
                    raise self._at_place(error.pos, f"it is cut short ({error.msg})" if cut else error.msg) from None
            except (RecursionError, ValueError) as error:
                raise self.error(f"a value cannot be read ({type(error).__name__})") from None
            else:
                # A number at the end of a piece may go on in the next.
                if end < len(self._text) or self._over:
                    self._at = end
                    return found
            wanted = max(len(self._text) - self._at, wanted) * 2
            self._fill(wanted)

    def end(self) -> None:
        """Refuse anything that follows."""
        if self.more():
            raise self.error("something follows the document")

    def error(self, what: str) -> ReviewError:
        """An error at this place."""
        return self._at_place(self._at, what)

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._over:
                return ""
            self._fill(1)

    def _fill(self, wanted: int) -> None:
        """Have ``wanted`` characters from here on, or all that there are."""
        held = [self._text[self._at :]]
        size, self._gone, self._at = len(held[0]), self._gone + self._at, 0
        while size < wanted + 1:
            piece = next(self._pieces, None)
            if piece is None:
                self._over = True
                break
            held.append(piece)
            size += len(piece)
        self._text = "".join(held)
        if size > _LARGEST_VALUE:
            raise self.error("one value is larger than 64 Mi characters")

    def _at_place(self, position: int, what: str) -> ReviewError:
        return ReviewError(
            f"{self._name} is no preview as Pulumi writes it, at character {self._gone + position}: {what}"
        )

    def _no_constant(self, name: str) -> NoReturn:
        raise self.error(f"{name} is no JSON")
