"""The keys that sign zones (DNSSEC): the API's own, put into Knot's store by keymgr(8)."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError
from core.terminal import clean
from lab.dns import knot
from lab.hosts.container import program_argv
from lab.services.files import write_atomically

_PROGRAM = "/usr/sbin/keymgr"
_IMPORTED = "imported"
# The API makes keys for ECDSA with P-256 and SHA-256 alone (RFC 6605).
_ATTRIBUTES = ("algorithm=13", "ksk=yes", "zsk=yes")


@dataclass(frozen=True)
class Keys:
    """Knot's keys in ``folder``, where its configuration is; keymgr(8) is in the Debian tree ``tree``."""

    folder: Path
    tree: Path

    def make_sign(self, zone: str, key: str) -> None:
        """Let ``key`` (PEM) sign ``zone`` and no other key; it costs nothing where it does already.

        Raises :class:`LabError` if Knot's store does not take it.
        """
        imported = self.folder / _IMPORTED / f"{zone}.pem"
        if imported.exists() and imported.read_text() == key:
            return
        imported.parent.mkdir(mode=0o700, exist_ok=True)
        # Not under its name before it is in the store: who is cut short does it again.
        new = imported.with_suffix(".new")
        write_atomically(new, key)
        for line in self._keymgr(zone, "list").splitlines():
            self._keymgr(zone, "delete", line.partition(" ")[0])
        self._keymgr(zone, "import-pem", f"{knot.INSIDE}/{_IMPORTED}/{new.name}", *_ATTRIBUTES)
        new.replace(imported)

    def _keymgr(self, zone: str, *words: str) -> str:
        argv = [_PROGRAM, "--mono", "-c", f"{knot.INSIDE}/{knot.CONFIGURATION}", f"{zone}.", *words]
        done = subprocess.run(
            program_argv(self.tree, argv, {self.folder: knot.INSIDE}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LabError(f"zone {zone}: keymgr {words[0]} failed: {clean(' '.join(done.stderr.split()))}")
        return done.stdout
