"""The commands that run containers over the hosts' tree. Pure but for what their names say."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from lab.hosts.host import Host

# The container's systemd gets a cgroup of version 2 on every machine, also where the machine's own is of version 1.
# The image lock is ours to hold: nspawn's would leave a file beside the root when a host's power is cut.
ENVIRONMENT = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "SYSTEMD_NSPAWN_LOCK": "0"}

# $1 …: cgroups to enter, then --, then the command.
_ENTER = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'

# $1: the tree, then SOURCE TARGET pairs, then --, then the command. Runs in a mount namespace of its own.
_INSIDE = """
tree=$1; shift
mount --bind "$tree" "$tree"
mount -o remount,bind,ro "$tree"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount -t tmpfs -o mode=0755 tmpfs "$tree/run"
mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
while [ "$1" != -- ]; do
    mkdir -p "$tree$2"
    mount --bind "$1" "$tree$2"
    shift 2
done
shift
exec chroot "$tree" "$@"
"""


def nspawn_argv(host: Host) -> list[str]:
    """systemd-nspawn(1) that boots ``host`` on the machine's own network and stays until it is off.

    Neither a scope nor machined is asked for: what starts the command has given it a cgroup of its own.
    """
    return [
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        "--register=no",
        "--keep-unit",
        f"--directory={host.root}",
        f"--machine={host.machine}",
        f"--hostname={host.name}",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
        "--boot",
    ]


def launch_argv(host: Host, cgroups: Sequence[Path]) -> list[str]:
    """Start ``host`` detached: in ``cgroups``, made for it alone, or else in a scope of the machine's systemd."""
    if cgroups:
        place = ["sh", "-c", _ENTER, "sh", *map(str, cgroups), "--"]
    else:
        scope = [f"--unit={host.machine}", "--slice=machine.slice", "--property=Delegate=yes"]
        place = ["systemd-run", "--scope", "--quiet", "--collect", *scope, "--"]
    return ["setsid", "--fork", *place, *nspawn_argv(host)]


def shell_argv(leader: int, argv: Sequence[str]) -> list[str]:
    """nsenter(1): run ``argv`` as root in the container whose first process is ``leader``, with a clean environment."""
    spaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd"]
    clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", "HOME=/root"]
    return ["nsenter", f"--target={leader}", *spaces, "--", *clean, *argv]


def script_argv(root: Path) -> list[str]:
    """Run the shell script on standard input as root in the tree at ``root``, with what it mounts seen by it alone."""
    mount = 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$1" /bin/sh -s'
    clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
    return [*clean, "unshare", "--mount", "--propagation=private", "--", "sh", "-euc", mount, "sh", str(root)]


def program_argv(tree: Path, argv: Sequence[str], binds: Mapping[Path, str]) -> list[str]:
    """Run one program of ``tree``, which it sees read-only, with /run and /tmp of its own, on the machine's network.

    ``binds``: folder of the machine → absolute path below /run that the program sees it at. The process that this
    starts becomes the program itself: a signal to it is a signal to the program, and all its mounts go with it.
    """
    pairs = [text for source, target in binds.items() for text in (str(source), target)]
    own = ["unshare", "--mount", "--propagation=private", "--", "sh", "-euc", _INSIDE, "sh"]
    return [*own, str(tree), *pairs, "--", *argv]


def run_in_tree(
    tree: Path, argv: Sequence[str], binds: Mapping[Path, str], log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start :func:`program_argv`, detached from this terminal; what it prints goes to ``log``."""
    return subprocess.Popen(
        program_argv(tree, argv, binds),
        stdin=subprocess.DEVNULL,
        stdout=log or subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
