"""The floor: what ``ssh`` and ``scp`` take for the same switch and the same release, with nothing checked between."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import LabError

# Point the host at $to, durably, and see that nginx answers.
_POINT = """
ln -sfn "$to.sock" /run/app/current.sock.new; mv -T /run/app/current.sock.new /run/app/current.sock
ln -sfn "slots/$to" /srv/app/live.new; mv -T /srv/app/live.new /srv/app/live
sync /srv/app
answer=$(/usr/local/lib/app/probe /healthz)
case "$answer" in "200 "*) ;; *) echo "nginx answers '$answer'" >&2; exit 1 ;; esac
"""
_LIVE = """set -eu
cd /srv/app
live=$(basename "$(readlink live)"); other=green; [ "$live" = blue ] || other=blue
"""

# The release that is live is pointed at once more: the same renames, syncs and question, and nothing changes.
SWITCH = f"{_LIVE}to=$live{_POINT}"

# As a deploy does it: unpack, start the idle colour, wait until it answers, switch.
RELEASE = f"""{_LIVE}
mkdir releases/floor; tar -xzf floor.tar.gz -C releases/floor
cp -a "slots/$live/.launch" releases/floor/.launch; chmod -R a+rX releases/floor
readlink "slots/$other" >floor.was 2>/dev/null || :
ln -sfn ../releases/floor "slots/$other"
sudo -n systemctl restart "app@$other.service"
until curl -sf --unix-socket "/run/app/$other.sock" -o /dev/null http://app/healthz; do sleep 0.05; done
to=$other{_POINT}"""

UNDO = f"""{_LIVE}to=$other{_POINT}
sudo -n systemctl stop "app@$live.service"
rm -f "slots/$live"; [ ! -s floor.was ] || ln -s "$(cat floor.was)" "slots/$live"
rm -rf releases/floor floor.tar.gz floor.was
"""


def _options(host: dict[str, Any]) -> list[str]:
    known = f"UserKnownHostsFile={host['known_hosts']}"
    return [
        "-F",
        "none",
        "-i",
        host["identity_file"],
        "-o",
        known,
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "BatchMode=yes",
    ]


def ssh(host: dict[str, Any], script: str) -> list[str]:
    """The command that runs ``script`` on a host of the lab's status, over a connection of its own."""
    port = str(host["ssh_port"])
    return ["ssh", *_options(host), "-p", port, f"{host['user']}@{host['address']}", script]


def scp(host: dict[str, Any], file: Path) -> list[str]:
    """The command that sends an artefact to where :data:`RELEASE` expects it."""
    port = str(host["ssh_port"])
    target = f"{host['user']}@{host['address']}:/srv/app/floor.tar.gz"
    return ["scp", "-q", *_options(host), "-P", port, str(file), target]


def all_at_once(commands: Sequence[list[str]]) -> float:
    """Run every command at once; seconds until the last has ended. Raises :class:`LabError` if one fails."""
    began = time.perf_counter()
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for command in commands]
    failures = [error for error in (_failure(process) for process in running) if error]
    if failures:
        raise LabError(f"the floor could not be measured: {failures[0]}")
    return time.perf_counter() - began


def _failure(process: subprocess.Popen[bytes]) -> str:
    _, error = process.communicate(timeout=120)
    return (
        f"{process.args!r:.60} ended with {process.returncode}: {error.decode()[-200:]}" if process.returncode else ""
    )
