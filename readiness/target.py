"""What the checks look at, and by which means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.leaks import Repository, Scanner
from core.ports import Clock, LiveApi, LiveChanges, LocalCommand, Shell
from core.secret import Secret
from core.settings.names import full_name
from core.settings.stack import Stack
from core.site import Arrivals, Browser, Mailbox, Resolver, Visitor
from custody.audit import Finding
from deploy.ledger.verify import Evidence as Witnesses
from deploy.operation import World
from drift.compare import Compared
from readiness.halt import Halt
from readiness.people import People
from readiness.redact import Redactor


@dataclass(frozen=True, kw_only=True)
class Target:
    """One stack, and the ways to it. What is None is not to be had: the checks that need it cannot tell.

    ``root`` is the project's folder, ``folder`` one that a probe may write in, gone at the end. ``visitor`` makes a
    visitor with no cookies, each from an address of its own where the stack has several to ask from (the lab), named
    ``from_address`` where two must share one. ``behind_edge`` makes one that asks a host itself past the edge: the
    first, or the one that is named; with ``certificate=False`` without what the edge shows.
    ``direct`` makes one that asks an address itself, whoever answers there, without the edge's certificate.
    ``tls_scanner`` are the words that run sslyze, a process of its own.
    ``secret`` gives the value of a config secret of the stack, or raises :class:`core.errors.LaunchReadyError`.
    ``own_secrets`` gives every value that the stack knows, by name; ``custody`` what `invoke secrets.audit` finds,
    ``witnesses`` what there is of the ledgers beside the hosts, ``drift`` what differs from what is declared. Each may
    raise the same. ``halt`` ends it all early.
    """

    stack: str
    settings: Stack
    root: Path
    folder: Path
    clock: Clock
    visitor: Callable[..., Visitor]
    secret: Callable[[str], Secret]
    resolver: Resolver
    local: LocalCommand
    redactor: Redactor
    behind_edge: Callable[..., Visitor] | None = None
    direct: Callable[[str], Visitor] | None = None
    mailbox: Mailbox | None = None
    alerts: Arrivals | None = None
    errors: Arrivals | None = None
    browser: Browser | None = None
    live_api: LiveApi | None = None
    live_changes: LiveChanges | None = None
    tls_scanner: tuple[str, ...] = ()
    shells: Mapping[str, Shell] = field(default_factory=dict)
    repository: Repository | None = None
    scanner: Scanner | None = None
    own_secrets: Callable[[], Mapping[str, Secret]] | None = None
    custody: Callable[[], Sequence[Finding]] | None = None
    world: World | None = None
    witnesses: Callable[[], Witnesses] | None = None
    drift: Callable[[], Compared] | None = None
    ages: Callable[[str], None] | None = None
    halt: Halt = field(default_factory=Halt)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", People(self))

    @property
    def origin(self) -> str:
        """``https://NAME`` of the site that people use."""
        return f"https://{full_name(self.settings.readiness.site, self.settings.zone.name)}"

    def url(self, path: str) -> str:
        """A page or an API's path of that site."""
        return self.origin + path
