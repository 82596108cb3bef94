"""pyinfra doing the bare switch and the bare release: the fastest of the field's own tools that speak SSH by Python.

It lives in an environment of its own, pinned in ``requirements/bench.txt``, and is given its usual means: an inventory,
``files.put`` and ``server.shell`` (https://docs.pyinfra.com/en/3.x/). Host keys are checked, as everywhere here.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import LabError
from lab.bench import floor
from lab.bench.timed import timed

_DONE = re.compile(r"\] +Success\b")
PINS = Path(__file__).resolve().parent.parent.parent / "requirements" / "bench.txt"

_SWITCH = "from pyinfra.operations import server\nserver.shell(name='switch', commands=[{script!r}])\n"
_RELEASE = (
    "from pyinfra.operations import files, server\n"
    "files.put(name='send', src={artifact!r}, dest='/srv/app/floor.tar.gz')\n"
    "server.shell(name='release', commands=[{script!r}])\n"
)


def install(cache: Path, say: Callable[[str], None]) -> Path:
    """A Python that has pyinfra, installed if these pins are not there yet. Raises :class:`LabError`."""
    home = cache / f"pyinfra-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    stamp = home / "complete"
    if not stamp.exists():
        say("installing pyinfra into an environment of its own")
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-input", "--require-hashes", "-r", str(PINS)])
        stamp.touch()
    return home / "bin" / "python"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600)
    if done.returncode:
        raise LabError(f"pyinfra could not be installed: {done.stderr.strip()[-300:]}")


class Pyinfra:
    """pyinfra over a fleet of the lab's status; what it reads is written into ``folder``."""

    def __init__(self, python: Path, folder: Path, hosts: list[dict[str, Any]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._python = python
        self._folder = folder
        self._count = len(hosts)
        entries = [(host["name"], _data(host)) for host in hosts]
        (folder / "inventory.py").write_text(f"hosts = {entries!r}\n", encoding="utf-8")

    def switch(self) -> float:
        """Seconds for the bare switch: what :data:`floor.SWITCH` does. Raises :class:`LabError`, as the next does."""
        return self._timed("switch.py", _SWITCH.format(script=floor.SWITCH), operations=1)

    def release(self, artifact: Path) -> float:
        """Seconds for the bare release: the artefact is put there, then what :data:`floor.RELEASE` does."""
        code = _RELEASE.format(artifact=str(artifact), script=floor.RELEASE)
        return self._timed("release.py", code, operations=2)

    def _timed(self, name: str, code: str, operations: int) -> float:
        script = self._folder / name
        script.write_text(code, encoding="utf-8")
        took = timed([str(self._python), "-m", "pyinfra", "--yes", str(self._folder / "inventory.py"), str(script)])
        # It ends with 0 where it takes no host from its inventory. Names are padded to the longest.
        if len(_DONE.findall(took.said)) != self._count * operations:
            raise LabError(f"pyinfra did not do `{name}` on every host: {took.said[-300:]}")
        return took.seconds


def _data(host: dict[str, Any]) -> dict[str, str | int]:
    return {
        "ssh_hostname": host["address"],
        "ssh_port": host["ssh_port"],
        "ssh_user": host["user"],
        "ssh_key": host["identity_file"],
        "ssh_known_hosts_file": host["known_hosts"],
        "ssh_strict_host_key_checking": "yes",
    }
