"""What one command works with, from its lock to its last line in the journal."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import FencedError, HostError
from core.ports import Clock, EdgeProbe, Input, LocalCommand, Ran, Record, Shell
from core.settings.release import Release as Settings
from deploy import commands
from deploy.facts import HostFacts, failure, read_lease
from deploy.journal import BEGIN, ROLLBACK, Entry, stamp
from deploy.layout import Layout
from deploy.lock import Owner, this_owner
from deploy.progress import Progress

if TYPE_CHECKING:
    from deploy.after import After
    from deploy.credentials import Sources

STEP_SECONDS = 90.0
_ROLLBACK_DRAIN_SECONDS = 5.0


@dataclass(frozen=True)
class World:
    """What a command reaches out with. ``edge`` is none where the stack names no public address.

    ``record`` is the journal on this machine, ``left_out`` the hosts that the caller does without, ``wait_seconds`` how
    long to wait for a lock that is taken, ``stack`` the name of what is released to, ``sources`` where secrets come
    from, ``after`` what follows a switch, ``local`` what runs a command on this machine, ``protected`` whether it takes
    a release only after a drill.
    """

    shells: Mapping[str, Shell]
    edge: EdgeProbe | None
    clock: Clock
    progress: Progress
    settings: Settings
    layout: Layout = field(default_factory=Layout)
    owner: Owner = field(default_factory=this_owner)
    record: Record | None = None
    left_out: tuple[str, ...] = ()
    wait_seconds: float = 0.0
    stack: str = ""
    sources: Sources | None = None
    after: After | None = None
    local: LocalCommand | None = None
    protected: bool = False


@dataclass
class Operation:
    """One deploy or rollback of one version. ``digest`` may differ from host to host only by a host's fault.

    ``cut`` has how many connections each host still had open on a colour at the drain's deadline, where it had any.
    """

    world: World
    action: str
    version: str
    digest: str
    began: float
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    phases: dict[str, float] = field(default_factory=dict)
    fences: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    maintenance: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    heads: dict[str, str] = field(default_factory=dict)
    returns: bool = False
    _record_lost: bool = field(default=False, repr=False)

    @property
    def edge(self) -> EdgeProbe | None:
        """Who is asked through the public address: nobody while visitors see the maintenance page."""
        return None if self.maintenance else self.world.edge

    @property
    def must_record(self) -> bool:
        """A deploy needs its journal. A rollback goes on without: a full disk may be why it is asked for."""
        return not self.is_way_back

    @property
    def is_way_back(self) -> bool:
        """Is it the way to what was live before? That is taken though neither the journal nor the edge follows."""
        return self.action == ROLLBACK or self.returns

    @property
    def drain_seconds(self) -> float:
        """How long what is replaced may go on with what is open. In a rollback hardly: what serves now is bad."""
        configured = self.world.settings.drain_seconds
        return min(configured, _ROLLBACK_DRAIN_SECONDS) if self.action == ROLLBACK else configured

    def seconds(self) -> float:
        """Since it began."""
        return round(self.world.clock.monotonic() - self.began, 3)

    def holds(self, fleet: Mapping[str, HostFacts]) -> None:
        """The locks are ours: show their tokens from now on, and witness how far each host's journal has come."""
        self.fences = {name: facts.fence for name, facts in fleet.items()}
        self.maintenance = any(facts.maintenance for facts in fleet.values())
        self.evidence["heads"] = {name: facts.head for name, facts in fleet.items()}
        if self.world.left_out:
            self.evidence["without"] = list(self.world.left_out)

    def begins(self, colour: str | None) -> str:
        """The journal's first line of this command."""
        return self.entry(BEGIN, colour, evidence=self.evidence)

    def ends(self, step: str, colour: str | None, result: str = "ok") -> str:
        """The journal's last line of this command: with all that was seen."""
        seen = {name: value for name, value in self.evidence.items() if name != "heads"}
        seen |= {"cut": self.cut} if self.cut else {}
        return self.entry(step, colour, result, evidence={**seen, "phases": self.phases})

    def entry(
        self,
        step: str,
        colour: str | None = None,
        result: str = "ok",
        *,
        schema: int | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> str:
        """A line for the journal, of this moment."""
        return Entry(
            at=stamp(self.world.clock.now()),
            run=self.run,
            who=self.world.owner.who,
            action=self.action,
            step=step,
            version=self.version,
            digest=self.digest,
            colour=colour or "",
            result=result,
            seconds=self.seconds(),
            schema=schema,
            evidence=evidence,
        ).line()

    def step(self, name: str, script: str, timeout: float = 0.0, stdin: Input = None) -> list[str]:
        """Run a script on the host ``name``: its lines. Raises :class:`HostError` for one that failed.

        ``timeout`` is what the script may take beyond a usual step's time, in seconds.
        """
        fenced = commands.fenced(script, self.fences[name], next(self._numbers))
        ran = self.world.shells[name].run(fenced, timeout=STEP_SECONDS + timeout, stdin=stdin)
        lines = said(name, ran)
        if cut := read_cut(lines):
            self.cut[name] = self.cut.get(name, 0) + cut
        for head in (line.removeprefix("head ") for line in lines if line.startswith("head ")):
            self.heads[name] = head
        return lines

    def write_down(self, name: str, line: str) -> None:
        """Journal a line on one host, by a step of its own. Raises what :meth:`step` does."""
        self.step(name, commands.begin(self.world.layout, line))

    def witness(self) -> None:
        """Write down on this machine what the last line of each host's journal was when the command ended there."""
        if self.heads:
            self._note_down("end", None, heads=self.heads)

    def told(self, name: str, states: Mapping[str, str]) -> None:
        """Tell of a phase that began with the command itself."""
        self.phases[name] = self.seconds()
        self.world.progress.phase(name, self.phases[name], states)

    @contextmanager
    def phase(self, name: str) -> Iterator[dict[str, str]]:
        """Time what is done inside, and tell it with what was put into the mapping: host → how it went."""
        states: dict[str, str] = {}
        began = self.world.clock.monotonic()
        self._note_down(name, None)
        try:
            yield states
        except BaseException:
            if not states:
                states.update(dict.fromkeys(self.world.shells, "not done"))
            raise
        finally:
            self.phases[name] = round(self.world.clock.monotonic() - began, 3)
            self._note_down(name, states)
            self.world.progress.phase(name, self.phases[name], states)

    def _note_down(self, phase: str, states: Mapping[str, str] | None, **more: Any) -> None:
        """On this machine too: that a phase begins, and then how it went on each host."""
        if self.world.record is None:
            return
        line = {"at": stamp(self.world.clock.now()), "run": self.run, "who": self.world.owner.who}
        line |= {"action": self.action, "version": self.version, "digest": self.digest, "phase": phase}
        try:
            self.world.record.add(json.dumps({**line, "hosts": states, **more}, separators=(",", ":")))
        except HostError as error:
            if self.must_record and states is None and not more:
                raise HostError(f"{error}: a deploy does not go on without its record: mend that first") from None
            if not self._record_lost:
                self.world.progress.note(f"{error}: going on without it")
            self._record_lost = True


def read_cut(lines: Sequence[str]) -> int:
    """How many connections a script says were still open at the drain's deadline."""
    return sum(int(line.removeprefix("cut ")) for line in lines if line.startswith("cut "))


def said(name: str, ran: Ran) -> list[str]:
    """The lines of a script that ended well.

    Raises :class:`HostError` in the host's own words, :class:`FencedError` where another has the lock by now.
    """
    fenced = [line for line in ran.out.splitlines() if line.startswith("fenced ")]
    if ran.status and fenced:
        lease = read_lease(fenced[0].removeprefix("fenced "), 0)
        now = f"{lease.who} has it since {lease.since} ({lease.action})" if lease else "nobody has it now"
        raise FencedError(
            f"{name}: this command has lost its lock, and {now}: nothing more was changed there; see `invoke releases`"
        )
    if ran.status:
        raise HostError(f"{name}: {failure(ran)}")
    return ran.out.splitlines()
