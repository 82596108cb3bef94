"""Evidence as plain text, for formats that have nothing else."""

from __future__ import annotations

from core.terminal import clean, clean_lines
from readiness.check import Evidence, Picture, Said, Table

MOST = 4000
"""Characters of one piece of evidence: these formats are read in narrow places."""


def evidence_text(one: Evidence) -> str:
    """Its title and what it says, cut at :data:`MOST` characters."""
    match one:
        case Said(title, text):
            return _cut(clean_lines(f"{title}:\n{text}"))
        case Table(title, columns, rows):
            return _cut(clean_lines("\n".join([f"{title}:", *(" | ".join(row) for row in (columns, *rows))])))
        case Picture(title, _, _, alt):
            return clean(f"{title}: {alt}")


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST]}\n… ({len(text)} characters in all)"
