"""The way forward: from hosts whose locks are held to a release that is live. A deploy takes it, and a resumed one.

Until every host has said that the release is healthy there, nothing but the idle colour is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from core.errors import FencedError, HealthError, HostError, LaunchReadyError, RollbackError
from deploy.after import purge, taken_back_is_told, tell
from deploy.artifact import Artifact, require_vouched
from deploy.canary import Plan, plan_of, try_out
from deploy.commands import Check
from deploy.credentials import place_credentials, read_secrets
from deploy.edge import EdgeOutcome
from deploy.facts import HostFacts, Kept
from deploy.finish import finish_all
from deploy.fleet import at_once
from deploy.journal import REFUSED
from deploy.layout import Colour
from deploy.operation import Operation
from deploy.plan import Place, place
from deploy.send import migrate, send_all
from deploy.turn import Turned, start_everywhere, take_back, turn, withdraw_all
from deploy.watch import Watched, watch


@dataclass(frozen=True)
class Deployed:
    """A release that is live and verified. ``seconds`` is the whole, ``phases`` its parts, in their order.

    ``watched`` has the requests and 5xx that were seen while it was watched, over all hosts; ``left_out`` names those
    that the caller did without; ``cut`` how many connections a host still had open on what it stopped when their time
    to drain was over; ``canary`` has the figures of each step.
    """

    version: str
    before: Mapping[str, str | None]
    colours: Mapping[str, Colour]
    already: bool
    edge: EdgeOutcome
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    watched: tuple[int, int] = (0, 0)
    left_out: tuple[str, ...] = ()
    cut: Mapping[str, int] = field(default_factory=dict)
    canary: tuple[Mapping[str, Any], ...] = ()


def put_live(
    operation: Operation,
    release: Kept,
    fleet: Mapping[str, HostFacts],
    watch_seconds: float | None = None,
    artifact: Artifact | None = None,
    plan: Plan | None = None,
) -> Deployed:
    """Bring ``release`` up beside what is live, move every host to it, watch it, and write down that it is good.

    Without an ``artifact`` every host must keep it already, without a ``plan`` the settings say whether there is a
    canary. Raises what :func:`deploy.api.deploy` raises.
    """
    world = operation.world
    if artifact is not None:
        require_vouched(artifact, world.settings.signing_keys)
        operation.evidence |= {"tree": artifact.tree} | ({"signature": artifact.vouched} if artifact.vouched else {})
    health = world.settings.health
    check = Check(release.health_path, health.status, release.version, health.body or "")
    places = {name: place(facts, release.version) for name, facts in fleet.items()}
    secrets = read_secrets(operation, release)
    plan = plan or plan_of(world.settings.canary)
    if plan.steps:
        operation.evidence["plan"] = asdict(plan)
    with _or_refused(operation, places) as touched:
        at_once(places, lambda name: operation.write_down(name, operation.begins(places[name].colour))).or_raise()
        if artifact is not None:
            _send(operation, artifact, fleet)
        place_credentials(operation, places, secrets)
        # A host that was moved already says that they were run; and what serves there must not be stopped for them.
        if release.migrations and not any(where.moved or not where.moves for where in places.values()):
            touched.add(min(places))
            _migrate(operation, release, places)
    start_everywhere(operation, check, places, fleet)
    with taken_back_is_told(operation, places):
        try_out(operation, check, places, plan)
        turned = turn(operation, check, places, fleet)
        purge(operation, places)
        seconds = world.settings.watch.seconds if watch_seconds is None else watch_seconds
        watched = _watch(operation, check, places, fleet, turned, seconds) if seconds else {}
    finished = finish_all(operation, places, fleet, world.settings.keep)
    if finished.bad:
        reasons = "\n".join(str(reason) for reason in finished.bad.values())
        raise HostError(f"{reasons}\n{release.version} is live and verified on every host; run the same command again")
    done = result(operation, places, turned, watched)
    tell(operation, places, "live")
    return done


@contextmanager
def _or_refused(operation: Operation, places: Mapping[str, Place]) -> Iterator[set[str]]:
    """What goes wrong inside ends the command in every host's journal; the hosts put into the set are put in order."""
    touched: set[str] = set()
    try:
        yield touched
    except BaseException as error:
        why = str(error)[:200] if isinstance(error, LaunchReadyError) else "interrupted"
        undone = withdraw_all(operation, places, REFUSED, why, untouched=set(places) - touched)
        for reason in undone.bad.values():
            operation.world.progress.note(f"{reason} (while the end of this command was written down there)")
        if not isinstance(error, Exception):
            operation.world.progress.note("it was interrupted before any traffic moved: nothing changed for visitors")
        raise


def _send(operation: Operation, artifact: Artifact, fleet: Mapping[str, HostFacts]) -> None:
    with operation.phase("upload") as states:
        sent = send_all(operation, artifact, fleet)
        states.update(sent.good | dict.fromkeys(sent.bad, "failed"))
    sent.or_raise()


def _migrate(operation: Operation, release: Kept, places: Mapping[str, Place]) -> None:
    try:
        with operation.phase("migrate") as states:
            states.update(migrate(operation, release, places))
    except FencedError:
        raise
    except LaunchReadyError as error:
        kept = f"{release.version} was not started: every host serves what it served before"
        raise (HealthError if isinstance(error, HealthError) else HostError)(f"{error}\n{kept}") from None
    except KeyboardInterrupt:
        operation.world.progress.note(
            f"the migrations of {release.version} may still be running on {min(places)}: the next ones wait for them"
        )
        raise


def _watch(
    operation: Operation,
    check: Check,
    places: Mapping[str, Place],
    fleet: Mapping[str, HostFacts],
    turned: Turned,
    seconds: float,
) -> dict[str, Watched]:
    try:
        with operation.phase("watch") as states:
            watched, reason = watch(operation, check, places, turned.marks, seconds)
            states.update({name: f"{host.requests} requests, {host.errors} 5xx" for name, host in watched.items()})
    except BaseException:
        operation.world.progress.note(
            f"{check.version} is live and verified, but was not watched to the end: run the same command again, or"
            " `invoke rollback`"
        )
        raise
    if reason and not any(where.before_version for where in places.values()):
        raise RollbackError(f"{check.version} turned bad: {reason}; it is the first release here, so it was left live")
    if reason:
        raise take_back(operation, places, fleet, f"it turned bad: {reason}")
    return watched


def result(
    operation: Operation,
    places: Mapping[str, Place],
    turned: Turned,
    watched: Mapping[str, Watched] | None = None,
    *,
    already: bool = False,
) -> Deployed:
    """What a deploy gives back, from what it saw."""
    seen = list((watched or {}).values())
    return Deployed(
        version=operation.version,
        before={name: where.before_version for name, where in places.items()},
        colours={name: where.colour for name, where in places.items()},
        already=already,
        edge=turned.edge,
        seconds=operation.seconds(),
        phases=operation.phases,
        left_out=operation.world.left_out,
        watched=(sum(host.requests for host in seen), sum(host.errors for host in seen)),
        cut=operation.cut,
        canary=tuple(operation.evidence.get("canary", ())),
    )
