"""Who goes on in a schedule, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.model.fleet import Fleet
from tests.model.schedule import Schedule, Task


@dataclass
class Straight:
    """Each command to its end; at the pauses of ``plan``, by number or by what is about to be done, its accidents."""

    fleet: Fleet
    plan: list[tuple[int | str, str]] = field(default_factory=list)

    def accident(self, schedule: Schedule) -> tuple[str, Callable[[], None]] | None:
        if not self.plan:
            return None
        pause = self.plan[0][0]
        if schedule.at != pause if isinstance(pause, str) else schedule.pauses < pause:
            return None
        wanted = self.plan.pop(0)[1]
        return next((found for found in self.fleet.accidents() if found[0] == wanted), None)

    def turn(self, runnable: list[Task], last: Task) -> Task:
        return last if last in runnable else runnable[0]


@dataclass
class Walk:
    """By lot: turns that mostly stay where they were, and ``accidents`` of them at most."""

    fleet: Fleet
    lot: random.Random
    accidents: int

    def accident(self, schedule: Schedule) -> tuple[str, Callable[[], None]] | None:
        drawn = self.lot.random()
        if drawn < 0.1 and (events := self.fleet.quiet_events()):
            return self.lot.choice(events)
        if drawn > 0.98 and self.accidents:
            self.accidents -= 1
            return self.lot.choice(self.fleet.accidents())
        return None

    def turn(self, runnable: list[Task], last: Task) -> Task:
        drawn = self.lot.random()
        if last in runnable and drawn < 0.5:
            return last
        same = [task for task in runnable if task.process is last.process]
        return self.lot.choice(same if same and drawn < 0.93 else runnable)
