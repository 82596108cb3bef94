"""A review for a terminal. Texts from elsewhere are cleaned; colours only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from core.policy import Verdict
from core.terminal import clean
from review.assess import Review
from review.finding import Finding
from review.sections import OPS, SIGNS, broken, counted, headline, resource_line, sections, tried, waiver_line

_COLOURS: Final[Mapping[str, str]] = {"weaker": "31", "outage": "31", "unclear": "33", "stronger": "32", "neutral": "2"}
_MOST_RESOURCES: Final = 30
_FOLDED: Final = 12


def as_text(made: Review, *, colours: bool = False) -> str:
    """The review in lines of text; it ends with a newline."""
    return "".join(f"{line}\n" for line in _lines(made, _Paint(colours)))


class _Paint:
    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _lines(made: Review, paint: _Paint) -> Iterator[str]:
    yield paint(f"Review of {clean(made.stack)}: {headline(made)}", "1")
    yield f"{counted(made)}. {tried(made)}"
    for section in sections(made):
        yield ""
        yield paint(f"{section.title} ({len(section.findings)})", f"1;{_COLOURS[section.direction]}")
        shown = section.findings[:_FOLDED] if section.direction == "neutral" else section.findings
        for one in shown:
            yield from _finding(one, paint)
        if len(shown) < len(section.findings):
            yield f"  … and {len(section.findings) - len(shown)} more (--format html or json has them)"
    yield from _policies(broken(made), paint)
    yield from _resources(made)
    yield from _closing(made)


def _finding(one: Finding, paint: _Paint) -> Iterator[str]:
    yield paint(f"  {SIGNS[one.direction]} {clean(one.what)}", _COLOURS[one.direction])
    if one.why:
        yield f"      {clean(one.why)}"
    if one.waived:
        yield f"      waived until {one.waived.until} by {clean(one.waived.owner)}: {clean(one.waived.reason)}"
    elif one.stops:
        yield paint(f"      [{one.rule}] {clean(one.subject)}", "2")


def policy_lines(verdicts: Iterable[Verdict]) -> list[str]:
    """What policies say that are not fulfilled, in lines of text without colours."""
    found = [one for one in verdicts if one.outcome != "ok"]
    return list(_policies(found, _Paint(colours=False)))


def _policies(found: Sequence[Verdict], paint: _Paint) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield paint(f"Policies that are not fulfilled ({len(found)})", "1;31")
    for one in found:
        sign = "✗" if one.outcome == "violated" else "?"
        yield paint(f"  {sign} [{one.rule}] {clean(one.subject)}: {clean(one.said)}", "31" if one.stops else "33")
        if one.waived:
            reason, owner, until = one.waived
            yield f"      waived until {until} by {clean(owner)}: {clean(reason)}"
        elif one.fix:
            yield f"      {clean(one.fix)}"


def _resources(made: Review) -> Iterator[str]:
    if not made.changed:
        return
    yield ""
    yield f"Resources ({len(made.changed)})"
    for one in made.changed[:_MOST_RESOURCES]:
        places = ", ".join(difference.place for difference in one.differences[:4])
        more = " …" if len(one.differences) > 4 else ""
        yield clean(f"  {OPS[one.step.op]} {resource_line(one)}" + (f"  {places}{more}" if places else ""))
    if len(made.changed) > _MOST_RESOURCES:
        yield f"  … and {len(made.changed) - _MOST_RESOURCES} more (--format html or json has them)"


def _closing(made: Review) -> Iterator[str]:
    if made.waivers:
        yield ""
        yield "Waivers"
        yield from (f"  {clean(waiver_line(one, made))}" for one in made.waivers)
    if made.notes:
        yield ""
        yield from (f"note: {clean(note)}" for note in made.notes)
