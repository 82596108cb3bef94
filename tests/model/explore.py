"""Ways through the protocol: every accident at every pause of one command, what a second makes of that, and by lot.

What the hosts are left in is known by its fingerprint, so that the same is gone on from once.
"""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.settings.release import Release
from tests.model.fleet import CAREFUL, SETTINGS, Fleet, fleet
from tests.model.host import Model
from tests.model.judge import judge
from tests.model.policies import Straight, Walk
from tests.model.schedule import Schedule

Command = tuple[str, str]
FIRST: tuple[Command, ...] = (("deploy", "3"), ("rollback", ""))
SECOND: tuple[Command, ...] = (
    ("deploy", "3"),
    ("deploy", "4"),
    ("rollback", ""),
    ("resume", "3"),
    ("resume", ""),
    ("abort", ""),
)
RECOVERIES = ("resume", "abort", "rollback", "deploy")


@dataclass(frozen=True)
class Violation:
    """What must never be, and the way there."""

    wrong: str
    way: str


@dataclass
class Explored:
    """What was gone through. ``states`` are the different ones that hosts were left in."""

    schedules: int = 0
    states: set[str] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)

    def add(self, case: Fleet, way: str, recovery: str) -> None:
        """Judge a schedule that has ended."""
        self.schedules += 1
        self.violations += [Violation(wrong, f"{way}\n{case.told()}") for wrong in judge(case, recovery)]


def fingerprint(hosts: dict[str, Model]) -> str:
    """What matters of the hosts: no moment, no name of a run."""
    runs: dict[str, int] = {}
    seen = []
    for name, host in sorted(hosts.items()):
        lines = []
        for line in host.journal:
            try:
                entry = json.loads(line)
            except ValueError:
                lines.append("torn")
                continue
            number = runs.setdefault(entry["run"], len(runs))
            lines.append(f"{number} {entry['action']} {entry['step']} {entry['version']}")
        seen.append((name, sorted(host.slots.items()), sorted(host.running.items()), host.current, host.live, lines))
    return repr(seen)


def run(case: Fleet, commands: tuple[Command, ...], plan: Sequence[tuple[int | str, str]]) -> None:
    case.schedule = Schedule(Straight(case, list(plan)), case.unstick)
    for action, version in commands:
        case.releaser(action, version)
    case.schedule.run()


def accidents_of(hosts: dict[str, Model], command: Command, settings: Release) -> Iterator[tuple[int, str]]:
    """Each accident at each pause of the command."""
    case = Fleet(copy.deepcopy(hosts), settings)
    run(case, (command,), [])
    kinds = ["kill 1:{}", "interrupt 1:{}"]
    kinds += [
        kind
        for name in hosts
        for kind in (f"cut 1:{{}} from {name}", f"{name} slow for 1:{{}}", f"{name} off", f"{name} off and on")
    ]
    for pause in range(1, case.schedule.pauses + 1):
        for kind in kinds:
            yield pause, kind.format("".join(command))


def one_accident(explored: Explored, lot: random.Random, seconds: float) -> dict[str, tuple[str, dict[str, Model]]]:
    """Every accident in one command, in any order, until the time is over: the states that hosts were left in."""
    ends, left = time.monotonic() + seconds, {}
    start = fleet().hosts
    ways = [
        (settings, command, *accident)
        for settings in (SETTINGS, CAREFUL)
        for command in FIRST
        for accident in accidents_of(start, command, settings)
    ]
    lot.shuffle(ways)
    for settings, command, pause, accident in ways:
        if time.monotonic() > ends:
            break
        case = Fleet(copy.deepcopy(start), settings)
        run(case, (command,), [(pause, accident)])
        way = f"{command} with {accident!r} at pause {pause}"
        case.settle()
        if (mark := fingerprint(case.hosts)) not in explored.states:
            explored.states.add(mark)
            left[mark] = (way, copy.deepcopy(case.hosts))
        explored.add(case, way, lot.choice(RECOVERIES))
    return left


def second_command(
    explored: Explored, lot: random.Random, left: dict[str, tuple[str, dict[str, Model]]], seconds: float
) -> None:
    """From each state that one command left: each other command, with a sick host or not, with an accident or not."""
    ends = time.monotonic() + seconds
    ways = [(*one, command, sick) for one in left.values() for command in SECOND for sick in ("", "a", "b")]
    lot.shuffle(ways)
    plain = True
    while time.monotonic() < ends:
        for way, hosts, command, sick in ways:
            if time.monotonic() > ends:
                return
            case = Fleet(copy.deepcopy(hosts), lot.choice((SETTINGS, CAREFUL)))
            if sick:
                case.hosts[sick].sick.add(command[1] or "3")
            plan = [] if plain else [lot.choice(_likely(case, command))]
            run(case, (command,), list(plan))
            then = f"{way}\nthen {command} with {plan} (sick: {sick or 'none'})"
            case.cure()
            explored.add(case, then, lot.choice(RECOVERIES))
            explored.states.add(fingerprint(case.hosts))
        plain = False


def _likely(case: Fleet, command: Command) -> list[tuple[int, str]]:
    name = f"1:{''.join(command)}"
    kinds = [f"kill {name}", f"interrupt {name}", "a off", "b off", f"cut {name} from b", f"a slow for {name}"]
    return [(pause, kind) for pause in range(10, 80) for kind in kinds]


def by_lot(explored: Explored, seed: int, *, fences: bool = True) -> None:
    """Some commands at once, turns and accidents drawn by lot; without ``fences`` no host asks for a token."""
    lot = random.Random(seed)
    case = fleet(lot.choice(("ab", "ab", "abc")))
    case.settings = lot.choice((SETTINGS, SETTINGS, CAREFUL))
    for host in case.hosts.values():
        host.fences = fences
    case.schedule = Schedule(Walk(case, lot, lot.choice((0, 1, 1, 2, 3))), case.unstick)
    for chance, where in ((0.2, "sick"), (0.1, "mute")):
        if lot.random() < chance:
            getattr(lot.choice(list(case.hosts.values())), where).add(lot.choice("34"))
    for _ in range(lot.choice((1, 2, 2, 3))):
        case.releaser(*lot.choice(SECOND))
    case.schedule.run()
    case.cure()
    explored.add(case, f"by lot, seed {seed}", lot.choice(RECOVERIES))
    explored.states.add(fingerprint(case.hosts))
