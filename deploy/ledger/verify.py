"""All ledgers of a fleet together, with all that witnesses saw of them: pure.

A chain alone cannot tell that its end was cut off. Each command's first line says on every host what the last line of
every other was; each command's end stands on every host that took part; the machine that released and the copy keep
what they saw.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.terminal import clean
from deploy.journal import BEGIN, CATCH_UP, ENDS, Entry
from deploy.ledger.chain import NOTHING, Fault, Ledger, chain_faults


@dataclass(frozen=True)
class Witness:
    """Somebody saw that the last line of ``host`` had this SHA-256, at ``at``."""

    by: str
    host: str
    head: str
    at: str


@dataclass(frozen=True)
class Copied:
    """Lines of a host's ledger that were copied elsewhere: ``first`` counts from 0."""

    host: str
    first: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True)
class Verdict:
    """One host's ledger: how many lines, from when to when, what is wrong, and what is only worth knowing."""

    lines: int
    first: str
    last: str
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """What there is beside the ledgers: the record's lines of this machine, and the copies (none: no copy is kept)."""

    record: tuple[str, ...] = ()
    copies: tuple[Copied, ...] | None = None


@dataclass
class _Seen:
    """What the record of this machine says: heads that hosts answered with, and ends that were never written."""

    witnesses: list[Witness] = field(default_factory=list)
    unwritten: set[tuple[str, str]] = field(default_factory=set)


def verify(ledgers: Mapping[str, Ledger], evidence: Evidence) -> dict[str, Verdict]:
    """Every fault of every host. What cannot be found is in docs/ledger.md."""
    seen = _record(evidence.record)
    witnesses = [*_heads(ledgers), *seen.witnesses]
    faults = [fault for ledger in ledgers.values() for fault in chain_faults(ledger)]
    faults += _unseen(ledgers, witnesses)
    missing = list(_missing_ends(ledgers))
    faults += [fault for run, fault in missing if (run, fault.host) not in seen.unwritten]
    faults += _contradictions(ledgers)
    faults += _against_copies(ledgers, evidence.copies or ())
    told = {name: _notes(ledger, evidence.copies) for name, ledger in ledgers.items()}
    for run, fault in missing:
        if (run, fault.host) in seen.unwritten:
            told[fault.host].append(f"{fault.what} (the record of this machine says that it was never written)")
    return {
        name: Verdict(
            lines=len(ledger.lines),
            first=ledger.entries[0][1].at if ledger.entries else "",
            last=ledger.entries[-1][1].at if ledger.entries else "",
            faults=tuple(fault for fault in faults if fault.host == name),
            notes=tuple(told[name]),
        )
        for name, ledger in ledgers.items()
    }


def _heads(ledgers: Mapping[str, Ledger]) -> Iterator[Witness]:
    """What each command saw of every host when it began, by the first lines that it left on all of them."""
    for ledger in ledgers.values():
        for number, entry in ledger.entries:
            for host, head in _heads_of(entry).items():
                yield Witness(f"line {number} of {ledger.host}", host, head, entry.at)


def _heads_of(entry: Entry) -> dict[str, str]:
    heads = (entry.evidence or {}).get("heads") if entry.step == BEGIN else None
    if not isinstance(heads, dict):
        return {}
    return {host: head for host, head in heads.items() if isinstance(host, str) and isinstance(head, str)}


def _record(lines: Iterable[str]) -> _Seen:
    seen = _Seen()
    for line in lines:
        try:
            found = json.loads(line)
            run, at = found["run"], clean(str(found["at"]))[:40]
            for host, head in (found.get("heads") or {}).items():
                seen.witnesses.append(Witness("the record of this machine", host, str(head), at))
            if found.get("phase") == "finish" and found.get("hosts"):
                states = found["hosts"].items()
                seen.unwritten |= {(run, host) for host, how in states if how in ("not recorded", "failed")}
        except (ValueError, KeyError, TypeError, AttributeError):
            # torn, or not ours
            continue
    return seen


