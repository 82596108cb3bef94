"""What the checks look at: a stack's platform, and every way to it that this machine has."""

from __future__ import annotations

import functools
import itertools
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.guard import ROOT
from core.errors import LaunchReadyError, SettingsError

if TYPE_CHECKING:
    from adapters.bounded_http import Way
    from adapters.visitor import HttpVisitor
    from core.ports import LiveApi, LiveChanges
    from core.secret import Secret
    from core.settings.hosts import Edge
    from core.settings.stack import Stack
    from core.site import Arrivals, Mailbox
    from readiness.pace import Pace
    from readiness.target import Target

LAB = "lab"
_ADDRESSES = 60_000
"""How many a lab's visitors ask from: those of 127.<net>.9.1 up to 127.<net>.248.250."""


@contextmanager
def reached_target(stack: str) -> Iterator[tuple[Target, Pace]]:
    """The target that the checks of ``stack`` look at, and what counts the requests; nothing stays open after it.

    Raises :class:`SettingsError` where the stack's file is wrong, or names a site that it does not serve.
    """
    from adapters.betterleaks import Betterleaks
    from adapters.browser import Chromium
    from adapters.clock import SystemClock
    from adapters.git_repository import GitRepository
    from adapters.local_command import LocalCommand
    from cli import target_ways
    from cli.around import config_secrets_of
    from cli.world import Wishes, reached
    from core.settings.base import stack_file
    from core.settings.names import full_name
    from core.settings.stack import load_stack
    from readiness.halt import Halt, HaltingClock
    from readiness.pace import Pace
    from readiness.redact import Redactor
    from readiness.target import Target

    settings = load_stack(ROOT, stack)
    secret = config_secrets_of(stack_file(ROOT / "stacks", stack))
    _served(settings)
    lab = _Lab.of(settings) if stack == LAB else None
    edge = settings.fleet.edge
    own_secrets = functools.cache(target_ways.own_secrets(stack))
    redactor = Redactor()
    # Without the stack's passphrase nobody here knows them.
    with suppress(LaunchReadyError):
        redactor.learn(*(each.reveal() for each in own_secrets().values()))
    halt, local = Halt(), LocalCommand(ROOT, {"LAUNCH_READY_STACK": stack})
    halt.on(local.end)
    pace = Pace(settings.readiness.requests_per_second, _hosts_behind(settings), halt)
    hosts = reached(stack, Wishes(quiet=True, keep=False)) if settings.fleet.hosts else nullcontext(None)
    with (
        tempfile.TemporaryDirectory(prefix="launch-ready-check-") as folder,
        hosts as world,
        _origins(settings, secret, pace, Path(folder)) as behind_edge,
    ):
        yield (
            Target(
                stack=stack,
                settings=settings,
                root=ROOT,
                folder=Path(folder),
                clock=HaltingClock(SystemClock(), halt),
                visitor=_visitors(edge, lab, pace),
                behind_edge=behind_edge,
                direct=_direct(pace),
                secret=secret,
                resolver=_resolver(lab),
                local=local,
                redactor=redactor,
                mailbox=lab.mailbox if lab else _inbox(settings, secret),
                alerts=lab.arrivals if lab else None,
                errors=lab.arrivals if lab else _errors(settings, secret),
                browser=Chromium(edge, [full_name(name, settings.zone.name) for name in settings.dns.web]),
                live_api=_live_api(stack),
                live_changes=_live_changes(stack),
                tls_scanner=_tls_scanner(),
                shells=world.shells if world else {},
                repository=GitRepository(ROOT),
                scanner=Betterleaks(Path(folder)),
                own_secrets=own_secrets,
                custody=target_ways.custody(stack, world),
                world=world,
                witnesses=target_ways.witnesses(world) if world else None,
                drift=target_ways.drift(stack),
                ages=lab.ages if lab else None,
                halt=halt,
            ),
            pace,
        )


def _hosts_behind(settings: Stack) -> dict[str, int]:
    """How many hosts share what each web name is asked."""
    from core.settings.names import full_name

    count = max(1, len(settings.fleet.hosts))
    return {full_name(name, settings.zone.name): count for name in settings.dns.web}


def _served(settings: Stack) -> None:
    site = settings.readiness.site
    if site not in settings.dns.web:
        names = ", ".join(settings.dns.web)
        raise SettingsError(f"launch-ready:readiness.site is {site}, and dns.web has {names}: name one of them")


