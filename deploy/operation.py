"""What one command works with, from its lock to its last line in the journal."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import HostError
from core.ports import Clock, EdgeProbe, Input, Ran, Shell
from core.settings.release import Release as Settings
from deploy.facts import failure
from deploy.journal import DEPLOY, Entry, stamp
from deploy.layout import Layout
from deploy.lock import Owner, this_owner
from deploy.progress import Progress

STEP_SECONDS = 90.0


@dataclass(frozen=True)
class World:
    """What a command reaches out with. ``edge`` is none where the stack names no public address."""

    shells: Mapping[str, Shell]
    edge: EdgeProbe | None
    clock: Clock
    progress: Progress
    settings: Settings
    layout: Layout = field(default_factory=Layout)
    owner: Owner = field(default_factory=this_owner)


@dataclass
class Operation:
    """One deploy or rollback of one version. ``digest`` may differ from host to host only by a host's fault."""

    world: World
    action: str
    version: str
    digest: str
    began: float
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def must_record(self) -> bool:
        """A deploy needs its journal. A rollback goes on without: a full disk may be why it is asked for."""
        return self.action == DEPLOY

    def seconds(self) -> float:
        """Since it began."""
        return round(self.world.clock.monotonic() - self.began, 3)

    def entry(self, step: str, colour: str | None = None, result: str = "ok", *, schema: int | None = None) -> str:
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
        ).line()

    def step(self, name: str, script: str, timeout: float = 0.0, stdin: Input = None) -> list[str]:
        """Run a script on the host ``name``: its lines. Raises :class:`HostError` for one that failed.

        ``timeout`` is what the script may take beyond a usual step's time, in seconds.
        """
        ran = self.world.shells[name].run(script, timeout=STEP_SECONDS + timeout, stdin=stdin)
        return said(name, ran)

    def told(self, name: str, states: Mapping[str, str]) -> None:
        """Tell of a phase that began with the command itself."""
        self.phases[name] = self.seconds()
        self.world.progress.phase(name, self.phases[name], states)

    @contextmanager
    def phase(self, name: str) -> Iterator[dict[str, str]]:
        """Time what is done inside, and tell it with what was put into the mapping: host → how it went."""
        states: dict[str, str] = {}
        began = self.world.clock.monotonic()
        try:
            yield states
        finally:
            self.phases[name] = round(self.world.clock.monotonic() - began, 3)
            self.world.progress.phase(name, self.phases[name], states)


def said(name: str, ran: Ran) -> list[str]:
    """The lines of a script that ended well. Raises :class:`HostError` in the host's own words."""
    if ran.status:
        raise HostError(f"{name}: {failure(ran)}")
    return ran.out.splitlines()
