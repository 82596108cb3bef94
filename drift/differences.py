"""Two values compared as Cloudflare means them, and what is said of the difference."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.resources import is_open
from drift.kinds import in_one_order

What = Literal["changed", "missing", "undeclared"]
# What a record of these types says, in the order of its text form.
_PARTS = {
    "CAA": ("flags", "tag", "value"),
    "SRV": ("priority", "weight", "port", "target"),
    "HTTPS": ("priority", "target", "value"),
    "SVCB": ("priority", "target", "value"),
}
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Difference:
    """One difference. ``kind`` is a type such as ``DnsRecord``, or ``Rule``; ``path`` a property, as the API names it.

    ``declared`` and ``live`` are values of JSON, as they stand on either side; text in them may come from anywhere.
    """

    what: What
    kind: str
    name: str
    path: str = ""
    declared: Any = None
    live: Any = None
    urn: str = ""
    zone: str = ""

    def as_json(self) -> dict[str, Any]:
        """A document of its fields."""
        return asdict(self)


def compared(
    wanted: Any, there: Any, path: str = "", unordered: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Any, Any]]:
    """Each place at which ``there`` is not as ``wanted``: path, what is wanted, what is there.

    What is not wanted is not looked at; what is open (a secret, an unknown value) cannot differ.
    """
    if is_open(wanted):
        return
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        for key, value in wanted.items():
            yield from compared(value, there.get(key), f"{path}.{key}".removeprefix("."), unordered)
    elif isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        if path.rpartition(".")[2] in unordered:
            wanted, there = in_one_order(wanted), in_one_order(there)
        for index, (value, other) in enumerate(zip(wanted, there, strict=True)):
            yield from compared(value, other, f"{path}[{index}]", unordered)
    elif not same(wanted, there):
        yield path, wanted, there


def same(wanted: Any, there: Any) -> bool:
    """Whether two values are one to Cloudflare: what is empty is as good as what is not there, and 1.0 is 1."""
    if _is_empty(wanted) and _is_empty(there):
        return True
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    return bool(wanted == there)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def content_of(record: Mapping[str, Any]) -> str:
    """What a record says, in one form: text without its quotes and splits, addresses and names as they are compared."""
    data, content = record.get("data"), record.get("content")
    parts = _PARTS.get(str(record.get("type")), ())
    if parts and isinstance(data, Mapping):
        return " ".join(str(data.get(part)).rstrip(".") for part in parts)
    text = str(content or "")
    if record.get("type") == "TXT":
        return "".join(map(_unescaped, _STRING.findall(text))) if text.startswith('"') else text
    if record.get("type") in ("A", "AAAA"):
        return _address(text)
    return text.rstrip(".").lower() if record.get("type") != "MX" or text != "." else text


def _unescaped(text: str) -> str:
    """The text of a string of RFC 1035 §5.1: ``\\"`` is a quote, ``\\027`` a character by its number."""
    return _ESCAPE.sub(lambda match: chr(int(match[1])) if len(match[1]) == 3 else match[1], text)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text
