"""``deploy.contract``: what no release needs any more is taken out of the database."""

from __future__ import annotations

import sys

from invoke.context import Context

from cli.guard import command
from cli.output import show
from cli.world import JSON, STACK, WAIT, Wishes, reached


@command(
    help={
        "stack": STACK,
        "yes": "go on though the release before cannot be gone back to any more",
        "wait": WAIT,
        "json": JSON,
    }
)
def contract(_context: Context, stack: str = "", yes: bool = False, wait: str = "", json: bool = False) -> None:
    """
    Run the contract of the live release: what only older releases need is taken out of the database.

    It shows which of the kept releases can then no longer be gone back to. Where the last good one is among them it
    asks, on a terminal, or needs --yes.

        invoke deploy.contract --stack lab
        invoke deploy.contract --stack lab --yes

    Exit status: 0 done, or done before; 2 the live release brings no contract; 3 somebody else is releasing; 4 it
    failed; 6 it was not run, for what would be lost; 1 anything else. The traffic is never touched.
    """
    from dataclasses import asdict

    from deploy.contract import contract as run

    def agreed(question: str) -> bool:
        if yes or json or not sys.stdin.isatty():
            return yes
        return input(f"{question}. Go on? [y/N] ").strip().lower() in ("y", "yes")

    with reached(stack, Wishes(quiet=json, wait=wait)) as world:
        done = run(world, agreed)
    if json:
        show(asdict(done))
    elif done.already:
        show(f"the database is at {done.schema} already: nothing was done")
    else:
        show(f"the database is at {done.schema}, in {done.seconds:.2f} s; {done.version} stays live")
