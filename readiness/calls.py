"""A platform's own calls, as its stack's file describes them, made by somebody."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from core.settings.calls import Call
from core.site import Reply, Visitor

_PLACE = re.compile(r"\{([a-z_]+)\}")


def make(
    visitor: Visitor,
    origin: str,
    call: Call,
    values: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    patient: bool = True,
) -> Reply:
    """Make ``call`` on the site at ``origin``; ``{name}`` in its path and body become ``values[name]``.

    Raises :class:`KeyError` for a value that the call needs and that is not given: a mistake of the caller's.
    """
    filled = {key: _filled(text, values) for key, text in call.body.items()}
    sent = filled if call.body else None
    given = {**call.headers, **(headers or {})}
    url = origin + _PLACE.sub(lambda found: quote(values[found[1]], safe=""), call.path)
    return visitor.ask(call.method, url, headers=given, json=sent, body=body, patient=patient)


def found(call: Call, reply: Reply) -> str:
    """What ``call.gives`` names in the answer's JSON (``id``, ``data.token``), as text; "" where it is not there."""
    value: Any = reply.json
    for key in call.gives.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: values[match[1]], text)
