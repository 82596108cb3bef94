"""A host's disk: mounted, and filled with what makes this host this host."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError
from core.mail import sts_policy
from core.settings.zone_mail import zone_mail
from lab.hosts import door, identity, mounts
from lab.hosts.host import DATABASE_PORT, Host
from lab.pki import Pki
from lab.place import HTTPS_PORT, SSH_PORT, ZONE, Place

ORIGIN_NAMES = (ZONE, f"*.{ZONE}")


@dataclass(frozen=True)
class File:
    """A file to put into a host: absolute path there, content, mode, and the name of its owner."""

    path: str
    content: str
    mode: int = 0o644
    owner: str = "root"


def attach(host: Host, layers: Sequence[Path], size: int | None) -> None:
    """Mount the host's file system, made anew unless it is there. The host must be off.

    ``size``: bytes of a disk held in memory; without it the disk is a folder of the machine's own. A host whose disk
    is there keeps it, and with another size it is a :class:`LabError`.
    """
    if not _is_prepared(host, layers):
        _make(host, layers, size)
    else:
        _require_size(host, size)
        if not mounts.is_mounted(host.root):
            mounts.make_overlay(layers, host.disk, host.root)


def _make(host: Host, layers: Sequence[Path], size: int | None) -> None:
    remove(host)
    host.disk.mkdir(parents=True)
    if size is not None:
        mounts.run(mounts.tmpfs_argv(host.disk, size))
    mounts.make_overlay(layers, host.disk, host.root)
    _fill(host)
    host.prepared.write_text(json.dumps(_mark(layers)))


def remove(host: Host) -> None:
    """Unmount what the host has mounted and remove its files. It must be off."""
    if not host.folder.exists():
        return
    mounts.unmount(host.folder)
    shutil.rmtree(host.folder)


def files(host: Host, passwd: str) -> list[File]:
    """What is put into a new host beside links; ``passwd`` is the tree's /etc/passwd."""
    private, public = identity.host_key(host)
    home = passwd_entry(passwd, identity.USER)[2]
    return [
        File("/etc/hostname", f"{host.name}\n"),
        File("/etc/hosts", f"127.0.0.1 localhost\n{host.address} {host.name}\n"),
        File("/etc/machine-id", f"{hashlib.sha256(f'{host.machine}:{public}'.encode()).hexdigest()[:32]}\n", 0o444),
        File("/etc/ssh/ssh_host_ed25519_key", private, 0o600),
        File("/etc/ssh/ssh_host_ed25519_key.pub", f"{public}\n"),
        File("/etc/ssh/sshd_config.d/01-listen.conf", f"ListenAddress {host.address}:{SSH_PORT}\n"),
        File(f"{home}/.ssh/authorized_keys", f"{identity.deploy_key(host.place)}\n", 0o600, identity.USER),
        *(_app_files(host) if host.role == "app" else []),
    ]


def passwd_entry(passwd: str, user: str) -> tuple[int, int, str]:
    """User id, group id and home of ``user`` in a passwd(5) text."""
    for line in passwd.splitlines():
        fields = line.split(":")
        if fields[0] == user:
            return int(fields[2]), int(fields[3]), fields[5]
    raise LabError(f"the hosts' tree has no user {user}")


def _app_files(host: Host) -> list[File]:
    certificate, key = Pki(host.place.home / "pki").origin_certificate(host.name, ORIGIN_NAMES)
    listen = f"listen {host.address}:{HTTPS_PORT} ssl default_server;\nserver_name {' '.join(ORIGIN_NAMES)};\n"
    return [
        # As on a rented machine: `invoke hosts.prepare --stack lab` is root's.
        File("/root/.ssh/authorized_keys", f"{identity.deploy_key(host.place)}\n", 0o600),
        File("/etc/nginx/snippets/app-listen.conf", listen + door.lines(host.place)),
        *([File(door.CERTIFICATE, shown)] if (shown := door.certificate_of(host.place)) else []),
        File("/etc/app/env", identity.app_environment(host.place), 0o600),
        File("/etc/app/tls/origin.pem", certificate.read_text()),
        File("/etc/app/tls/origin.key", key.read_text(), 0o600),
        *([File("/etc/app/mta-sts.txt", policy)] if (policy := _mta_sts(host.place)) else []),
    ]


def _mta_sts(place: Place) -> str:
    """The policy that `invoke hosts.prepare` would bring: the lab's hosts come prepared. "" without a stack file."""
    found = zone_mail(place.stack_file) if place.stack_file.exists() else None
    return sts_policy(*found) if found else ""


def _fill(host: Host) -> None:
    passwd = (host.root / "etc/passwd").read_text()
    wanted = files(host, passwd)
    units = host.root / "etc/systemd/system/multi-user.target.wants"
    if host.role == "database":
        cluster = _cluster(host.root)
        # The port too: a tree that was built while 5432 was taken on the machine has the next free one.
        listen = f"listen_addresses = '{host.address}'\nport = {DATABASE_PORT}\n"
        wanted.append(File(f"{cluster}/conf.d/listen.conf", listen))
        for unit in ("nginx.service", "app-link.service", "app-cool.timer"):
            (units / unit).unlink()
        (units / "postgresql.service").symlink_to("/lib/systemd/system/postgresql.service")
    _write(host.root, wanted, passwd)


def _write(root: Path, wanted: Iterable[File], passwd: str) -> None:
    for file in wanted:
        path = root / file.path.lstrip("/")
        identity.put(path, file.content, file.mode)
        os.chown(path, *passwd_entry(passwd, file.owner)[:2])


def _cluster(root: Path) -> str:
    """The folder of PostgreSQL's configuration in the tree, whichever version the suite has."""
    for path in (root / "etc/postgresql").glob("*/main"):
        return f"/{path.relative_to(root)}"
    raise LabError("the hosts' tree has no PostgreSQL cluster")


def _mark(layers: Sequence[Path]) -> list[str]:
    return [str(layer) for layer in layers]


def _is_prepared(host: Host, layers: Sequence[Path]) -> bool:
    """Whether the host has a whole disk that it can go on with; a half-made one has no mark.

    One that is mounted still may lie on layers of a former recipe, which are kept as long as it does.
    """
    if not host.prepared.exists():
        return False
    return mounts.is_mounted(host.root) or json.loads(host.prepared.read_text()) == _mark(layers)


def _require_size(host: Host, size: int | None) -> None:
    if size is None:
        return
    disk = os.statvfs(host.disk)
    if not mounts.is_mounted(host.disk) or disk.f_blocks * disk.f_frsize != -(-size // 4096) * 4096:
        raise LabError(f"{host.name} has a disk of another size already: halt it first to give it a new one")
