"""A value that must not be seen: whatever shows it shows ``[secret]``."""

from __future__ import annotations

import hmac
from typing import Any

REDACTED = "[secret]"


class Secret(str):
    """A string whose characters are ``[secret]``; the value itself comes out of :meth:`reveal` and nowhere else.

    ``str``, ``repr``, ``format``, ``json.dumps``, ``%s``, concatenation and pickling all work on the characters, so
    that a secret which strays into a log, a diff, a state file or another process is redacted already. A copy made by
    ``copy`` or ``deepcopy`` stays in this process and keeps the value.
    """

    __slots__ = ("_value",)
    _value: str

    def __new__(cls, value: str) -> Secret:
        """Wrap ``value``; wrapping a secret again keeps its value."""
        secret = super().__new__(cls, REDACTED)
        secret._value = value.reveal() if isinstance(value, Secret) else value
        return secret

    def reveal(self) -> str:
        """The value. Hand it straight to what needs it: never to a message, an argv or a file that others read."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, format_spec: str) -> str:
        return format(REDACTED, format_spec)

    def __eq__(self, other: object) -> bool:
        """Equal to a secret of the same value, in constant time; never equal to plain text."""
        if not isinstance(other, Secret):
            return False
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __getstate__(self) -> None:
        """Nothing: ``object.__getstate__`` would hand out the value to whoever serialises by attributes."""

    def __reduce_ex__(self, protocol: Any) -> tuple[type[str], tuple[str]]:
        return (str, (REDACTED,))
