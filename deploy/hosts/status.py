"""``status``: how every host is now, and what to do next. What an incident turns on, in one look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import HostError
from core.ports import Ran, Shell
from core.terminal import clean
from deploy.facts import HostFacts, read_facts
from deploy.fleet import Gathered, at_once, told
from deploy.history import behind, compared
from deploy.hosts import commands
from deploy.journal import Entry, unfinished
from deploy.layout import Layout
from deploy.plan import cut_short

_SECONDS = 30.0
FULL_PERCENT = 90
MOST_ERRORS = 0.05
FEW_REQUESTS = 20


@dataclass(frozen=True)
class HostStatus:
    """One host now. ``health`` and ``nginx`` are what its release and its nginx answer: ``(status, version)``.

    ``in_flight`` has the open connections a colour (none: not known), ``recent`` the requests and 5xx of five minutes,
    or since the last switch where that is shorter ago.
    """

    facts: HostFacts
    health: tuple[int, str]
    nginx: tuple[int, str]
    in_flight: Mapping[str, int | None]
    disk_percent: int
    disk_free: int
    recent: tuple[int, int]

    @property
    def healthy(self) -> bool:
        """Does the live release answer well, itself and through nginx?"""
        return all(
            200 <= status < 400 and version == self.facts.version for status, version in (self.health, self.nginx)
        )

    @property
    def failing(self) -> bool:
        """Are there more 5xx than a release may have, of enough requests?"""
        requests, errors = self.recent
        return requests >= FEW_REQUESTS and errors > MOST_ERRORS * requests

    @property
    def busy(self) -> bool:
        """Is somebody releasing to it now? Whoever let the lease run out has lost the lock to the next one."""
        return self.facts.lease is not None and self.facts.lease.left > 0

    @property
    def unfinished(self) -> Entry | None:
        """The command that was begun and not ended, unless somebody is at it now."""
        return None if self.busy else unfinished(self.facts.journal)


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the command that mends it."""

    what: str
    command: str


def status(shells: Mapping[str, Shell], layout: Layout) -> Gathered[HostStatus]:
    """Ask every host at once; one that cannot be reached is among the bad ones."""
    script = commands.status(layout)
    return at_once(shells, lambda name: read_status(name, shells[name].run(script, timeout=_SECONDS)))


def read_status(name: str, ran: Ran) -> HostStatus:
    """What a host said. Raises :class:`HostError` where it said something else."""
    facts = read_facts(name, ran)
    words = dict(line.split(" ", 1) for line in ran.out.splitlines() if " " in line and not line.startswith("journal "))
    flights = [line.split(" ")[1:] for line in ran.out.splitlines() if line.startswith("in-flight ")]
    try:
        percent, free = words["disk"].split()
        requests, errors = words["recent"].split()
        return HostStatus(
            facts=facts,
            health=_answer(words["health"]),
            nginx=_answer(words["nginx"]),
            in_flight={colour: int(count) if count.isdecimal() else None for colour, count in flights},
            disk_percent=int(percent.rstrip("%")),
            disk_free=int(free),
            recent=(int(requests), int(errors)),
        )
    except (KeyError, ValueError):
        raise HostError(f"{name} does not say how it is: run `invoke hosts.prepare` for it") from None


def _answer(text: str) -> tuple[int, str]:
    code, _, version = text.partition(" ")
    return int(code) if code.isdecimal() else 0, version


def problems(found: Gathered[HostStatus], stack: str) -> list[Problem]:
    """What keeps the platform from being whole, the worst first: the first one's command is the next to run."""
    on = f"--stack {stack}{''.join(f' --without {name}' for name in found.bad)}"
    others = [*_unfinished(found, on), *_serving(found, on), *_later(found, stack)]
    return [*_gone(found, stack, others), *others]


def _gone(found: Gathered[HostStatus], stack: str, others: Sequence[Problem]) -> Iterator[Problem]:
    """Hosts that do not answer. What ails the others is mended first; where they are well, nothing is to be undone."""
    back = f"bring it back, or take it out of DNS; then invoke deploy.catch-up --stack {stack}"
    for reason in found.bad.values():
        yield Problem(clean(str(reason)), _HERE if not found.good else others[0].command if others else back)


_HERE = "rollback-here (docs/incident.md, by the provider's console)"


def _unfinished(found: Gathered[HostStatus], on: str) -> Iterator[Problem]:
    """By the same rule as `invoke deploy.resume` would find it: what other hosts know to be over is over."""
    cut = cut_short(compared({name: host.facts for name, host in found.good.items()}))
    if cut is not None and not any(host.busy for host in found.good.values()):
        names = [name for name, host in found.good.items() if host.unfinished and host.unfinished.run == cut.run]
        yield Problem(
            f"{', '.join(names)}: the {cut.action} of {clean(cut.version)} by {clean(cut.who)}, {clean(cut.at)},"
            " was cut short",
            f"invoke deploy.resume {on}  (or deploy.abort, or rollback)",
        )


def _serving(found: Gathered[HostStatus], on: str) -> Iterator[Problem]:
    versions = {name: host.facts.version for name, host in found.good.items()}
    if len(set(versions.values())) > 1:
        yield Problem(f"the hosts serve different versions: {told(versions)}", _to_one(found, on))
    for name, host in found.good.items():
        if host.facts.version is None:
            yield Problem(f"{name} serves nothing", f"invoke deploy {on} --artifact FILE")
        elif not host.healthy:
            own, seen = _said(host.health), _said(host.nginx)
            yield Problem(f"{name}: {host.facts.version} answers {own}, through nginx {seen}", f"invoke rollback {on}")
        elif host.failing:
            requests, errors = host.recent
            yield Problem(f"{name}: {errors} of {requests} requests got 5xx", f"invoke rollback {on}")


def _to_one(found: Gathered[HostStatus], on: str) -> str:
    """What has all serve the same, with what it would do: the last command may have been one host's alone."""
    fleet = compared({name: host.facts for name, host in found.good.items()})
    choose = f"invoke rollback {on} --to VERSION, the one that is good"
    late = behind(fleet)
    ahead = {facts.version for name, facts in fleet.items() if name not in late}
    if not late or len(ahead) != 1:
        return choose
    return f"invoke deploy.catch-up {on}, which brings {', '.join(late)} to {ahead.pop() or 'nothing'}; or {choose}"


def _said(answer: tuple[int, str]) -> str:
    code, version = answer
    return f"{code or 'nothing'}{f' ({clean(version)})' if version else ''}"


def _later(found: Gathered[HostStatus], stack: str) -> Iterator[Problem]:
    closed = [name for name, host in found.good.items() if host.facts.maintenance]
    if closed:
        yield Problem(f"maintenance is on: {', '.join(closed)}", f"invoke maintenance.off --stack {stack}")
    for name, host in found.good.items():
        if host.disk_percent >= FULL_PERCENT:
            yield Problem(f"{name}: the disk is {host.disk_percent} % full", f"invoke hosts.audit --stack {stack}")
        if not host.facts.settled and not host.busy:
            boots = host.facts.boots or "nothing"
            yield Problem(f"{name}: a boot would serve {boots}", f"invoke deploy.resume --stack {stack}")
