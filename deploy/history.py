"""The hosts' journals held against each other: who is behind whom. Pure.

Each journal is in its own right order; clocks are asked only where two journals have nothing in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deploy.facts import HostFacts
from deploy.journal import BEGIN, CATCH_UP, DONE, REFUSED, REVERTED, Entry


def compared(fleet: Mapping[str, HostFacts]) -> dict[str, HostFacts]:
    """The same facts, each host told what the others saw to its end."""
    done = {name: {entry.run for entry in facts.journal if entry.step == DONE} for name, facts in fleet.items()}
    everywhere = frozenset(run for runs in done.values() for run in runs)
    return {name: replace(facts, elsewhere=everywhere - done[name]) for name, facts in fleet.items()}


def behind(fleet: Mapping[str, HostFacts]) -> list[str]:
    """The hosts that have missed a command which another host has seen to its end, in the fleet's order."""
    return [
        name for name, late in fleet.items() if any(missed(facts.journal, late.journal) for facts in fleet.values())
    ]


def missed(leader: Sequence[Entry], late: Sequence[Entry]) -> list[Entry]:
    """The ends of good commands that ``leader`` has seen since it last had one in common with ``late``."""
    known = {entry.run for entry in late}
    return [entry for entry in _since_common(leader, late) if entry.step == DONE and entry.run not in known]


def superseded(own: Sequence[Entry], fleet: Mapping[str, HostFacts]) -> bool:
    """Has another host begun a command of which this one knows nothing? Then that one counts, unless it was refused."""
    known = {entry.run for entry in own}
    return any(
        entry.step == BEGIN and entry.run not in known and not taken_back(entry, fleet)
        for facts in fleet.values()
        for entry in _since_common(facts.journal, own)
    )


def taken_back(cut: Entry, fleet: Mapping[str, HostFacts]) -> bool:
    """Does any host know that the command was refused or reverted?"""
    over = (REFUSED, REVERTED)
    return any(entry.run == cut.run and entry.step in over for facts in fleet.values() for entry in facts.journal)


def _since_common(leader: Sequence[Entry], late: Sequence[Entry]) -> Sequence[Entry]:
    known = {entry.run for entry in late}
    # A catch-up is the late host's own: nobody else has missed it.
    leader = [entry for entry in leader if entry.action != CATCH_UP]
    last = max((index for index, entry in enumerate(leader) if entry.run in known), default=None)
    if last is not None:
        return leader[last + 1 :]
    since = max((entry.at for entry in late), default="")
    return [entry for entry in leader if entry.at > since]