def _unseen(ledgers: Mapping[str, Ledger], witnesses: Iterable[Witness]) -> Iterator[Fault]:
    """Lines that somebody saw and that are not there: once for each, by whoever saw it first."""
    there = {name: {NOTHING, "", *ledger.hashes} for name, ledger in ledgers.items()}
    told = set()
    for witness in witnesses:
        key = (witness.host, witness.head)
        if witness.host in there and witness.head not in there[witness.host] and key not in told:
            told.add(key)
            yield Fault(
                witness.host,
                None,
                f"the line with the SHA-256 {clean(witness.head)[:16]}…, its last at {clean(witness.at)}, is not there:"
                f" cut off or edited; {witness.by} saw it",
            )


def _missing_ends(ledgers: Mapping[str, Ledger]) -> Iterator[tuple[str, Fault]]:
    """Commands whose end stands on one host and not at the end of another that took part.

    Where more lines follow there, the chain says that nothing stood between them.
    """
    took_part: dict[str, dict[str, str]] = {}
    ends: dict[str, tuple[str, int, Entry]] = {}
    for ledger in ledgers.values():
        for number, entry in ledger.entries:
            took_part.setdefault(entry.run, {}).update(_heads_of(entry))
            # A catch-up looks at every host, and changes those that were behind.
            if entry.step in ENDS and entry.action != CATCH_UP:
                ends.setdefault(entry.run, (ledger.host, number, entry))
    for run, (by, number, end) in ends.items():
        for host, head in took_part.get(run, {}).items():
            if host in ledgers and not _has_end(ledgers[host], run) and _stops_in(ledgers[host], run, head):
                yield run, Fault(host, None, _not_there(by, number, end))


def _not_there(by: str, number: int, end: Entry) -> str:
    return (
        f"the end of the {end.action} of {clean(end.version)} ({end.step}, line {number} of {by}) is not there: cut"
        " off, or the host was lost before it was written: run the same command again"
    )


def _has_end(ledger: Ledger, run: str) -> bool:
    return any(entry.run == run and entry.step in ENDS for _, entry in ledger.entries)


def _stops_in(ledger: Ledger, run: str, head: str) -> bool:
    """Is what it has of ``run``, or what it had before, the last that stands there? A torn line may follow."""
    mine = [number for number, entry in ledger.entries if entry.run == run]
    before = ledger.hashes.index(head) + 1 if head in ledger.hashes else 0
    last = max([before, *mine])
    return all(number <= last for number, _ in ledger.entries)


def _contradictions(ledgers: Mapping[str, Ledger]) -> Iterator[Fault]:
    """A command tells the same of itself on every host: a last line that was edited well shows by this alone."""
    first: dict[tuple[str, str], tuple[str, int, Entry]] = {}
    for ledger in ledgers.values():
        for number, entry in ledger.entries:
            if entry.step not in (BEGIN, *ENDS):
                continue
            host, line, other = first.setdefault((entry.run, entry.step), (ledger.host, number, entry))
            if different := [key for key, value in _said(entry).items() if value != _said(other)[key]]:
                yield Fault(ledger.host, number, f"its {different[0]} is another than in line {line} of {host}")


def _said(entry: Entry) -> dict[str, object]:
    said = {"who": entry.who, "action": entry.action, "version": entry.version, "digest": entry.digest}
    return said | ({"evidence": entry.evidence} if entry.step == BEGIN else {"result": entry.result})


def _against_copies(ledgers: Mapping[str, Ledger], copies: Iterable[Copied]) -> Iterator[Fault]:
    for copy in copies:
        if (ledger := ledgers.get(copy.host)) is None:
            continue
        here = ledger.lines[copy.first : copy.first + len(copy.lines)]
        for at, line in enumerate(copy.lines):
            if at >= len(here):
                what = f"line {copy.first + at + 1} is in the copy, and not there any more: cut off"
                yield Fault(copy.host, None, what)
                break
            if here[at] != line:
                yield Fault(copy.host, copy.first + at + 1, "it is not what the copy of it says: one was edited")
                break


def _notes(ledger: Ledger, copies: tuple[Copied, ...] | None) -> list[str]:
    notes = []
    if copies is not None:
        kept = max((copy.first + len(copy.lines) for copy in copies if copy.host == ledger.host), default=0)
        if kept < len(ledger.lines):
            notes.append(f"lines {kept + 1} to {len(ledger.lines)} are not copied yet: run `invoke releases.copy`")
    return notes
