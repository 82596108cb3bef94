"""The lab as a whole: up, down, status. What `invoke lab.*` and the tests call."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import LabError
from core.secret import Secret
from core.signals import handled
from lab.hosts import api as machines
from lab.hosts import needs, processes, ready, tree
from lab.hosts.host import DATABASE_PORT, existing, named
from lab.hosts.host import machines as machine_prefix
from lab.hosts.host import names as host_names
from lab.pki import Pki
from lab.place import HTTPS_PORT, MAX_HOSTS, SSH_PORT, Place
from lab.services import document, process
from lab.services.files import write_atomically
from lab.services.lock import alone
from lab.services.parts import before_edge, edge, token_file
from lab.services.ports import require_free
from lab.services.supervisor import Endpoint, Service, State, Supervisor

Say = Callable[[str], None]

DEFAULT_HOSTS = 2
_CODE = Path(__file__).resolve().parent.parent
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Part:
    """One part of the lab. ``state``: ``up``, ``dumb`` (it runs and does not answer) or ``dead``; uptime in seconds."""

    name: str
    state: str
    address: str
    pid: int | None
    uptime: float | None


def up(place: Place, hosts: int | None = None, say: Say = print) -> dict[str, Any]:
    """Bring the lab up with ``hosts`` app hosts, or mend it, and return its status document.

    Without ``hosts``, a lab that is up keeps the number that it has, and a new one gets two. What runs already is left
    alone. Raises :class:`LabError`. If it fails or is interrupted and the lab was not up before, nothing stays.
    """
    if hosts is not None and not 1 <= hosts <= MAX_HOSTS:
        raise LabError(f"a lab has 1 to {MAX_HOSTS} app hosts, and {hosts} were asked for")
    _require_root()
    began = time.monotonic()
    with alone(place.root):
        was_up = place.status_file.exists() and _runs(place)
        try:
            made = _raise(place, hosts or _count(place) or DEFAULT_HOSTS, say)
        except BaseException:
            if not was_up:
                _take_back(place, say)
            raise
    say(f"the lab is up after {time.monotonic() - began:.1f} s")
    return made


def down(place: Place, say: Say = print) -> None:
    """Take the lab down, whole or what is left of it; the cache alone stays. Raises :class:`LabError` if it cannot."""
    began = time.monotonic()
    with alone(place.root):
        if not place.home.exists() and not _runs(place):
            say("the lab is not up")
            return
        _require_root()
        _lower(place)
    say(f"the lab is down after {time.monotonic() - began:.1f} s")


def require_none(place: Place, who: str) -> None:
    """Raise :class:`LabError` if a lab is up: ``who`` needs one of its own, which it will take down."""
    if place.home.exists():
        raise LabError(f"a lab is up here, and {who} needs a fresh one: take yours down first with `invoke lab.down`")


def status(place: Place) -> dict[str, Any]:
    """The status document of the lab that is up. Raises :class:`LabError` if it is not."""
    return document.read(place)


def parts(place: Place) -> list[Part]:
    """How each part of the lab that is up is. Raises :class:`LabError` if it is not up."""
    known = document.read(place)
    services = _services(place, Secret(known["cloudflare"]["token"]))
    states = _supervisor(place).states(services)
    return [*(_service_part(one, states[one.name]) for one in services), *_host_parts(place, len(known["hosts"]))]


def _require_root() -> None:
    """Raise :class:`LabError` before a lab that is another user's is so much as looked at."""
    if os.geteuid() != 0:
        raise LabError("the lab is root's: run this as root or with sudo")


def _raise(place: Place, count: int, say: Say) -> dict[str, Any]:
    needs.require_machine()
    names = host_names(count)
    token = _token(place)
    services = _services(place, token)
    require_free([*_idle_services(place, services), *_idle_hosts(place, names)])
    machines.ensure_tree(place, say)
    ca_file = Pki(place.home / "pki").edge_ca_file
    with ThreadPoolExecutor(max_workers=1) as pool:
        serving = pool.submit(_serve, _supervisor(place), services, say)
        machines.boot(place, names, say)
        serving.result()
    _halt_surplus(place, names, say)
    inventory, database = machines.inventory(place, names), machines.database(place)
    made = document.compose(place, token, str(ca_file), inventory, database)
    document.write(place, made)
    return made


