"""`invoke releases.verify` and `.copy`: the hosts' journals as a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from cli.guard import command
from cli.world import JSON, STACK, WITHOUT, Wishes, reached, record_of
from core.errors import HostError, LaunchReadyError, SettingsError

if TYPE_CHECKING:
    from adapters.s3_ledger import S3Ledger
    from deploy.ledger.verify import Copied, Evidence, Verdict
    from deploy.operation import World

_MOST_TOLD = 20


@command(help={"stack": STACK, "without": WITHOUT, "json": JSON}, iterable=["without"])
def verify(_context: Context, stack: str = "", without: list[str] | None = None, json: bool = False) -> None:
    """
    Read every host's whole journal and find what was edited, removed, moved, inserted or cut off.

    Each line binds the one before it. The other hosts, the journal on this machine and the copy in S3 (where one is
    kept) are asked what they saw. docs/ledger.md says what cannot be found.

        invoke releases.verify --stack lab
        invoke releases.verify --stack lab --json

    Exit status: 0 all are whole; 1 something is wrong, or a journal or the copy could not be read.
    """
    from cli.output import show
    from deploy.ledger.read import read_ledgers
    from deploy.ledger.verify import verify as run

    with reached(stack, Wishes(quiet=True, edge=False, without=without or ())) as world:
        ledgers = read_ledgers(world).or_raise()
        found = run(ledgers, evidence_of(world))
    show(document(found) if json else text(found))
    if bad := [name for name, verdict in found.items() if verdict.faults]:
        raise LaunchReadyError(f"the ledger is not whole on {', '.join(bad)}")


@command(help={"stack": STACK, "without": WITHOUT, "json": JSON}, iterable=["without"])
def copy(_context: Context, stack: str = "", without: list[str] | None = None, json: bool = False) -> None:
    """
    Copy to S3 what of the hosts' journals is not there yet (launch-ready:release → ledger).

    Each command does that at its end; this is for what failed then.

        invoke releases.copy --stack lab

    Exit status: 0 all is there; 1 it could not be copied.
    """
    from cli.output import show

    with reached(stack, Wishes(quiet=True, edge=False, without=without or ())) as world:
        if world.settings.ledger is None:
            raise SettingsError(
                "the stack's section launch-ready:release has no `ledger`: nothing says where to copy to"
            )
        copied = _copied(world)
    lines = [
        f"{name:<16} {count} lines copied" if count else f"{name:<16} all is there" for name, count in copied.items()
    ]
    show({"copied": copied} if json else "\n".join(lines))


def copy_after(world: World) -> None:
    """Copy what a command left on the hosts, where a copy is kept. A failure is told and written down, not raised."""
    if world.settings.ledger is None:
        return
    try:
        _copied(world)
    except LaunchReadyError as error:
        world.progress.note(f"the ledger was not copied: {error}\nrun `invoke releases.copy` later")
        _note_failure(world, str(error))


def _copied(world: World) -> dict[str, int]:
    from deploy.ledger.copy import copy_all
    from deploy.ledger.read import read_ledgers

    read = read_ledgers(world)
    done = copy_all(_store(world), world.stack, read.good)
    for error in read.bad.values():
        raise error
    return done.or_raise()


def _store(world: World) -> S3Ledger:
    from adapters.s3_ledger import S3Ledger

    if world.settings.ledger is None:
        raise SettingsError("the stack's section launch-ready:release has no `ledger`")
    return S3Ledger(world.settings.ledger)


def evidence_of(world: World) -> Evidence:
    """What there is beside the hosts' ledgers: this machine's record, and the copies where some are kept."""
    from deploy.ledger.verify import Evidence

    record = record_of(world.stack)
    try:
        lines = record.read_text(encoding="utf-8", errors="replace").splitlines() if record.exists() else []
    except OSError as error:
        raise HostError(f"{record} cannot be read ({error.strerror})") from None
    return Evidence(tuple(lines), _copies(world))


def _copies(world: World) -> tuple[Copied, ...] | None:
    if world.settings.ledger is None:
        return None
    from deploy.ledger.copy import copies_of

    return copies_of(_store(world), world.stack, list(world.shells))


def _note_failure(world: World, why: str) -> None:
    import json

    from deploy.journal import stamp

    line = {"at": stamp(world.clock.now()), "run": "", "who": world.owner.who, "phase": "copy", "failed": why[:300]}
    if world.record is not None:
        # It was told already, and a disk that is full is told by the command itself.
        with suppress(HostError):
            world.record.add(json.dumps(line, separators=(",", ":")))


def text(found: Mapping[str, Verdict]) -> str:
    """A line a host, and below it what is wrong, exactly where."""
    from core.terminal import clean

    lines = []
    for name, verdict in found.items():
        state = f"{len(verdict.faults)} wrong" if verdict.faults else "whole"
        span = f"{verdict.first} to {verdict.last}" if verdict.lines else "no journal"
        lines.append(clean(f"{name:<16} {state:<10} {verdict.lines:>6} lines  {span}"))
        for fault in verdict.faults[:_MOST_TOLD]:
            place = f"line {fault.line}" if fault.line else "missing"
            lines.append(clean(f"  {place}: {fault.what}"))
        if (more := len(verdict.faults) - _MOST_TOLD) > 0:
            lines.append(f"  and {more} more: --json has all")
        lines += [clean(f"  note: {note}") for note in verdict.notes]
    return "\n".join(lines)


def document(found: Mapping[str, Verdict]) -> dict[str, Any]:
    """The document of `releases.verify`."""
    from dataclasses import asdict

    hosts = [{"name": name, "whole": not verdict.faults, **asdict(verdict)} for name, verdict in found.items()]
    return {"whole": not any(verdict.faults for verdict in found.values()), "hosts": hosts}
