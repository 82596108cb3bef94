"""A release's own words, made fit for a terminal and a build log.

The host has struck out the values of ``/etc/app/env`` already; this is for what a secret looks like anywhere.
"""

from __future__ import annotations

import re

from core.secret import REDACTED
from core.terminal import clean

_LONGEST = 300
_PATTERNS = (
    re.compile(r"(?<=://)([^\s/@:]*:[^\s/@]+)(?=@)"),
    re.compile(r"(?i)(?<=bearer )\s*([\w.~+/=-]{8,})"),
    re.compile(r"(?i)\b(?:[\w-]*(?:password|passwd|secret|token|api_?key|session_?key|credential)[\w-]*)[\"']?\s*[=:]\s*"
               r"[\"']?([^\s\"',;}]+)"),
    re.compile(r"\b(eyJ[\w-]+\.[\w-]+\.[\w-]*)"),
)  # fmt: skip


def redact(line: str) -> str:
    """``line`` with what looks like a secret struck out, on one line, at most 300 characters of it."""
    for pattern in _PATTERNS:
        line = pattern.sub(lambda match: match[0].replace(match[1], REDACTED), line)
    return clean(line)[:_LONGEST]
