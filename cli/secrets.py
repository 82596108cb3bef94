"""`invoke secrets.list`, `.rotate`, `.audit`: the care of a stack's secrets. No value is ever shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from cli.secrets_office import (
    alone,
    desk_of,
    from_stdin,
    item_of,
    office_of,
    progress_lines,
    releases_of,
    today,
)
from cli.world import JSON, STACK, WAIT, Wishes, reached, stack_name

if TYPE_CHECKING:
    from custody.audit import Finding
    from custody.listing import Listed
    from deploy.operation import World
    from deploy.running import Running

_FINDINGS = 2
_NAME = "the secret's name, as launch-ready:secrets has it"


@command(name="list", help={"stack": STACK, "json": JSON})
def list_(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Show a stack's secrets: owner, readers, age and most age, where each is kept. No value is read.

        invoke secrets.list --stack lab
        invoke secrets.list --stack lab --json

    Exit status: 0 whatever is shown; see `invoke secrets.audit` for what is wrong with it.
    """
    from cli.output import show
    from custody.listing import document, listed

    office = office_of(stack_name(stack))
    found = listed(office.declared.items, office.keepers, today())
    show({"secrets": document(found)} if json else "\n".join(_lines(found)) or "the stack has no secrets")


@command(
    help={
        "name": _NAME,
        "stack": STACK,
        "stdin": "take the new value from standard input: for what another party makes",
        "anew": "give up a rotation that was cut short, and begin with another value",
        "without-hosts": "store the new value and leave the hosts as they are; the old one is not retired",
        "wait": WAIT,
        "json": JSON,
    }
)
def rotate(
    _context: Context,
    name: str,
    stack: str = "",
    stdin: bool = False,
    anew: bool = False,
    without_hosts: bool = False,
    wait: str = "",
    json: bool = False,
) -> None:
    """
    Replace a secret's value: make it, store it, deploy it, prove it, and retire the old one.

    The live release is restarted with it beside itself, without losing a request, and each host is seen to run with it.
    Both values must hold until that is done. Cut short at any point, the same command goes on where it was.

        invoke secrets.rotate --name SESSION_KEY --stack lab
        pass show stripe/key | invoke secrets.rotate --name STRIPE_KEY --stack prod --stdin

    Exit status: 0 done; 2 a setting, or no value; 3 somebody else is releasing, or rotating here; 4 the release is not
    healthy with it, traffic untouched; 5 taken back; 1 anything else. Whatever it is, run it again.
    """
    from cli.output import show

    chosen = stack_name(stack)
    office = office_of(chosen)
    item = item_of(office.declared, name)
    given = from_stdin() if stdin else None
    from custody import progress
    from custody.rotate import give_up
    from custody.rotate import rotate as run

    with alone(chosen):
        desk = desk_of(office, None if without_hosts else releases_of(chosen, wait=wait, quiet=json), quiet=json)
        cut = progress.unfinished(progress.read(progress_lines(chosen)), item.name)
        if cut is not None and anew:
            give_up(desk, cut)
            cut = None
        done = run(desk, item, cut, given)
    if json:
        show({"rotated": {"secret": done.secret, "run": done.run, "resumed": done.resumed, "steps": dict(done.steps)}})
    else:
        show(f"{done.secret} was replaced; releases read it as {', '.join(done.credentials) or 'nothing'}")


@command(help={"stack": STACK, "without-hosts": "do not ask the hosts", "json": JSON})
def audit(_context: Context, stack: str = "", without_hosts: bool = False, json: bool = False) -> None:
    """
    Hold what the app asks for, what the stores have and what the hosts run with against each other.

    Missing, beside what is declared, over age, of unknown age, with no owner, older on a host than in its store: each a
    finding with an id that stays. Values are compared by salted digests, and no value is shown.

        invoke secrets.audit --stack lab
        invoke secrets.audit --stack lab --json | jq '.findings[].id'

    Exit status: 0 nothing was found; 2 something was; 1 it could not be looked at.
    """
    from cli.output import show
    from custody.listing import document

    if without_hosts:
        audited = looked_over(stack_name(stack), None)
    else:
        with reached(stack_name(stack), Wishes(quiet=True, edge=False)) as world:
            audited = looked_over(stack_name(stack), world)
    findings, found, hosts = audited.findings, audited.listing, audited.hosts
    versions = {host: has.version for host, has in hosts.items()}
    if json:
        show({"findings": [vars(each) for each in findings], "hosts": versions, "secrets": document(found)})
    else:
        show("\n".join(_findings(findings, len(found), len(hosts))))
    if findings:
        raise Exit(code=_FINDINGS)


@dataclass(frozen=True)
class LookedOver:
    """What an audit found, over which secrets, and with what the hosts run."""

    findings: Sequence[Finding]
    listing: Sequence[Listed]
    hosts: Mapping[str, Running]


def looked_over(stack: str, world: World | None) -> LookedOver:
    """The audit itself; without a ``world`` no host is asked."""
    from cli.around import sources_of
    from core.settings.base import stack_file
    from custody.audit import audit as run
    from custody.audit import expectations
    from custody.listing import listed
    from deploy.running import new_salt, running

    office, salt = office_of(stack), new_salt()
    hosts = running(world, salt) if world else {}
    found = listed(office.declared.items, office.keepers, today())
    expected = expectations(sources_of(stack_file(ROOT / "stacks", stack)), hosts, salt)
    findings = run(office.declared, office.credentials, found, office.keepers, hosts, expected)
    return LookedOver(findings, found, hosts)


def _lines(found: Sequence[Listed]) -> Iterator[str]:
    from core.terminal import clean

    for each in found:
        item = each.item
        age = "?" if each.age_days is None else str(each.age_days)
        how = item.generator.kind if item.generator else "made elsewhere"
        yield clean(f"{item.name:<24} {age:>4} of {item.max_age_days:>3} days  {each.verdict:<12} {how}")
        yield clean(f"  owner {item.owner}; readers {', '.join(item.readers)}")
        for place in each.places:
            state = place.trouble or ("there" if place.held else "not there")
            since = f", since {place.changed:%Y-%m-%d}" if place.changed else ""
            yield clean(f"  {place.keeper}: {state}{since}")


def _findings(findings: Sequence[Finding], secrets: int, hosts: int) -> Iterator[str]:
    from core.terminal import clean

    if not findings:
        yield f"nothing was found, of {secrets} secrets and {hosts} hosts"
    for each in findings:
        yield clean(f"{each.id:<24} {each.subject}: {each.what}")
        yield clean(f"{'':<24} {each.fix}")
