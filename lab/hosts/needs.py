"""What the lab's hosts need of the machine, each lack told in one sentence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import LabError

TOOLS = ("mmdebstrap", "systemd-nspawn", "mount", "umount", "nsenter", "unshare", "setsid", "apt-config")
OLDEST = 12


def require_machine() -> None:
    """Raise :class:`LabError` unless hosts can run here: root, Debian, the tools."""
    if os.geteuid() != 0:
        raise LabError("the lab's hosts are containers and need root: run this as root or with sudo")
    suite()
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        raise LabError(f"{', '.join(missing)} cannot be found: scripts/setup installs what the lab needs")


def suite() -> str:
    """The machine's own Debian suite, such as ``bookworm``. Raises :class:`LabError` for another system."""
    release = parse_os_release(Path("/etc/os-release"))
    name = release.get("PRETTY_NAME", "of an unknown kind")
    version = release.get("VERSION_ID", "")
    if release.get("ID") != "debian" or (version.isdecimal() and int(version) < OLDEST):
        raise LabError(f"the lab's hosts need Debian {OLDEST} or later, and this machine is {name}")
    if not (codename := release.get("VERSION_CODENAME", "")):
        raise LabError(f"/etc/os-release does not say which Debian suite this machine is of ({name})")
    return codename


def parse_os_release(path: Path) -> dict[str, str]:
    """The assignments of an os-release(5) file; none if it is not there."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip().strip("\"'") for name, equals, value in pairs if equals}
