"""`invoke handover`: what somebody who takes the platform over must know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from invoke.context import Context

from cli.guard import ROOT, command
from core.errors import CheckError, LaunchReadyError

if TYPE_CHECKING:
    from core.settings.stack import Stack
    from readiness.handover.model import Handover
    from readiness.handover.seen import Seen

LAB = "lab"
FORMATS = ("markdown", "html")


@command(
    help={
        "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
        "format": f"one of {', '.join(FORMATS)}",
        "out": "a file to write to, instead of standard output",
        "without-hosts": "do not ask the hosts what is live",
    }
)
def handover(
    _context: Context,
    stack: str = LAB,
    format: str = "markdown",  # noqa: A002 - the option's name
    out: str = "",
    without_hosts: bool = False,
) -> None:
    """Write down what whoever takes over must know: is it ready, domains, mail, secrets, alerts, how to roll back.

    Out of the stack's file, the hosts, and the last `invoke check` on this machine. Secrets are named, and no value is
    read.

    Examples: `invoke handover`, `invoke handover --stack production --format html --out reports/handover.html`.
    """
    from cli.check import write
    from readiness.handover.html import as_html
    from readiness.handover.markdown import as_markdown

    if format not in FORMATS:
        raise CheckError(f"--format is {format!r}; it is one of {', '.join(FORMATS)}")
    made = _made(stack, ask_hosts=not without_hosts)
    write(as_html(made) if format == "html" else as_markdown(made), out)


def _made(stack: str, *, ask_hosts: bool) -> Handover:
    from cli.check import history_of
    from cli.declared import stack_without_hosts
    from core.settings.names import full_name
    from readiness.handover import declared, seen
    from readiness.handover.model import Handover
    from readiness.rows import all_probes
    from readiness.run import checks_of

    settings = stack_without_hosts(ROOT, stack)
    now = datetime.now(UTC)
    hosts = _seen(stack, settings) if ask_hosts else seen.Seen({}, (), "The hosts were not asked.")
    return Handover(
        stack,
        full_name(settings.readiness.site, settings.zone.name),
        now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        (
            seen.checklist(history_of(stack).rows({check.id for check in checks_of(all_probes())}), stack),
            seen.going_back(settings, stack, hosts, now),
            declared.domains(settings),
            declared.mail(settings),
            declared.secrets(settings, stack, now.date()),
            declared.access(settings),
            declared.alerts(settings),
            declared.accepted(settings, now.date()),
        ),
    )


def _seen(stack: str, settings: Stack) -> Seen:
    """What every host says of itself; nothing, and why, where one does not answer."""
    from cli.world import Wishes, reached
    from deploy.api import releases
    from deploy.drills import drill_budget
    from deploy.ledger.read import read_ledgers
    from readiness.handover.seen import Seen
    from rollback.report.history import history

    try:
        with reached(stack, Wishes(quiet=True, edge=False, keep=False)) as world:
            ledgers = read_ledgers(world).or_raise().values()
            budget = settings.release.budget_seconds
            return Seen(releases(world), history(ledgers, budget, drill_budget(settings.release)))
    except LaunchReadyError as error:
        return Seen({}, (), f"The hosts could not be asked: {error}.")
