"""A review as a pull request's comment: GitHub Flavored Markdown that fits, in which text from elsewhere stays text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from core.policy import Verdict
from core.terminal import clean
from review.assess import Changed, Review
from review.finding import Finding
from review.sections import OPS, SIGNS, Section, broken, counted, headline, resource_line, sections, tried, waiver_line
from review.show import named, shorten

LONGEST: Final = 65_536
"""Characters of a comment on GitHub at most; GitLab takes more."""

_ROOM: Final = 60_000
_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")
# After these, GitHub or GitLab make a link of what follows: users, issues, merge requests, labels, addresses.
_LINKING: Final = frozenset("@#!$~%&:^")
_MOST_OF_A_RULE: Final = 40
_MOST_RESOURCES: Final = 400


def marker(stack: str) -> str:
    """The hidden line by which a comment is known as this review's own."""
    return f"<!-- launch-ready-review {re.sub(r'[^A-Za-z0-9._]', '_', stack)} -->"


def escape(text: str) -> str:
    """``text`` on one line, with nothing in it that Markdown, HTML or the site's links would obey.

    A backslash before any ASCII punctuation makes it literal (GFM §6.1); a zero-width space keeps names apart from the
    sign that would make a link of them.
    """
    return _PUNCTUATION.sub(lambda m: f"\\{m[0]}&#8203;" if m[0] in _LINKING else f"\\{m[0]}", clean(text))


def as_markdown(made: Review) -> str:
    """The review, at most :data:`LONGEST` characters: what is left out is named, and no risk ever is."""
    head = [marker(made.stack), f"## {_sign(made)} Review of {escape(made.stack)}: {escape(headline(made))}", ""]
    head += [f"{escape(counted(made))}. {escape(tried(made))}", ""]
    risks = _fitting(made, _ROOM // 2)
    used = sum(map(len, (*head, *risks)))
    parts = [("what strengthens", _strengthens(made)), ("waivers and notes", _closing(made))]
    parts += [("what is neither", _neutral(made)), ("resources, place by place", _resources(made))]
    body, cut = [], []
    for name, lines in parts:
        kept = _within(lines, _ROOM - used)
        used += sum(len(line) + 1 for line in kept)
        body += kept
        if len(kept) < len(lines):
            cut.append(name)
    left_out = [f"_Left out, for a comment has {LONGEST:,} characters: {', '.join(cut)}._"] if cut else []
    return "\n".join([*head, *risks, *body, *left_out]) + "\n"


def _sign(made: Review) -> str:
    return "🛑" if made.stops else "✅"


def _fitting(made: Review, room: int) -> list[str]:
    """Every risk: in full if that fits, else a line each, else by rule with the subjects that fit and a count."""
    forms: tuple[Callable[[Review], list[str]], ...] = (_risks, _short_risks, _grouped_risks)
    for form in forms:
        lines = form(made)
        if sum(len(line) + 1 for line in lines) <= room:
            return lines
    return lines


def _risks(made: Review) -> list[str]:
    return [
        *(line for one in _dangerous(made) for line in (*_title(one), *map(_finding, one.findings), "")),
        *_policies(broken(made), _verdict),
    ]


def _short_risks(made: Review) -> list[str]:
    lines = [line for one in _dangerous(made) for line in (*_title(one), *map(_short, one.findings), "")]
    return [*lines, *_policies(broken(made), lambda one: f"- `{one.rule}` {escape(shorten(one.subject, 80))}")]


def _grouped_risks(made: Review) -> list[str]:
    lines = []
    for section in _dangerous(made):
        lines += _title(section)
        ordered = sorted(section.findings, key=lambda one: (one.weight, one.rule))
        lines += [_group(rule, [f.subject for f in found]) for rule, found in groupby(ordered, lambda one: one.rule)]
        lines.append("")
    found = sorted(broken(made), key=lambda one: one.rule)
    groups = [_group(rule, [v.subject for v in verdicts]) for rule, verdicts in groupby(found, lambda one: one.rule)]
    return [*lines, *(["### Policies that are not fulfilled", "", *groups, ""] if groups else [])]


def _group(rule: str, subjects: Sequence[str]) -> str:
    shown = [escape(shorten(one, 60)) for one in subjects[:_MOST_OF_A_RULE]]
    more = f" and {len(subjects) - len(shown):,} more" if len(subjects) > len(shown) else ""
    return f"- `{rule}`, {len(subjects):,}: {', '.join(shown)}{more}"


def _dangerous(made: Review) -> list[Section]:
    return [one for one in sections(made) if one.direction in ("weaker", "outage", "unclear")]


def _title(section: Section) -> list[str]:
    return [f"### {section.title} ({len(section.findings)})", ""]


def _finding(one: Finding) -> str:
    line = f"- {SIGNS[one.direction]} <b>{escape(one.what)}</b>"
    line += f"<br>{escape(one.why)}" if one.why else ""
    if one.waived:
        line += f"<br>waived until {one.waived.until} by {escape(one.waived.owner)}: {escape(one.waived.reason)}"
    return line + (f" (`{one.rule}`)" if one.stops else "")


def _short(one: Finding) -> str:
    return f"- {escape(shorten(one.what, 120))} (`{one.rule}`)"


def _policies(found: Sequence[Verdict], form: Callable[[Verdict], str]) -> list[str]:
    return ["### Policies that are not fulfilled", "", *map(form, found), ""] if found else []


def _verdict(one: Verdict) -> str:
    line = (
        f"- {'✗' if one.outcome == 'violated' else '?'} `{one.rule}` <b>{escape(one.subject)}</b>: {escape(one.said)}"
    )
    if one.waived:
        reason, owner, until = one.waived
        return f"{line}<br>waived until {until} by {escape(owner)}: {escape(reason)}"
    return line + (f"<br>{escape(one.fix)}" if one.fix else "")


def _strengthens(made: Review) -> list[str]:
    found = made.of("stronger")
    return [f"### Strengthens ({len(found)})", "", *map(_finding, found), ""] if found else []


def _neutral(made: Review) -> list[str]:
    found = made.of("neutral")
    return _folded(f"Neither weaker nor stronger ({len(found)})", list(map(_finding, found))) if found else []


def _resources(made: Review) -> list[str]:
    if not made.changed:
        return []
    lines = [line for one in made.changed[:_MOST_RESOURCES] for line in _places(one)]
    more = len(made.changed) - _MOST_RESOURCES
    lines += [f"- … and {named(more, 'more resource')}"] if more > 0 else []
    return _folded(f"Resources ({len(made.changed)})", lines)


def _places(changed: Changed) -> Iterator[str]:
    yield f"- {OPS[changed.step.op]} {escape(resource_line(changed))}"
    for one in changed.differences:
        values = " → ".join(escape(value) for value in (one.before, one.after) if value)
        yield f"  - {one.kind} {escape(one.place)}" + (f"\\: {values}" if values else "")


def _closing(made: Review) -> list[str]:
    lines = [f"- {escape(waiver_line(one, made))}" for one in made.waivers]
    listed = ["### Waivers", "", *lines, ""] if lines else []
    return [*listed, *(f"_{escape(note)}_" for note in made.notes), *([""] if made.notes else [])]


def _folded(title: str, lines: list[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _within(lines: list[str], room: int) -> list[str]:
    """As many of the lines as there is room for; what is folded is closed again."""
    used = 0
    kept: list[str] = []
    for line in lines:
        if used + len(line) + 40 > room:
            folded = any(one.startswith("<details>") for one in kept)
            return [*kept, *(["", "</details>", ""] if folded else [])]
        used += len(line) + 1
        kept.append(line)
    return kept
