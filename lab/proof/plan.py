"""How much is proven, and the swarms that do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import LabError
from lab.pki import Pki
from lab.place import HTTPS_PORT, ZONE, Place
from lab.swarm import Door, Plan

HOST = f"app.{ZONE}"


@dataclass(frozen=True)
class Proof:
    """``clients`` keep-alive clients go straight to the hosts' nginx, some more through the edge, and streams beside.

    Release number i of ``switches`` begins once its share of ``requests`` has been sent; all of it ends within
    ``minutes``, whatever was reached by then.
    """

    clients: int = 64
    switches: int = 52
    requests: int = 300_000
    minutes: float = 20.0
    rate: float = 12.0
    processes: int = 2
    websockets: int = 8
    events: int = 4
    uploads: int = 6
    edge_clients: int = 8
    longest: float = 12.0

    def check(self) -> None:
        """Raises :class:`LabError` for a proof that is not bounded."""
        for name, value, most in (
            ("clients", self.clients, 160),
            ("switches", self.switches, 1000),
            ("requests", self.requests, 10_000_000),
            ("minutes", self.minutes, 60),
        ):
            if not 0 < value <= most:
                raise LabError(f"--{name} is {value:g} and must be above 0, at most {most}")
        if self.clients < self.processes:
            raise LabError(f"--clients is {self.clients}, and each of {self.processes} processes needs one")


def swarms(proof: Proof, place: Place, status: dict[str, Any]) -> list[Plan]:
    """A plan for each process of clients, by the lab's ``status`` document."""
    pki = Pki(place.home / "pki")
    edge = status["edge"]
    doors = tuple(
        Door(host["name"], host["address"], HTTPS_PORT, str(pki.origin_ca_file), HOST) for host in status["hosts"]
    )
    through = Door("edge", edge["address"], int(edge["https_port"]), edge["ca_file"], HOST)
    plans: list[Plan] = []
    first = 1
    for index in range(proof.processes):
        plan = Plan(
            doors,
            through,
            place.net,
            first=first,
            members=_share(proof.clients, proof.processes, index),
            rate=proof.rate,
            edge_members=_share(proof.edge_clients, proof.processes, index),
            uploads=_share(proof.uploads, proof.processes, index),
            websockets=_share(proof.websockets, proof.processes, index),
            events=_share(proof.events, proof.processes, index),
            shortest=min(3.0, proof.longest),
            longest=proof.longest,
            messages_url=status["mail"]["messages_url"],
        )
        plans.append(plan)
        first += plan.clients
    return plans


def _share(whole: int, parts: int, index: int) -> int:
    return whole // parts + (index < whole % parts)
