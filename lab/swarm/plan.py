"""What a swarm does, and where it goes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from core.errors import LabError
from core.loopback import require_loopback, require_loopback_url

# Both HTTP and what it costs the lab's machine: more would say nothing more.
MOST_CLIENTS = 250


@dataclass(frozen=True)
class Door:
    """Where connections go: nginx on a host, or the edge. ``host`` is asked for by SNI and by Host.

    ``ca_file`` is the one authority that is trusted there.
    """

    name: str
    address: str
    port: int
    ca_file: str
    host: str


@dataclass(frozen=True)
class Plan:
    """One process of clients.

    ``members`` send GETs and posts at ``rate`` requests a second each, one in ``post_every`` a post, in turn on
    ``doors``; ``edge_members`` do so through ``edge`` at ``edge_rate``, below its rate limits. ``first`` numbers the
    clients of this process, and so their addresses. Streams and uploads last from ``shortest`` to ``longest`` seconds.
    ``messages_url`` lists the mail that arrives; without it, nobody proves an address.
    """

    doors: tuple[Door, ...]
    edge: Door | None
    net: int
    first: int = 1
    members: int = 32
    rate: float = 10.0
    post_every: int = 20
    edge_members: int = 4
    edge_rate: float = 8.0
    edge_post_every: int = 24
    uploads: int = 3
    slow: int = 1
    websockets: int = 4
    events: int = 2
    shortest: float = 3.0
    longest: float = 15.0
    messages_url: str = ""

    @property
    def clients(self) -> int:
        """All clients but the streams, each with an address of its own."""
        return self.members + self.edge_members + self.uploads + self.slow

    def check(self) -> None:
        """Raises :class:`LabError` for a swarm that is not bounded as a lab's must be, or leaves loopback."""
        for door in (*self.doors, *filter(None, [self.edge])):
            require_loopback(door.address)
        if self.messages_url:
            require_loopback_url(self.messages_url)
        if not self.doors or self.members < 1 or self.first + self.clients > MOST_CLIENTS:
            raise LabError(f"a swarm has 1 to {MOST_CLIENTS} clients and a door to go to")
        if not 0 < self.rate <= 100 or not 0 < self.shortest <= self.longest <= 60:
            raise LabError("a swarm's clients send up to 100 requests a second, and streams last up to 60 s")

    def source(self, client: int) -> str:
        """The loopback address that a client's connections come from."""
        return f"127.{self.net}.100.{client}"

    def text(self) -> str:
        """The plan as JSON, for :func:`read_plan`."""
        return json.dumps(asdict(self))


def read_plan(text: str) -> Plan:
    """The plan that :meth:`Plan.text` wrote. Raises :class:`LabError`."""
    try:
        known = json.loads(text)
        doors = tuple(Door(**door) for door in known.pop("doors"))
        edge = known.pop("edge")
        plan = Plan(doors=doors, edge=Door(**edge) if edge else None, **known)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LabError(f"this is no plan of a swarm: {type(error).__name__}: {error}") from None
    plan.check()
    return plan
