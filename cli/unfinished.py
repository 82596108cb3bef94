"""Commands that were cut short, and hosts that were left out: ``deploy.resume``, ``.abort``, ``.catch-up``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from cli.guard import command
from cli.output import show
from cli.world import JSON, STACK, WAIT, WITHOUT, Wishes, reached

_WHOLE = "nothing is unfinished: every command on these hosts has ended; see `invoke releases`"


@command(
    help={
        "stack": STACK,
        "artifact": "the release's .tar.gz, where it had not arrived on every host",
        "without": WITHOUT,
        "wait": WAIT,
        "json": JSON,
    },
    iterable=["without"],
)
def resume(
    _context: Context,
    stack: str = "",
    artifact: str = "",
    without: Sequence[str] | None = None,
    wait: str = "",
    json: bool = False,
) -> None:
    """
    See a deploy or rollback that was cut short to its end.

    It goes by what the hosts wrote down, so any machine will do. Where every command has ended it does nothing.

        invoke deploy.resume --stack lab
        invoke deploy.resume --stack lab --artifact community-2.0.0.tar.gz
        invoke deploy.resume --stack lab --without app-2

    Exit status: as of `invoke deploy`, or of `invoke rollback` where that is what was cut short.
    """
    from cli import release_text as text
    from cli.release import require_edge
    from deploy.artifact import open_artifact
    from deploy.forward import Deployed
    from rollback.api import RolledBack
    from rollback.unfinished import resume as run

    with reached(stack, Wishes(quiet=json, without=without or (), wait=wait, secrets=True, copies=True)) as world:
        done = run(world, open_artifact(Path(artifact), world.settings.signing_keys) if artifact else None)
        asked = world.edge is not None
    if done is None:
        show({"resumed": None} if json else _WHOLE)
    elif json:
        show({"resumed": text.document(done)})
    else:
        show(text.deployed(done, stack) if isinstance(done, Deployed) else text.rolled_back(done, stack))
    if asked and isinstance(done, RolledBack):
        require_edge(done)


@command(help={"stack": STACK, "without": WITHOUT, "wait": WAIT, "json": JSON}, iterable=["without"])
def abort(
    _context: Context, stack: str = "", without: Sequence[str] | None = None, wait: str = "", json: bool = False
) -> None:
    """
    Undo a deploy or rollback that was cut short: every host serves what was good before it.

    Where every command has ended it does nothing; to go back from a release that is live, use `invoke rollback`.

        invoke deploy.abort --stack lab

    Exit status: 0 undone, or nothing to undo; 6 it could not be done; 3 somebody else is releasing; 7 hosts serve
    different versions; 1 anything else.
    """
    from dataclasses import asdict

    from cli import release_text as text
    from rollback.unfinished import abort as run

    with reached(stack, Wishes(quiet=json, without=without or (), wait=wait, copies=True)) as world:
        done = run(world)
    if json:
        show({"aborted": asdict(done) if done else None})
    else:
        show(text.aborted(done, without or ()) if done else _WHOLE)


@command(help={"stack": STACK, "without": WITHOUT, "wait": WAIT, "json": JSON}, iterable=["without"])
def catch_up(
    _context: Context, stack: str = "", without: Sequence[str] | None = None, wait: str = "", json: bool = False
) -> None:
    """
    Bring hosts that were left out (`--without`), or are new, to what the others serve.

    What they lack comes from a host that has it, file by file against the list that the artefact had; the artefact
    itself is not needed. Traffic on the others is not touched.

        invoke deploy.catch-up --stack lab

    Exit status: 0 every host serves the same; 4 not healthy on such a host; 3 somebody else is releasing; 1 anything
    else.
    """
    from dataclasses import asdict

    from cli import release_text as text
    from deploy.catch_up import catch_up as run

    with reached(stack, Wishes(quiet=json, without=without or (), wait=wait, secrets=True, copies=True)) as world:
        done = run(world)
    show(asdict(done) if json else text.caught_up(done, without or ()))
