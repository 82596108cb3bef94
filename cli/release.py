"""Releases: ``deploy``, ``rollback``, ``releases``. Each joins settings, SSH and the edge to the logic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from cli.dry_run import DRY_RUN, rehearsed
from cli.guard import command
from cli.output import show
from cli.world import JSON, STACK, WAIT, WITHOUT, Wishes, reached, seconds
from core.errors import RollbackError, SettingsError

if TYPE_CHECKING:
    from deploy.forward import Deployed
    from deploy.operation import World
    from rollback.api import RolledBack


@command(
    name="start",
    default=True,
    help={
        "stack": STACK,
        "artifact": "the release's .tar.gz (docs/artifact.md)",
        "canary": "rising percentages of the traffic to try it on first, such as 10,50,100; 100 is none",
        "step": "how long each of them is watched, such as 60s or 2m",
        "watch": "how long to watch it once it is live, such as 60s or 10m; 0 is not at all",
        "without-drill": "why a protected stack takes it though no rollback was drilled lately; it is written down",
        "without": WITHOUT,
        "wait": WAIT,
        "dry-run": DRY_RUN,
        "json": JSON,
    },
    iterable=["without"],
)
def deploy(
    _context: Context,
    stack: str = "",
    artifact: str = "",
    canary: str = "",
    step: str = "",
    watch: str = "",
    without_drill: str = "",
    without: Sequence[str] | None = None,
    wait: str = "",
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """
    Put a release live on every host of a stack, or on none.

    It is uploaded, started beside the live one and proven healthy on every host before any host switches; then each
    host and the edge must answer with it, and it is watched for a while. What goes wrong leaves the traffic where it
    was, or takes it back. The release before stays warm for `invoke rollback`. With --canary it first gets a part of
    every host's traffic, and goes back if it does worse than the one before (docs/releasing.md).

        invoke deploy --stack lab --artifact community-2.0.0.tar.gz
        invoke deploy --stack lab --artifact community-2.0.0.tar.gz --watch 10m
        invoke deploy --stack lab --artifact community-2.0.0.tar.gz --canary 10,50,100 --step 60s
        invoke deploy --stack lab --artifact community-2.0.0.tar.gz --without app-2
        invoke deploy --stack lab --artifact community-2.0.0.tar.gz --dry-run

    Exit status: 0 live and verified; 2 the artefact or a setting; 3 somebody else is releasing; 4 not healthy, traffic
    untouched; 5 taken back; 6 bad, with no release to go back to; 7 hosts serve different versions; 1 anything else,
    traffic untouched unless it says otherwise.
    """
    from cli import release_text as text
    from deploy.api import deploy as run
    from deploy.artifact import open_artifact
    from deploy.canary import plan_of

    if not artifact:
        raise SettingsError("--artifact is missing: give it the release's .tar.gz")
    soak = seconds("--watch", watch) if watch else None
    percents = _percents(canary) if canary else None
    each = seconds("--step", step, 86400) if step else None
    wishes = Wishes(quiet=json, without=without or (), wait=wait, secrets=True, copies=True, gated=True)

    def work(world: World) -> Deployed:
        plan = plan_of(world.settings.canary, percents, each)
        packed = open_artifact(Path(artifact), world.settings.signing_keys)
        return run(world, packed, soak, plan, without_drill=without_drill)

    if dry_run:
        rehearsed(stack, wishes, work)
        return
    with reached(stack, wishes) as world:
        done = work(world)
        show(text.document(done) if json else text.deployed(done, stack))


def _percents(given: str) -> tuple[int, ...]:
    words = [word.strip().removesuffix("%").strip() for word in given.split(",")]
    found = tuple(int(word) for word in words if word.isascii() and word.isdigit())
    if len(found) != len(words) or list(found) != sorted(set(found)) or any(not _tenth(each) for each in found):
        raise SettingsError(f"--canary is {given!r}, and it takes rising multiples of 10 up to 100, such as 10,50,100")
    return found


def _tenth(percent: int) -> bool:
    return percent % 10 == 0 and 0 < percent <= 100


@command(
    name="start",
    default=True,
    help={
        "stack": STACK,
        "to": "the version to go back to (without it, the one before)",
        "without": WITHOUT,
        "wait": WAIT,
        "dry-run": DRY_RUN,
        "json": JSON,
    },
    iterable=["without"],
)
def rollback(
    _context: Context,
    stack: str = "",
    to: str = "",
    without: Sequence[str] | None = None,
    wait: str = "",
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """
    Bring every host of a stack back to the release before, verified.

    It needs the hosts and nothing else: neither Pulumi nor Cloudflare's API nor the artefact. A release that still
    runs beside the live one takes over at once; one that does not is started from what the host keeps. None takes over
    that is not healthy.

        invoke rollback --stack lab
        invoke rollback --stack lab --to 1.0.0
        invoke rollback --stack lab --dry-run

    Exit status: 0 every host and the edge answer with it; 6 it could not be done, or the edge could not confirm it; 3
    somebody else is releasing; 7 hosts serve different versions; 1 anything else, traffic untouched.
    """
    wishes = Wishes(quiet=json, without=without or (), wait=wait, copies=True)
    if dry_run:
        from rollback.api import rollback as run

        rehearsed(stack, wishes, lambda world: run(world, to or None))
        return
    with reached(stack, wishes) as world:
        from cli import release_text as text
        from rollback.api import rollback as run

        done = run(world, to or None)
        asked = world.edge is not None
        show(text.document(done) if json else text.rolled_back(done, stack))
    if asked:
        require_edge(done)


def require_edge(done: RolledBack) -> None:
    """A way back that the edge could not confirm ends with a status of its own; visitors who see the maintenance page
    are no answer either way. Raises :class:`RollbackError`.
    """
    from deploy.edge import IN_MAINTENANCE

    if not done.edge.verified and done.edge != IN_MAINTENANCE:
        raise RollbackError(f"every host serves {done.version}, and was seen to; through the edge: {done.edge.reason}")


@command(name="list", default=True, help={"stack": STACK, "json": JSON})
def releases(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Show what each host of a stack serves and keeps, and what was released when by whom.

        invoke releases --stack lab
        invoke releases --stack lab --json

    Exit status: 0; 1 a host could not be asked: what the others said is shown.
    """
    from cli import release_text as text
    from deploy.api import seen

    with reached(stack, Wishes(quiet=True, edge=False)) as world:
        found = seen(world)
    if found.good:
        show(text.releases_json(found) if json else text.releases(found.good))
    found.or_raise()