def _serve(supervisor: Supervisor, services: list[Service], say: Say) -> None:
    *independent, last = services
    supervisor.ensure(independent, say)
    supervisor.ensure([last], say)


def _take_back(place: Place, say: Say) -> None:
    """Leave nothing of a lab that did not get up, and only then talk of it: whoever listened may be gone."""
    started = _runs(place)
    with _undisturbed():
        _lower(place)
    if started:
        say("what was started has been taken down again")


def _lower(place: Place) -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        halting = pool.submit(machines.halt, place)
        _supervisor(place).stop()
        halting.result()
    try:
        # A new lab's hosts know nothing of what the old ones did.
        place.record.unlink(missing_ok=True)
        if place.home.exists():
            shutil.rmtree(place.home)
    except OSError as error:
        raise LabError(f"{place.home} could not be removed ({error}): remove it by hand") from None


def _halt_surplus(place: Place, names: list[str], say: Say) -> None:
    surplus = [host.name for host in existing(place) if host.name not in names]
    if surplus:
        machines.halt(place, surplus)
        say(f"{', '.join(surplus)} halted and removed")


def _services(place: Place, token: Secret) -> list[Service]:
    """All services, the edge last: it follows what the Cloudflare API writes."""
    return [*before_edge(place, tree.base_tree(place), token), edge(place)]


def _supervisor(place: Place) -> Supervisor:
    return Supervisor(_CODE, place.home)


def _idle_services(place: Place, services: list[Service]) -> Iterator[Endpoint]:
    """What the services that do not run yet will listen on."""
    running = process.running(place.home)
    for service in services:
        if service.name not in running:
            yield from service.endpoints


def _idle_hosts(place: Place, names: list[str]) -> Iterator[Endpoint]:
    """What the hosts that are off will listen on."""
    running = processes.scan(machine_prefix(place))
    for host in (named(place, name) for name in names):
        if host.machine not in running:
            yield Endpoint(host.address, SSH_PORT)
            yield Endpoint(host.address, HTTPS_PORT if host.role == "app" else DATABASE_PORT)


def _service_part(service: Service, state: State) -> Part:
    word = "dead" if state.process is None else "up" if state.answers else "dumb"
    return _part(service.name, word, " ".join(map(str, service.endpoints)), state.process)


def _host_parts(place: Place, count: int) -> list[Part]:
    running = processes.scan(machine_prefix(place))

    def part(name: str) -> Part:
        host = named(place, name)
        members = running.get(host.machine, [])
        first = processes.leader(members)
        word = "dead" if first is None else "up" if ready.answers(host, members) else "dumb"
        return _part(name, word, host.address, process.read_process(first.pid) if first else None)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(part, host_names(count)))


def _part(name: str, state: str, address: str, found: process.Process | None) -> Part:
    return Part(name, state, address, found.pid if found else None, found.uptime if found else None)


def _token(place: Place) -> Secret:
    """The token that the Cloudflare API takes: random, made once a lab."""
    file = token_file(place)
    place.home.mkdir(mode=0o700, exist_ok=True)
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        write_atomically(file, secrets.token_urlsafe(30))
    return Secret(file.read_text(encoding="utf-8").strip())


def _runs(place: Place) -> bool:
    """Whether any part of the lab has a process."""
    return bool(process.running(place.home) or processes.scan(machine_prefix(place)))


def _count(place: Place) -> int:
    """How many app hosts the lab has now; of one that did not get up whole, how many have files."""
    try:
        return len(document.read(place)["hosts"])
    except LabError:
        return sum(host.role == "app" for host in existing(place))


def _undisturbed() -> AbstractContextManager[None]:
    """Let no second Ctrl-C stop the cleaning up; what it waits for is bounded."""
    # Only the main thread may set handlers, and only it is interrupted.
    main = threading.current_thread() is threading.main_thread()
    return handled(dict.fromkeys(_SIGNALS, lambda *_: None)) if main else nullcontext()
