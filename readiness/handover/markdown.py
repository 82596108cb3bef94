"""The handover as Markdown, for a repository or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.terminal import clean
from readiness.handover.model import Handover, Part

# What Markdown or HTML would take for markup. Text in code spans is left alone.
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&])")


def as_markdown(made: Handover) -> str:
    """The document. Names and reasons from the stack's file are shown as text, whatever is in them."""
    lines = [
        f"# {_text(made.site)}: handover",
        "",
        f"Stack {_text(made.stack)}, made {made.made} by `invoke handover`.",
    ]
    for part in made.parts:
        lines += ["", *_part(part)]
    return "\n".join(lines) + "\n"


def _part(part: Part) -> Iterator[str]:
    yield f"## {_text(part.title)}"
    for sentence in part.said:
        yield ""
        yield _sentence(sentence)
    if part.table and part.table.rows:
        yield ""
        yield _cells(part.table.columns)
        yield "|---" * len(part.table.columns) + "|"
        yield from map(_cells, part.table.rows)
    if part.commands:
        yield ""
        for command, why in part.commands:
            yield f"- `{clean(command)}`: {_text(why)}"


def _cells(cells: tuple[str, ...]) -> str:
    return "".join(f"| {_text(cell)} " for cell in cells) + "|"


def _sentence(text: str) -> str:
    """Code spans of our own sentences stay; all between them is text."""
    parts = clean(text).split("`")
    return "".join(f"`{part}`" if number % 2 else _text(part) for number, part in enumerate(parts))


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\1", clean(text))
