"""The matrix as a table and as a picture: operations down, identities across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from readiness.check import Picture, Table
from readiness.rows.authorization.stage import ADMIN
from readiness.rows.authorization.walk import Place, Tried

_WIDE, _HIGH, _LEFT, _TOP = 24, 16, 430, 150
_COLOURS = {"refused": "#2e7d32", "nothing": "#7cb342", "reached": "#c62828", "untold": "#f9a825", "none": "#9e9e9e"}
_WORDS = {
    "refused": "refused",
    "nothing": "answered, with nothing of theirs",
    "reached": "reached what is others'",
    "untold": "no telling answer",
}
_ORDER = ("reached", "untold", "nothing", "refused", "none")
_EXPECTED = {
    Place.PATH: "refused: the things are another organisation's",
    Place.NOWHERE: "nothing of others in the answer",
    Place.QUERY: "nothing of others: an id in the query gives no right",
    Place.BODY: "nothing of others: an id in the body gives no right",
    Place.ROLE: "refused: this is the owners' alone",
}


def matrix(tried: Sequence[Tried], own: Mapping[str, str], admin_sees_all: bool) -> Table:
    """Operation by identity: each answer, those that got through in capitals; what was expected and why stands last.

    ``own`` is what the things' owner was answered, by operation.
    """
    people = _people(tried)
    rows = []
    for (label, place), cells in _cells(tried).items():
        said = [_said(cells.get(who, [])) for who in people]
        expected = _EXPECTED[place] + (" (an administrator may)" if admin_sees_all else "")
        rows.append((label, place.value, own.get(label, "-"), *said, expected))
    return Table("Who reached what", ("operation", "ids in", "its owner", *people, "expected"), tuple(rows))


def picture(tried: Sequence[Tried], admin_sees_all: bool) -> Picture:
    """The same at a glance: a square a cell, in the colour of its worst answer (SVG, no script, no outside)."""
    people, cells = _people(tried), _cells(tried)
    parts = [_column(number, who) for number, who in enumerate(people)]
    for row, ((label, place), answers) in enumerate(cells.items()):
        top = _TOP + row * _HIGH
        text = label if place in (Place.PATH, Place.NOWHERE) else f"{label} ({place.value})"
        parts.append(f'<text x="{_LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(text[:70])}</text>')
        for column, who in enumerate(people):
            worst = _worst(answers.get(who, []), admin_sees_all)
            parts.append(
                f'<rect x="{_LEFT + column * _WIDE}" y="{top + 2}" width="{_WIDE - 3}" height="{_HIGH - 3}" rx="2"'
                f' fill="{_COLOURS[worst]}" fill-opacity="{0.15 if worst == "none" else 1}"/>'
            )
    high = _TOP + len(cells) * _HIGH + 40
    parts += [_legend(number, key, high - 18) for number, key in enumerate(_WORDS)]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + len(people) * _WIDE + 60} {high}"'
        # Paper of its own: as an image it does not know whether the page is dark.
        f' font-family="sans-serif" font-size="10" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>"
    )
    through = sum(1 for one in tried if _state(one) == "reached")
    alt = f"{len(cells)} operations by {len(people)} identities; {through} of {len(tried)} calls reached others' things"
    return Picture("Who reached what", "image/svg+xml", svg.encode(), alt)


def _people(tried: Sequence[Tried]) -> list[str]:
    return list(dict.fromkeys(one.attempt.who for one in tried))


def _cells(tried: Sequence[Tried]) -> Mapping[tuple[str, Place], dict[str, list[Tried]]]:
    cells: dict[tuple[str, Place], dict[str, list[Tried]]] = {}
    for one in tried:
        row = cells.setdefault((one.attempt.operation.label, one.place), {})
        row.setdefault(one.attempt.who, []).append(one)
    return cells


def _said(answers: Sequence[Tried]) -> str:
    said = dict.fromkeys(f"REACHED: {one.verdict.why}" if one.verdict.reached else one.verdict.why for one in answers)
    return " / ".join(said) or "-"


def _worst(answers: Sequence[Tried], admin_sees_all: bool) -> str:
    states = [
        "nothing" if _state(one) == "reached" and admin_sees_all and one.attempt.who == ADMIN else _state(one)
        for one in answers
    ]
    return min(states, key=_ORDER.index, default="none")


def _state(one: Tried) -> str:
    if one.verdict.reached is None:
        return "untold"
    if one.verdict.reached:
        return "reached"
    return "nothing" if one.verdict.why.startswith("2") else "refused"


def _column(number: int, who: str) -> str:
    x, y = _LEFT + number * _WIDE + 12, _TOP - 6
    return f'<text x="{x}" y="{y}" transform="rotate(-55 {x} {y})">{escape(who)}</text>'


def _legend(number: int, key: str, y: int) -> str:
    x = 20 + number * 170
    return (
        f'<rect x="{x}" y="{y}" width="10" height="10" fill="{_COLOURS[key]}"/>'
        f'<text x="{x + 15}" y="{y + 9}">{escape(_WORDS[key])}</text>'
    )
