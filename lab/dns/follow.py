"""Keep Knot's zone files in step with the state file of the Cloudflare API."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import LabError
from lab.cloudflare.snapshot import Follower, Snapshot
from lab.dns import knot, reverse, team
from lab.dns.render import render
from lab.services.files import write_atomically
from lab.services.probes import dns_answers

POLL_SECONDS = 0.1

_log = logging.getLogger(__name__)


@dataclass
class Zones:
    """The files in ``folder`` of the server at ``address``:``port``; ``edge`` is the address of proxied names.

    ``import_key`` makes a private key (PEM) the one that signs a zone: see :class:`lab.dns.keys.Keys`.
    """

    folder: Path
    address: str
    port: int
    edge: str
    import_key: Callable[[str, str], None]
    _signed: dict[str, bool] = field(default_factory=dict)
    """Zones that have a file, and whether they are signed."""

    def write(self, snapshot: Snapshot) -> None:
        """Write what ``snapshot`` declares. A zone that cannot be rendered is logged and stays as it was before."""
        zones = {zone.name: zone for zone in snapshot.zones}
        for name in self._signed.keys() - zones.keys():
            knot.zone_file(self.folder, name).unlink(missing_ok=True)
            del self._signed[name]
        for name, zone in zones.items():
            try:
                text = render(zone, snapshot, self.edge).to_text(sorted=True, relativize=False)
                if zone.dnssec.signs:
                    self.import_key(name, zone.dnssec.key)
            except LabError as error:
                _log.error("%s; it is served as it was before", error)
                continue
            write_atomically(knot.zone_file(self.folder, name), str(text))
            self._signed[name] = zone.dnssec.signs
        self.configure()

    def configure(self) -> None:
        """Write ``knot.conf`` for the zones that have a file, and for those that are always there."""
        always = {reverse.NAME: reverse.text(), team.NAME: team.text(self.edge)}
        for name, content in always.items():
            write_atomically(knot.zone_file(self.folder, name), content)
        text = knot.configuration(self.address, self.port, {**self._signed, **dict.fromkeys(always, False)})
        write_atomically(self.folder / knot.CONFIGURATION, text)


def serve(zones: Zones, state: Path, tree: Path, stopped: threading.Event) -> int:
    """Run Knot and follow ``state`` until ``stopped`` is set; return the exit status.

    Raises :class:`LabError` if the tree has no Knot. If Knot ends by itself, this ends with it.
    """
    argv = knot.argv(tree, zones.folder)
    for name in (knot.ZONES, knot.DATABASE):
        (zones.folder / name).mkdir(parents=True, exist_ok=True)
    zones.configure()
    follower = _Quiet(Follower(state))
    first = follower.poll()
    if first:
        zones.write(first)
    server = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    try:
        return _follow(zones, follower, server, stopped)
    finally:
        server.terminate()
        server.wait()


class _Quiet:
    """A follower that logs what is wrong with the state file once, and goes on."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._complaint = ""

    def poll(self) -> Snapshot | None:
        """The new state, if there is one that can be read."""
        try:
            snapshot = self._follower.poll()
        except LabError as error:
            if str(error) != self._complaint:
                _log.warning("%s", error)
            self._complaint = str(error)
            return None
        self._complaint = ""
        return snapshot


def _follow(zones: Zones, follower: _Quiet, server: subprocess.Popen[bytes], stopped: threading.Event) -> int:
    answers = dns_answers(zones.address, zones.port)
    ready = False
    while not stopped.wait(POLL_SECONDS):
        if server.poll() is not None:
            _log.error("Knot DNS ended with exit status %s", server.returncode)
            return 1
        # Before it answers, Knot may have no handler for SIGHUP yet, and would die of it.
        ready = ready or answers()
        snapshot = follower.poll() if ready else None
        if snapshot:
            zones.write(snapshot)
            server.send_signal(signal.SIGHUP)
    return 0
