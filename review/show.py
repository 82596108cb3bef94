"""Values as short text, for whoever reads a review."""

from __future__ import annotations

import json
from typing import Any, Final

from core.resources import SECRET, UNKNOWN, Resource

LONGEST: Final = 160
ABSENT: Final = "nothing"


def show(value: Any, longest: int = LONGEST) -> str:
    """A value on one line: texts as they are, the rest as JSON, a secret and an unknown value by those words."""
    if value is None:
        return ABSENT
    if value == UNKNOWN:
        return "[known after it is applied]"
    if value == SECRET:
        return SECRET
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False).replace(UNKNOWN, "[unknown]")
    return shorten(text, longest)


def shorten(text: str, longest: int = LONGEST) -> str:
    """``text`` with its middle left out where it is too long: both ends of an expression say something."""
    if len(text) <= longest:
        return text
    head = (longest - 3) * 2 // 3
    return f"{text[:head]} … {text[-(longest - 3 - head) :]}"


def name_at(record: Resource) -> str:
    """The name that a DNS record is at, in lower case and without the last dot."""
    return str(record.properties.get("name", record.name)).rstrip(".").lower()


def named(count: int, what: str) -> str:
    """``1 record``, ``2 records``."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"
