"""What ``deploy``, ``rollback`` and ``releases`` say: lines for people, documents for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cli.output import say
from core.terminal import clean
from deploy.edge import IN_MAINTENANCE, NOT_ASKED
from deploy.facts import HostFacts
from deploy.fleet import Gathered, told
from deploy.history import behind
from deploy.journal import BEGIN, CONTRACT, DRILL, ENDS, MIGRATE, REFUSED, Entry
from deploy.plan import cut_short

if TYPE_CHECKING:
    from deploy.catch_up import CaughtUp
    from deploy.forward import Deployed
    from deploy.progress import Progress
    from rollback.api import RolledBack
    from rollback.unfinished import Aborted

_HISTORY = 20
_NAMED = 3


class _Lines:
    """A line a phase: its name, its seconds, how it went on each host (said once where all agree)."""

    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        unseen = hosts.get("edge", "verified") not in ("verified", NOT_ASKED.words, IN_MAINTENANCE.words)
        failed = unseen or any(state in ("failed", "not healthy", "not done") for state in hosts.values())
        mark = _coloured("✗", 31) if failed else _coloured("✓", 32)
        say(f"{mark} {name:<12}{seconds:>7.2f} s  {_states(hosts)}")

    def note(self, text: str) -> None:
        for each in text.splitlines():
            say(f"  {clean(each)}")


class _Nothing:
    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        """A program reads the document at the end."""

    def note(self, text: str) -> None:
        for each in text.splitlines():
            say(clean(each), aside=True)


def progress(*, quiet: bool) -> Progress:
    """The listener for this command."""
    return _Nothing() if quiet else _Lines()


def _coloured(text: str, code: int) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def _states(hosts: Mapping[str, str]) -> str:
    """``4 hosts verified``: each state once, with the hosts that have it, or their number where they are many."""
    by_state: dict[str, list[str]] = {}
    for name, state in hosts.items():
        if name != "edge":
            by_state.setdefault(clean(state), []).append(name)
    said = [f"{_named(names)} {state}" for state, names in by_state.items()]
    return "; ".join(said + [f"edge {clean(state)}" for name, state in hosts.items() if name == "edge"])


def _hosts(count: int) -> str:
    return f"{count} hosts" if count != 1 else "1 host"


def _named(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else _hosts(len(names))


def deployed(done: Deployed, stack: str) -> str:
    """The last line of a deploy."""
    if done.already:
        return f"{done.version} is live already on every host, seen on each; edge: {clean(done.edge.words)}"
    requests, errors = done.watched
    seen = f"; watched: {requests} requests, {errors} 5xx" if requests else ""
    seen += _left_out(done.left_out)
    back = f"\nto take it back: invoke rollback --stack {stack or '$LAUNCH_READY_STACK'}"
    return (
        f"{done.version} is live on {_hosts(len(done.colours))} in {done.seconds:.2f} s, seen on each;"
        f" edge: {clean(done.edge.words)}{seen}{back if any(done.before.values()) else ''}"
    )


def _left_out(names: Sequence[str]) -> str:
    """Loudly: until it is caught up, what such a host serves is another release."""
    return f"\nLEFT OUT: {', '.join(names)}: once it is back, run `invoke deploy.catch-up`" if names else ""


def rolled_back(done: RolledBack, stack: str) -> str:
    """The last lines of a rollback."""
    how = f"started on {', '.join(done.cold)}" if done.cold else "warm"
    lines = [
        f"back on {done.version} ({how}) in {done.seconds:.2f} s of the {done.budget_seconds:g} s budget, seen on each"
        f" of {_hosts(len(done.before))}; edge: {clean(done.edge.words)}"
    ]
    lines[0] += _left_out(done.left_out)
    if done.seconds > done.budget_seconds:
        lines.append("that is over the budget: see above which phase took the time")
    if done.unrecorded:
        lines.append(f"not written down on {', '.join(done.unrecorded)}: free disk space there, then run it again")
    lines.append(f"to see what is kept: invoke releases --stack {stack or '$LAUNCH_READY_STACK'}")
    return "\n".join(lines)


def aborted(done: Aborted, without: Sequence[str] = ()) -> str:
    """The last line of an abort."""
    return (
        f"the {done.action} of {done.version} by {clean(done.who)} is undone in {done.seconds:.2f} s: every host serves"
        f" {done.serves or 'nothing, as before the first release'}{_left_out(without)}"
    )


def caught_up(done: CaughtUp, without: Sequence[str] = ()) -> str:
    """The last line of a catch-up."""
    if not done.before:
        return f"no host is behind: every host serves {done.version}{_left_out(without)}"
    before = ", ".join(f"{name} (from {version or 'nothing'})" for name, version in done.before.items())
    return f"caught up with {done.version} in {done.seconds:.2f} s: {before}{_left_out(without)}"


def releases(found: Mapping[str, HostFacts]) -> str:
    """What each host serves and keeps, and the last commands."""
    lines = []
    for name, facts in found.items():
        kept = ", ".join(sorted(facts.kept)) or "nothing"
        lines.append(f"{name:<16} {facts.version or 'nothing':<16} {facts.serving or '-':<6} keeps {kept}")
        if not facts.settled:
            lines.append(
                f"{'':<16} a boot would serve {facts.boots or 'nothing'}: run `invoke rollback`, or deploy again"
            )
        lines += [f"{'':<16} {line}" for line in _state(facts)]
    if len({facts.version for facts in found.values()}) > 1:
        lines.append(f"the hosts serve different versions: {told({n: f.version for n, f in found.items()})}")
        if late := behind(found):
            lines.append(f"{', '.join(late)} missed the last release: run `invoke deploy.catch-up`")
    cut = cut_short(found)
    if cut is not None and not any(facts.lease and facts.lease.left > 0 for facts in found.values()):
        lines.append(
            f"the {cut.action} of {cut.version} that {clean(cut.who)} began at {clean(cut.at)} was cut short: run"
            " `invoke deploy.resume`, or `invoke deploy.abort`"
        )
    return "\n".join([*lines, *_history(found)])


def _state(facts: HostFacts) -> Iterator[str]:
    if facts.maintenance:
        yield "its visitors see the maintenance page: `invoke maintenance.off`"
    if facts.tenths:
        yield f"{facts.tenths * 10} % of its traffic goes to {facts.slots.get(facts.idle)} ({facts.idle}), by a canary"
    if warm := _warm(facts):
        until = f"until {warm['until']}" if warm["until"] else "until the next release"
        yield f"{warm['version']} is warm in {warm['colour']} {until}"
    if facts.lease is not None and facts.lease.left > 0:
        yield f"{facts.lease.who} is releasing to it since {facts.lease.since} ({facts.lease.action})"


def _history(found: Mapping[str, HostFacts]) -> list[str]:
    seen: dict[str, str] = {}
    for facts in found.values():
        for entry in facts.journal:
            line = f"{entry.at}  {entry.action:<8} {entry.version:<16} {entry.who}"
            if entry.action == CONTRACT and entry.step in (MIGRATE, REFUSED):
                seen[entry.run] = (
                    f"{line}  {'the database is at' if entry.schema else entry.result} {entry.schema or ''}"
                )
            elif entry.step == BEGIN:
                seen.setdefault(entry.run, f"{line}  cut short")
            elif entry.run in seen and entry.step in ENDS:
                why = "" if entry.result == "ok" else f": {entry.result}"
                seen[entry.run] = f"{line}  {entry.step} after {entry.seconds:g} s{_seen(entry)}{why}"
    return [clean(line) for line in sorted(seen.values())[-_HISTORY:]]


def _seen(entry: Entry) -> str:
    """What the last line of a command holds that says most: where it comes from, and what was left out."""
    evidence = entry.evidence or {}
    words = [f" from {str(found)[:12]}" for found in [evidence.get("revision")] if found]
    if isinstance(waived := evidence.get("waived"), Mapping):
        words += [f", without a {name}: {why}" for name, why in waived.items()]
    if isinstance(drilled := evidence.get(DRILL), Mapping):
        ways = [drilled.get(name) for name in ("back_seconds", "forth_seconds")]
        words += [f", {' and '.join(f'{way:.1f} s' for way in ways if isinstance(way, int | float))} each way"]
    return "".join(words)


def document(done: Deployed | RolledBack) -> dict[str, Any]:
    """The document of a deploy or a rollback."""
    return {**asdict(done), "edge": {"verified": done.edge.verified, "reason": done.edge.reason}}


def _warm(facts: HostFacts) -> dict[str, str | None] | None:
    """What runs beside the live release, and until when (none: until the next release)."""
    colour = facts.idle
    if colour not in facts.sockets or colour not in facts.slots:
        return None
    until = None
    if facts.cools is not None and facts.cools[0] == colour:
        until = f"{datetime.now(UTC) + timedelta(seconds=facts.cools[1]):%Y-%m-%d %H:%M} UTC"
    return {"version": facts.slots[colour], "colour": colour, "until": until}


def releases_json(found: Gathered[HostFacts]) -> dict[str, Any]:
    """The document of ``releases``."""
    return {
        "hosts": [
            {
                "name": name,
                "version": facts.version,
                "colour": facts.serving,
                "boots": facts.boots,
                "slots": dict(facts.slots),
                "kept": {version: kept.digest for version, kept in sorted(facts.kept.items())},
                "good": facts.good,
                "warm": _warm(facts),
                "canary_percent": (facts.tenths or 0) * 10,
                "journal": [asdict(entry) for entry in facts.journal],
            }
            for name, facts in found.good.items()
        ]
        + [{"name": name, "error": str(reason)} for name, reason in found.bad.items()]
    }
