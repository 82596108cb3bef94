"""Functions with a pattern: ``wildcard``, ``wildcard_replace``, ``regex_replace`` (Cloudflare, "Functions")."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import re2

from edge.literals import compile_pattern, wildcard_parts

# "${1}" to "${8}", and "$$" for a dollar sign.
_REFERENCE: Final = re.compile(rb"\$(?:\$|\{([1-8])\})")


def regex_replace(text: bytes, pattern: bytes, replacement: bytes) -> bytes:
    """``text`` with the first match of a regular expression replaced."""
    found = compile_pattern(pattern).search(text)
    if found is None:
        return text
    return text[: found.start()] + _filled(replacement, found) + text[found.end() :]


def wildcard(text: bytes, pattern: bytes) -> bool:
    """Whether the whole text fits, in any case."""
    return bool(_lazy(pattern, False).search(text))


def wildcard_replace(text: bytes, pattern: bytes, replacement: bytes, flags: bytes = b"") -> bytes:
    """The replacement if the whole text fits, each star as short as can be; with the flag ``s`` case counts."""
    found = _lazy(pattern, flags == b"s").search(text)
    return text if found is None else _filled(replacement, found)


@lru_cache(maxsize=1024)
def _lazy(pattern: bytes, strict: bool) -> re2._Regexp[bytes]:
    body = b"(.*?)".join(re2.escape(part) for part in wildcard_parts(pattern, 1))
    return compile_pattern((b"(?s)" if strict else b"(?si)") + b"\\A" + body + b"\\z")


def _filled(replacement: bytes, found: Any) -> bytes:
    """The replacement with its references; one to a group that is not there is empty."""

    def group(reference: re.Match[bytes]) -> bytes:
        if reference[1] is None:
            return b"$"
        number = int(reference[1])
        return found[number] or b"" if number <= len(found.groups()) else b""

    return _REFERENCE.sub(group, replacement)
