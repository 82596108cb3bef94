"""The repository: its files, all of its history, and the stack's own values in both, each looked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import LaunchReadyError, SettingsError
from core.leaks import Coverage, Leak, Piece, Repository, RepositoryState, Scanned, Scanner
from core.secret import Secret
from readiness.check import Check, Evidence, Result, Said, Table, beside_the_point, failed, passed, unknown
from readiness.rows.secrets import checks
from readiness.rows.secrets.baseline import NAME, Baseline, Judge, by_value, load
from readiness.rows.secrets.spellings import Spot, Spotter

if TYPE_CHECKING:
    from readiness.target import Target

_SHOWN = 50


@dataclass
class Look:
    """One place, looked through: what was found, how far, and why not further ("" where it was seen whole).

    ``none_such``: there is no such place.
    """

    scanned: Scanned | None
    coverage: Coverage
    why_not: str = ""
    none_such: bool = False


def repository(target: Target) -> Iterator[Result]:
    """Decides on the tree, the history, the own values and the baseline."""
    if target.repository is None or target.scanner is None:
        return
    try:
        baseline, wrong = load(target.root), ""
    except SettingsError as error:
        baseline, wrong = None, str(error)
    judge = Judge(baseline, target.clock.now().date())
    values, unread = known_values(target)
    spotter = Spotter(values)
    result, tree = scanned_tree(target.repository, target.scanner, spotter, judge)
    yield result
    result, history = scanned_history(target.repository, target.scanner, spotter, judge)
    yield result
    yield _own(spotter, unread, tree, history)
    yield _kept(baseline, wrong, judge)


def scanned_tree(repository: Repository, scanner: Scanner, spotter: Spotter, judge: Judge) -> tuple[Result, Look]:
    """What the working tree has."""
    tree = _tree(repository, scanner, spotter)
    if tree.none_such:
        return beside_the_point(checks.TREE, "it is a bare repository, without a working tree"), tree
    return _judged(checks.TREE, tree, judge, _tree_words(tree)), tree


def scanned_history(repository: Repository, scanner: Scanner, spotter: Spotter, judge: Judge) -> tuple[Result, Look]:
    """What all commits brought."""
    history, state = _history(repository, scanner, spotter)
    return _judged(checks.HISTORY, history, judge, _history_words(history, state), _coverage(history, state)), history


def known_values(target: Target) -> tuple[Mapping[str, Secret], str]:
    """The values that the stack knows, by name, or why they cannot be read. The redactor learns them."""
    if target.own_secrets is None:
        return {}, "the stack's own secrets cannot be read here"
    try:
        values = target.own_secrets()
    except LaunchReadyError as error:
        return {}, f"the stack's own secrets cannot be read: {error}"
    target.redactor.learn(*(value.reveal() for value in values.values()))
    return values, ""


def _tree(repository: Repository, scanner: Scanner, spotter: Spotter) -> Look:
    seen = Coverage()
    try:
        if repository.is_bare():
            return Look(None, seen, none_such=True)
        return Look(scanner.scan(spotter.watch(repository.tree(seen))), seen)
    except LaunchReadyError as error:
        return Look(None, seen, str(error))


def _history(repository: Repository, scanner: Scanner, spotter: Spotter) -> tuple[Look, RepositoryState | None]:
    seen = Coverage()
    states: list[RepositoryState] = []

    def pieces() -> Iterator[Piece]:
        # Here, and not before: the scanner reads its rules meanwhile.
        states.append(repository.state())
        yield from repository.history(seen)

    try:
        scanned = scanner.scan(spotter.watch(pieces()))
    except LaunchReadyError as error:
        if not states:
            return Look(None, seen, f"its history cannot be read: {error}"), None
        return Look(None, seen, f"{seen.commits} of {states[0].commits} commits were read: {error}"), states[0]
    state = states[0]
    why = "; ".join(state.gaps)
    if seen.commits < state.commits + state.unreachable:
        why = f"{seen.commits} of {state.commits + state.unreachable} commits were looked at; {why}".rstrip("; ")
    return Look(scanned, seen, why), state


def _judged(check: Check, look: Look, judge: Judge, words: str, *evidence: Evidence) -> Result:
    leaks = [leak for leak in look.scanned.leaks if not _weak(leak)] if look.scanned else []
    opened = [leak for leak in leaks if judge.closed_by(leak) is None]
    closed = len(leaks) - len(opened)
    told = (*evidence, *_found(opened, judge))
    if opened:
        kinds = by_value(opened)
        also = f"; and it was not seen whole: {look.why_not}" if look.why_not else ""
        return failed(check, f"{_count(len(kinds), 'value')} in {_count(len(opened), 'place')}, {words}{also}", *told)
    if look.why_not:
        return unknown(check, look.why_not, *told)
    if left := look.coverage.left_out:
        return unknown(check, f"{_count(len(left), 'file')} could not be looked at: {', '.join(left[:5])}", *told)
    suffix = f"; {closed} findings are closed in {NAME}" if closed else ""
    return passed(check, f"nothing open, {words}{suffix}", *told)


def _weak(leak: Leak) -> bool:
    """What the scanner is not sure of in a content that was never committed: no file's name says what it is."""
    return leak.confidence == "low" and leak.place.startswith("object ")