@dataclass(frozen=True)
class _Lab:
    """What a lab lends: an inbox, a sink, DNS, and addresses to ask from."""

    mailbox: Mailbox
    arrivals: Arrivals
    nameserver: tuple[str, int]
    addresses: Callable[[], str]
    ages: Callable[[str], None]

    @classmethod
    def of(cls, settings: Stack) -> _Lab:
        from adapters.inbox import LabArrivals, LabInbox
        from lab.api import status
        from lab.hosts.ageing import age
        from lab.place import here

        place = here(ROOT)
        known = status(place)
        # Below 127.<net>.9.0 nothing of the lab listens: each visitor asks from an address of its own.
        # Not the same ones in each run: the edge may keep those of the last one out for a while.
        numbers, lock = itertools.count(secrets.randbelow(_ADDRESSES)), threading.Lock()

        def address() -> str:
            with lock:
                number = next(numbers) % _ADDRESSES
            return place.address(9 + number // 250, 1 + number % 250)

        return cls(
            LabInbox(known["mail"]["messages_url"], settings.zone.name),
            LabArrivals(known["sink"]["received_url"]),
            (known["dns"]["address"], known["dns"]["port"]),
            address,
            functools.partial(age, place),
        )


def _visitors(edge: Edge | None, lab: _Lab | None, pace: Pace) -> Callable[..., HttpVisitor]:
    from adapters.bounded_http import Way
    from adapters.visitor import HttpVisitor

    def way(source: str) -> Way:
        if edge is None:
            return Way(source=source)
        ports = {80: edge.http_port, 443: edge.https_port}
        return Way(lambda _name, port: (edge.address, ports.get(port, port)), source, edge.ca_file)

    def visitor(from_address: str = "") -> HttpVisitor:
        return HttpVisitor(way(from_address or (lab.addresses() if lab else "")), pace)

    return visitor


@contextmanager
def _origins(
    settings: Stack, secret: Callable[[str], Secret], pace: Pace, folder: Path
) -> Iterator[Callable[..., HttpVisitor] | None]:
    """What makes visitors of the hosts themselves; nothing is reached before one asks. None without hosts."""
    from adapters.origin import Origins
    from adapters.ssh import SshShell

    @functools.cache
    def certificate() -> tuple[str, str] | None:
        pulls = settings.tls.origin_pulls
        if pulls is None:
            return None
        key = folder / "origin-pulls.key"
        key.touch(0o600)
        key.write_text(secret(pulls.config_secret).reveal())
        return str(ROOT / pulls.certificate_file), str(key)

    shells = {host.name: SshShell(host) for host in settings.fleet.hosts}
    try:
        yield Origins(settings.fleet, shells, pace, certificate).visitor if shells else None
    finally:
        for shell in shells.values():
            shell.close()


def _direct(pace: Pace) -> Callable[[str], HttpVisitor]:
    """Whoever answers at an address is asked there: not by DNS, and without the certificate that the edge shows."""
    from adapters.bounded_http import Way
    from adapters.visitor import HttpVisitor

    return lambda address: HttpVisitor(Way(lambda _name, port: (address, port), known=False), pace)


def _inbox(settings: Stack, secret: Callable[[str], Secret]) -> Mailbox | None:
    """Raises :class:`SettingsError` where the inbox's password cannot be had."""
    from adapters.imap import Account, ImapInbox

    given = settings.readiness.mailbox
    if given is None:
        return None
    return ImapInbox(Account(given.host, given.user, secret(given.config_secret), given.address))


def _resolver(lab: _Lab | None) -> Any:
    from adapters.dns import DnsResolver

    return DnsResolver(*lab.nameserver) if lab else DnsResolver()


def _tls_scanner() -> tuple[str, ...]:
    """What scripts/setup installed; nothing where that was not run."""
    home = ROOT / ".cache" / "sslyze"
    if not (home / "complete").exists():
        return ()
    return str(home / "bin" / "python"), "-W", "ignore", "-m", "sslyze"


def _live_api(stack: str) -> LiveApi | None:
    """None without a token: what needs it cannot tell."""
    from cli.live_state import api_of

    try:
        return api_of(stack)
    except LaunchReadyError:
        return None


def _live_changes(stack: str) -> LiveChanges | None:
    from adapters.cloudflare_changes import CloudflareChanges
    from cli.around import cloudflare_access

    try:
        return CloudflareChanges(*cloudflare_access(stack))
    except LaunchReadyError:
        return None


def _errors(settings: Stack, secret: Callable[[str], Secret]) -> Arrivals | None:
    from adapters.sentry_events import SentryEvents

    tracker = settings.readiness.errors
    return SentryEvents(tracker.events_url, secret(tracker.config_secret)) if tracker else None
