"""Cloudflare's own parser (wirefilter, through ``octorules-wirefilter``): the judge of what is valid there."""

from __future__ import annotations

import re
from typing import Final

from edge.syntax import ExpressionError

# "Filter parsing error (1:20):", the line, a line of signs beneath it, and the reason.
_PLACE: Final = re.compile(r"Filter parsing error \((\d+):(\d+)\):")
_REASON: Final = re.compile(r"\n *\^* ([^\n]+)\s*\Z")


def check(text: str) -> None:
    """Raise :class:`ExpressionError`, with the place, for a text that Cloudflare's parser refuses."""
    from octorules_wirefilter import parse_expression

    try:
        error = parse_expression(text).get("error")
    except UnicodeEncodeError:
        error = "it holds half of a surrogate pair, which is not a character"
    if error:
        raise _located(text, str(error))


def _located(text: str, error: str) -> ExpressionError:
    place, reason = _PLACE.search(error), _REASON.search(error)
    column = 1
    if place:
        before = text.split("\n")[: int(place[1]) - 1]
        column = sum(len(line) + 1 for line in before) + int(place[2])
    return ExpressionError(f"Cloudflare's parser: {reason[1] if reason else error.splitlines()[-1]}", column)