def _tree_words(look: Look) -> str:
    return f"of {look.coverage.files} files by {_tool(look)}"


def _history_words(look: Look, state: RepositoryState | None) -> str:
    extra = f" ({state.unreachable} that no reference leads to)" if state and state.unreachable else ""
    return f"of {look.coverage.commits} commits{extra} by {_tool(look)}"


def _tool(look: Look) -> str:
    return look.scanned.tool if look.scanned else "the scanner"


def _coverage(look: Look, state: RepositoryState | None) -> Evidence:
    if state is None:
        return Said("Coverage", look.why_not)
    scanned = look.scanned
    lines = [
        f"git rev-list --all --count: {state.commits}",
        f"commits that no reference leads to: {state.unreachable}",
        f"commits looked at: {look.coverage.commits}",
        f"files in them: {look.coverage.files}; binary contents looked at: {look.coverage.binaries}",
        f"files that could not be looked at: {len(look.coverage.left_out)}",
        f"versions of files with keys of many lines, looked at by their changed lines alone: {look.coverage.by_lines}",
        f"bytes given to the scanner, and by its report looked at: {scanned.fed if scanned else 'not known'}",
        f"tools: {state.git}; {_tool(look)}; {scanned.seconds if scanned else 0:.1f} s",
        *state.notes,
    ]
    return Said("Coverage", "\n".join(lines))


def _found(opened: Sequence[Leak], judge: Judge) -> Iterator[Evidence]:
    if not opened:
        return
    rows = []
    for (rule, _), leaks in list(by_value(opened).items())[:_SHOWN]:
        first = leaks[0]
        line = f":{first.line}" if first.line else ""
        more = f" and {len(leaks) - 1} more" if len(leaks) > 1 else ""
        digest = judge.digest(first) or f"(make {NAME} with a salt first)"
        rows.append((rule, first.confidence, f"{first.place}: {first.path}{line}{more}", digest))
    yield Table("What is open", ("rule", "confidence", "where", "digest, to close it by"), tuple(rows))


def _own(spotter: Spotter, unread: str, tree: Look, history: Look) -> Result:
    count = f"{len(spotter.names)} values"
    if spotter.spots:
        return failed(checks.OWN_VALUES, f"{_named(spotter.spots)}, of {count}", spots_table(spotter.spots))
    if unread or not spotter.names:
        return unknown(checks.OWN_VALUES, unread or "the stack has no secret of its own to look for")
    if gap := tree.why_not or history.why_not or ", ".join([*tree.coverage.left_out, *history.coverage.left_out][:5]):
        return unknown(checks.OWN_VALUES, f"none of {count} was seen, and not all was looked at: {gap}")
    short = f"; too short to be looked for: {', '.join(spotter.short)}" if spotter.short else ""
    words = f"none of {count} in {tree.coverage.files} files and {history.coverage.commits} commits{short}"
    return passed(checks.OWN_VALUES, words)


def _named(spots: Sequence[Spot]) -> str:
    names = sorted({spot.secret for spot in spots})
    return f"{', '.join(names)} in {_count(len({(spot.place, spot.path) for spot in spots}), 'place')}"


def spots_table(spots: Sequence[Spot]) -> Table:
    """Which of the stack's values stands where, and how it is spelt."""
    rows = tuple((spot.secret, spot.spelling, f"{spot.place}: {spot.path}") for spot in spots[:_SHOWN])
    return Table("The stack's own values", ("secret", "spelt", "where"), rows)


def _kept(baseline: Baseline | None, wrong: str, judge: Judge) -> Result:
    if wrong:
        return failed(checks.BASELINE, f"{NAME} cannot be used: {wrong}")
    if baseline is None:
        return passed(checks.BASELINE, f"there is no {NAME}: nothing is closed")
    rows = tuple((each.what, each.verdict, each.who, each.when.isoformat(), each.why) for each in judge.used())
    table = Table("Closed findings", ("what", "verdict", "who", "when", "why"), rows)
    # Told, and no failure: another clone may have what they are for in commits that this one lacks.
    idle = f"; {_count(len(judge.idle()), 'entry')} found nothing to close here: {', '.join(judge.idle())}"
    summary = f"{_count(len(rows), 'entry')} closed something, each with who, when and why"
    return passed(checks.BASELINE, summary + (idle if judge.idle() else ""), table)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s'[: number != 1]}"
