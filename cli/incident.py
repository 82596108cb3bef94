"""``status``, ``logs``, ``maintenance.on`` and ``.off``: what an incident needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import command
from cli.output import say, show
from cli.world import JSON, STACK, Wishes, reached, stack_name
from core.errors import HostError, LaunchReadyError, SettingsError

if TYPE_CHECKING:
    from deploy.operation import World

_FOLLOW_SECONDS = 1.0


@command(help={"stack": STACK, "json": JSON})
def status(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Show on one screen how every host of a stack is now, and what to run next.

    For each host: version and colour, health of the release and through nginx, open connections a colour, requests and
    5xx of the last five minutes, disk, maintenance, who holds the lock, the last line of the journal. A host that
    cannot be reached is named.

        invoke status --stack lab
        invoke status --stack lab --json | jq .problems

    Exit status: 0 the platform is whole; 1 it is not, and the next command stands there.
    """
    from cli import hosts_text
    from deploy.hosts.status import problems
    from deploy.hosts.status import status as run

    with reached(stack, Wishes(quiet=True, edge=False)) as world:
        found = run(world.shells, world.layout)
    wrong = problems(found, stack_name(stack))
    show(hosts_text.status_json(found, wrong) if json else hosts_text.status(found, wrong))
    if wrong:
        raise Exit(code=LaunchReadyError.exit_code)


@command(
    help={
        "stack": STACK,
        "host": "only this host's (may be given more than once)",
        "colour": "blue or green (without it, the one that has the traffic)",
        "since": "how far back: a number with s, m, h or d",
        "lines": "at most so many of each host, the last ones",
        "follow": "go on until Ctrl-C",
    },
    iterable=["host"],
)
def logs(
    _context: Context,
    stack: str = "",
    host: Sequence[str] | None = None,
    colour: str = "",
    since: str = "10m",
    lines: str = "200",
    follow: bool = False,
) -> None:
    """
    Show what the release says, on every host of a stack, in the order of time.

    Every value of the hosts' settings and credentials is struck out on the host, and what looks like a secret once more
    here.

        invoke logs --stack lab
        invoke logs --stack lab --host app-1 --colour blue --since 1h --lines 1000
        invoke logs --stack lab --follow

    Exit status: 0; 1 a host could not be asked; 2 an option.
    """
    from deploy.hosts import logs as hosts_logs

    ask = hosts_logs.wanted(colour, since, lines)
    with reached(stack, Wishes(quiet=True, edge=False)) as world:
        if strange := sorted(set(host or ()) - set(world.shells)):
            raise SettingsError(f"--host {', '.join(strange)}: the hosts are {', '.join(world.shells)}")
        shells = {name: shell for name, shell in world.shells.items() if not host or name in host}
        cursors: dict[str, str] = {}
        while True:
            found = hosts_logs.logs(shells, world.layout, ask, cursors)
            for name, line in hosts_logs.merged(found.good):
                print(f"{name}  {line}" if len(shells) > 1 else line, flush=True)
            if found.bad or not follow:
                break
            cursors |= {name: said.cursor for name, said in found.good.items()}
            world.clock.sleep(_FOLLOW_SECONDS)
    found.or_raise()


@command(help={"stack": STACK, "page": "an HTML file to show (without it, a plain page that is built in)"})
def on(_context: Context, stack: str = "", page: str = "") -> None:
    """
    Show visitors a maintenance page instead of the platform, on every host of a stack.

    nginx answers 503 with it and `Retry-After: 120`. The hosts' own requests pass, so a release or a rollback can be
    seen to on each host meanwhile.

        invoke maintenance.on --stack lab
        invoke maintenance.on --stack lab --page closed.html

    Exit status: 0 every host has it, and the edge, where it can be asked, answers with it; 1 it says where not; 2 an
    option.
    """
    from deploy.hosts import maintenance

    _maintain(stack, maintenance.page(Path(page) if page else None))


@command(help={"stack": STACK})
def off(_context: Context, stack: str = "") -> None:
    """
    Let visitors in again, on every host of a stack.

        invoke maintenance.off --stack lab

    Exit status: 0 done on every host; 1 where not, it says so.
    """
    _maintain(stack, None)


def _maintain(stack: str, shown: bytes | None) -> None:
    from deploy.hosts import maintenance
    from deploy.journal import MAINTENANCE, aside

    with reached(stack, Wishes(quiet=True)) as world:
        line = aside(world.owner.who, world.clock.now(), MAINTENANCE, "off" if shown is None else "on")
        done = maintenance.switch(world.shells, world.layout, shown, line)
        _note_down(world, line)
        answer = world.edge.ask("/") if world.edge else None
    closed = shown is not None
    edge = "not asked, for the stack names no public address" if answer is None else f"it answers {answer.status}"
    if answer is not None and closed != (answer.status == 503):
        raise HostError(
            f"maintenance is {'on' if closed else 'off'} on {', '.join(done)}, and the edge answers"
            f" {answer.status or answer.reason}: look with invoke status"
        )
    show(f"maintenance is {'on' if closed else 'off'} on {', '.join(done)}; edge: {edge}")
    if unrecorded := [name for name, recorded in done.items() if not recorded]:
        show(f"not in the journal of {', '.join(unrecorded)}: see invoke hosts.audit")


def _note_down(world: World, line: str) -> None:
    """On this machine too. What visitors see does not wait for it."""
    try:
        if world.record is not None:
            world.record.add(line)
    except HostError as error:
        say(f"{error}: this is not written down on this machine", aside=True)
