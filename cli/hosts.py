"""``hosts.prepare`` and ``hosts.audit``: the machines themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from cli.output import say, show
from cli.world import JSON, STACK, Wishes, reached, record_of, stack_name
from core.errors import HostError, LaunchReadyError, SettingsError, StoreError
from core.terminal import clean

if TYPE_CHECKING:
    from adapters.ssh import SshShell
    from deploy.fleet import Gathered
    from deploy.hosts.prepare import Names, Prepared

_SCRIPTS = ROOT / "scripts"


@command(
    help={
        "stack": STACK,
        "host": "only this host (may be given more than once)",
        "check": "show what would change, and change nothing",
        "user": "who logs in: root, or one who may become root by sudo without a password",
        "identity": "that user's private key (without it, the stack's, or the SSH agent's)",
        "listen": "what nginx listens on, such as 443 or *:443, also on a host that has its own already",
        "names": "the names it answers to, with spaces between them",
    },
    iterable=["host"],
)
def prepare(
    _context: Context,
    stack: str = "",
    host: Sequence[str] | None = None,
    check: bool = False,
    user: str = "root",
    identity: str = "",
    listen: str = "",
    names: str = "",
) -> None:
    """
    Make each host of a stack ready to take releases, from a bare Debian 12 or 13.

    It runs scripts/prepare-host there: nginx, units, user deploy with exact sudo rules, a firewall that lets only
    Cloudflare to the platform, sshd by keys, time, logs. Run again it changes nothing. A host that has names for nginx
    keeps them; a new one gets the stack's zone and address. Where the stack has launch-ready:email with mta_sts, its
    policy goes there too: prepare the hosts before `invoke up` puts a new one's id into DNS (docs/email.md).

        invoke hosts.prepare --stack prod --check
        invoke hosts.prepare --stack prod
        invoke hosts.prepare --stack prod --host app-3 --user admin

    Exit status: 0 every host is ready (with --check: nothing would change); 1 one is not (would change); 2 an option.
    """
    from deploy.hosts.prepare import bundle
    from deploy.hosts.prepare import prepare as run
    from deploy.layout import Layout

    name = stack_name(stack)
    wanted = _names(name, listen, names)
    ranges = _cloudflare()
    with _as_admin(name, user, identity, host or ()) as shells:
        found = run(shells, Layout(), bundle(_SCRIPTS, ranges, _mta_sts(name)), wanted, check=check)
    for each, prepared in found.good.items():
        for line in prepared.lines:
            say(f"{each}  {clean(line.expandtabs(4))}")
    if not check:
        _note_down(name, found)
    found.or_raise()
    if check and any(prepared.changed for prepared in found.good.values()):
        raise Exit(code=LaunchReadyError.exit_code)


@command(help={"stack": STACK, "json": JSON})
def audit(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Judge each host of a stack as user deploy, and change nothing.

    Units, sudo rules, files and their modes, sshd, firewall, time, nginx, certificate, journal, disk, reboot, slots,
    Debian's version: each a check with an id that stays, and `ok`, `bad` or `cannot tell`.

        invoke hosts.audit --stack prod
        invoke hosts.audit --stack prod --json | jq '.hosts[].checks[] | select(.verdict == "bad")'

    Exit status: 0 nothing is bad; 1 something is, or a host could not be asked.
    """
    from cli import hosts_text
    from deploy.hosts.audit import audit as run

    with reached(stack, Wishes(quiet=True, edge=False)) as world:
        found = run(world.shells, world.layout, world.clock.now())
    show(hosts_text.audit_json(found) if json else hosts_text.audit(found))
    if found.bad or any(check.verdict == "bad" for checks in found.good.values() for check in checks):
        raise Exit(code=LaunchReadyError.exit_code)


def _note_down(stack: str, found: Gathered[Prepared]) -> None:
    """On this machine: a host's own journal is not there before it is prepared, and root must not make it."""
    from adapters.clock import SystemClock
    from adapters.record import FileRecord
    from deploy.journal import PREPARE, aside
    from deploy.lock import this_owner

    hosts = {name: "changed" if prepared.changed else "as it was" for name, prepared in found.good.items()}
    hosts |= dict.fromkeys(found.bad, "failed")
    line = aside(this_owner().who, SystemClock().now(), PREPARE, "prepared", {"hosts": hosts})
    try:
        FileRecord(record_of(stack)).add(line)
    except HostError as error:
        say(f"{error}: that the hosts were prepared is not written down on this machine", aside=True)


def _names(stack: str, listen: str, names: str) -> Names:
    from core.settings.base import load_sections, stack_file
    from core.settings.release import Release
    from core.settings.zone import Zone
    from deploy.hosts.prepare import Names, names_for

    if bool(listen) != bool(names):
        raise SettingsError("--listen and --names go together: both, or neither")
    if listen:
        return Names(listen, tuple(names.split()), override=True)
    sections = load_sections(stack_file(ROOT / "stacks", stack), {"zone": Zone, "release": Release})
    zone, release = sections["zone"], sections["release"]
    if not isinstance(zone, Zone) or not isinstance(release, Release):
        raise TypeError("load_sections returned other sections than were asked for")
    return Names("443", names_for(release.url, zone.name))


def _mta_sts(stack: str) -> str | None:
    """The policy that the stack's mail has, "" where it has none; None where the file says nothing of mail."""
    from core.mail import sts_policy
    from core.settings.base import stack_file
    from core.settings.zone_mail import zone_mail

    found = zone_mail(stack_file(ROOT / "stacks", stack))
    return sts_policy(*found) if found else None


def _cloudflare() -> tuple[str, ...]:
    from adapters.cloudflare_ranges import fetch
    from deploy.hosts.ranges import ranges

    committed = _SCRIPTS / "cloudflare-ranges"
    try:
        return ranges(fetch(), "Cloudflare's API")
    except StoreError as error:
        lines = committed.read_text(encoding="utf-8").splitlines()
        say(f"{error}: {committed.name} is used instead ({lines[0].removeprefix('# ').partition('. ')[0]})")
        return ranges(lines, str(committed))


@contextmanager
def _as_admin(stack: str, user: str, identity: str, only: Sequence[str]) -> Iterator[dict[str, SshShell]]:
    from adapters.ssh import SshShell
    from core.settings.base import load_sections, stack_file
    from core.settings.hosts import Host, Hosts, fleet_of

    section = load_sections(stack_file(ROOT / "stacks", stack), {"hosts": Hosts})["hosts"]
    if not isinstance(section, Hosts):
        raise TypeError("load_sections returned another section than was asked for")
    known = fleet_of(section, ROOT).hosts
    if strange := sorted(set(only) - {host.name for host in known}):
        raise SettingsError(f"--host {', '.join(strange)}: the hosts are {', '.join(host.name for host in known)}")

    def admin(host: Host) -> Host:
        more = {"identity_file": identity} if identity else {}
        return host.model_copy(update={"user": user, **more})

    shells = {host.name: SshShell(admin(host)) for host in known if not only or host.name in only}
    try:
        yield shells
    finally:
        for shell in shells.values():
            shell.close()
