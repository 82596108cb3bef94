"""The way back tried out on the live environment: to the release before and forward again, under real requests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.errors import FencedError, LaunchReadyError, RollbackError, SplitError
from core.ports import Answer
from deploy import commands
from deploy.after import purge, tell
from deploy.commands import Check, Cooling
from deploy.drills import drill_budget
from deploy.facts import HostFacts, Kept, read_facts
from deploy.fleet import at_once, told
from deploy.journal import DONE, DRILL
from deploy.layout import other
from deploy.lock import locked
from deploy.operation import Operation, World, said
from deploy.plan import cut_short, place
from deploy.turn import start_everywhere, turn
from rollback.choose import choose
from rollback.drilled import Drilled, evidence, failures
from rollback.prober import Counted, Prober, count

_BEFORE_SECONDS = 1.0
_ATTEMPTS = 2


@dataclass
class _Course:
    """Both directions, what was measured, what went wrong, and an interrupt that has to wait."""

    forth: Operation
    back: Operation
    fleet: Mapping[str, HostFacts]
    seconds: dict[str, float] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    interrupt: BaseException | None = None

    @property
    def live(self) -> str:
        return self.forth.version

    @property
    def before(self) -> str:
        return self.back.version


def drill(world: World) -> Drilled:
    """Go back to the last good release and forward again, both verified, and write down what it took.

    Raises :class:`RollbackError` where there is nothing to drill, or where the hosts could not be brought forward
    again: the message says what they serve. Whatever else goes wrong is in the result.
    """
    began = world.clock.monotonic()
    with locked(world, DRILL, preflight=False) as fleet:
        course = _course(world, fleet, began)
        health = _check(world, course.fleet, course.live)
        paths = list(dict.fromkeys([health.path, *world.settings.drill.paths]))
        with Prober(_asker(course.forth), paths, world.clock, world.settings.drill.requests_per_second) as prober:
            _run(course)
        counted = count(prober.asked, health, (course.live, course.before))
        return _ends(course, prober, counted)


def _course(world: World, fleet: Mapping[str, HostFacts], began: float) -> _Course:
    """Where it goes. Raises :class:`RollbackError` where there is no way back that could be tried out."""
    if cut := cut_short(fleet):
        raise RollbackError(
            f"the {cut.action} of {cut.version} was cut short: run `invoke deploy.resume` or .abort first"
        )
    if any(facts.maintenance for facts in fleet.values()):
        raise RollbackError("the maintenance page is on: nobody could tell what visitors get during a drill")
    before = choose(fleet, None)
    live = {name: facts.version for name, facts in fleet.items()}
    good = {name: next(reversed(facts.good), None) for name, facts in fleet.items()}
    version = next(iter(live.values()))
    if version is None or len({*live.values(), *good.values()}) > 1 or not all(f.settled for f in fleet.values()):
        raise RollbackError(f"{told(live)}, and not what is live for good: run `invoke rollback` or a deploy first")
    kept = [facts.kept.get(release) for facts in fleet.values() for release in (version, before)]
    if None in kept:
        raise RollbackError(f"{version} is not kept on every host, so a drill could not come back to it")
    forth = Operation(world, DRILL, version, _digest(fleet, version), began, returns=True)
    forth.holds(fleet)
    # one command: the hosts count its steps through
    back = replace(forth, version=before, digest=_digest(fleet, before), phases={}, evidence={}, returns=False)
    forth.evidence["to"] = before
    forth.told("look", {name: f"on {facts.version}" for name, facts in fleet.items()})
    return _Course(forth, back, fleet)


def _digest(fleet: Mapping[str, HostFacts], version: str) -> str:
    digests = {facts.kept[version].digest for facts in fleet.values()}
    if len(digests) > 1:
        raise RollbackError(f"the hosts keep different contents of {version}: deploy it anew under another version")
    return digests.pop()


def _check(world: World, fleet: Mapping[str, HostFacts], version: str) -> Check:
    kept: Kept = next(iter(fleet.values())).kept[version]
    return Check(kept.health_path, world.settings.health.status, version)


def _asker(operation: Operation) -> Callable[[str], Answer]:
    """Through the edge as a visitor; without one, nginx on each host in turn."""
    if operation.edge is not None:
        return operation.edge.ask
    world, names = operation.world, itertools.cycle(operation.world.shells)

    def ask(path: str) -> Answer:
        name = next(names)
        try:
            lines = said(name, world.shells[name].run(commands.ask(world.layout, path), timeout=10))
        except LaunchReadyError as error:
            return Answer(0, reason=str(error))
        status, _, release = (lines[-1] if lines else "").partition(" ")
        return Answer(int(status) if status.isdecimal() else 0, release, "" if status else f"{name} says nothing")

    return ask


def _run(course: _Course) -> None:
    """There and back again. What goes wrong on the way is kept: first of all the traffic goes to where it was."""
    clock, settings = course.forth.world.clock, course.forth.world.settings.drill
    for name, facts in course.fleet.items():
        colour = place(facts, course.before).colour
        course.back.write_down(name, course.forth.begins(colour))
    try:
        clock.sleep(_BEFORE_SECONDS)
        _go(course, course.back, "back")
        clock.sleep(settings.stay_seconds)
    except FencedError:
        raise
    except LaunchReadyError as error:
        course.reasons.append(f"back to {course.before}: {error}")
    except BaseException as error:  # noqa: BLE001 - raised again once the traffic is where it was
        course.interrupt = error
    _come_forth(course)
    if course.interrupt is None:
        clock.sleep(_BEFORE_SECONDS)


def _go(course: _Course, operation: Operation, direction: str) -> None:
    world = operation.world
    check = _check(world, course.fleet, operation.version)
    places = {name: place(facts, operation.version) for name, facts in course.fleet.items()}
    began = course.began[direction] = world.clock.monotonic()
    start_everywhere(operation, check, places, course.fleet)
    turned = turn(operation, check, places, course.fleet)
    course.seconds[direction] = round(world.clock.monotonic() - began, 3)
    purge(operation, places)
    if operation.edge is not None and not turned.edge.verified:
        course.reasons.append(f"{operation.version} through the edge: {turned.edge.reason}")


def _come_forth(course: _Course) -> None:
    """Until every host serves what was live, by its own word. Raises :class:`RollbackError`, loudly, if none helps."""
    for _ in range(_ATTEMPTS):
        try:
            _look_again(course)
            if all(facts.version == course.live and facts.settled for facts in course.fleet.values()):
                return
            _go(course, course.forth, "forth")
        except FencedError:
            raise
        except LaunchReadyError as error:
            course.reasons.append(f"forward to {course.live}: {error}")
        except BaseException as error:  # noqa: BLE001 - raised again once the traffic is where it was
            course.interrupt = error
    _look_again(course)
    serves = {name: facts.version for name, facts in course.fleet.items()}
    if set(serves.values()) == {course.live}:
        return
    kind = SplitError if len(set(serves.values())) > 1 else RollbackError
    reasons = "\n".join(course.reasons)
    raise kind(
        f"the drill did NOT end on {course.live}, which was live before it: {told(serves)}\n{reasons}\n"
        f"run `invoke rollback --to {course.live}` now"
    )


def _look_again(course: _Course) -> None:
    world = course.forth.world
    script = commands.look(world.layout)
    seen = at_once(world.shells, lambda name: read_facts(name, world.shells[name].run(script, timeout=30)))
    if seen.bad:
        why = "\n".join(str(error) for error in seen.bad.values())
        raise SplitError(
            f"{why}\nthe drill cannot tell what every host serves: bring those back, then run `invoke rollback --to"
            f" {course.live}`"
        )
    course.fleet = {name: replace(facts, fence=course.fleet[name].fence) for name, facts in seen.good.items()}


def _ends(course: _Course, prober: Prober, counted: Counted) -> Drilled:
    """Write it down on every host, and say what it was."""
    world, budget = course.forth.world, drill_budget(course.forth.world.settings)
    reasons = (
        *course.reasons,
        *failures(course.seconds, {"back": course.before, "forth": course.live}, counted, budget),
    )
    result = Drilled(
        version=course.live,
        before=course.before,
        back_seconds=course.seconds.get("back"),
        forth_seconds=course.seconds.get("forth"),
        first_back_seconds=_first(course, prober, "back", course.before),
        first_forth_seconds=_first(course, prober, "forth", course.live),
        budget_seconds=budget,
        counted=counted,
        reasons=reasons,
        unrecorded=(),
        seconds=course.forth.seconds(),
        phases={"back": course.back.phases, "forth": course.forth.phases},
    )
    course.forth.evidence[DRILL] = evidence(result)
    why = "; ".join(reasons) or ("interrupted" if course.interrupt else "ok")

    def end(name: str) -> list[str]:
        serving = course.fleet[name].serving
        entry = course.forth.ends(DONE, serving, why.replace("\n", "; ")[:300])
        cooling = Cooling(other(serving), world.settings.warm_seconds) if serving else None
        return course.forth.step(name, commands.finish(world.layout, entry, (), cooling))

    ended = at_once(course.fleet, end)
    course.forth.witness()
    if course.interrupt is not None:
        raise course.interrupt
    tell(
        course.back,
        {name: place(facts, course.before) for name, facts in course.fleet.items()},
        "drill",
        "; ".join(reasons),
    )
    unrecorded = _unrecorded(ended.good, ended.bad)
    nowhere = ("it could not be written down on any host",) if set(unrecorded) >= set(course.fleet) else ()
    return replace(result, unrecorded=unrecorded, reasons=(*reasons, *nowhere))


def _unrecorded(good: Mapping[str, list[str]], bad: Iterable[str]) -> tuple[str, ...]:
    return (*(name for name, lines in good.items() if "unrecorded" in lines), *bad)


def _first(course: _Course, prober: Prober, direction: str, version: str) -> float | None:
    began = course.began.get(direction)
    return None if began is None else prober.first(version, began)
