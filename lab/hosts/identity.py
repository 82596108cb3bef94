"""The secrets and keys of a lab, each made once: the key of releases, the hosts' own keys, the app's environment."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from lab.hosts.host import DATABASE_NAME, DATABASE_PORT, DATABASE_USER, Host
from lab.place import SSH_PORT, ZONE, Place

USER = "deploy"
FAULTS = "/etc/app/faults"


def identity_file(place: Place) -> Path:
    """The private key that :data:`USER` logs in with on every host."""
    return place.home / "ssh" / USER


def known_hosts_file(place: Place) -> Path:
    """The hosts' public keys in OpenSSH's format."""
    return place.home / "ssh" / "known_hosts"


def database_password_file(place: Place) -> Path:
    """The password of the app's role in PostgreSQL."""
    return place.home / "database" / "password"


def deploy_key(place: Place) -> str:
    """The public half of the key that releases log in with, as a line of authorized_keys."""
    return _ssh_key(identity_file(place))[1]


def host_key(host: Host) -> tuple[str, str]:
    """The private (OpenSSH PEM) and public key of ``host``; a host that is made anew keeps its key."""
    return _ssh_key(host.place.home / "ssh" / "hosts" / host.name)


def known_hosts(place: Place, hosts: list[Host]) -> None:
    """Write the known_hosts file: what a client checks comes from where the keys were made, not from a scan."""
    lines = [f"[{host.address}]:{SSH_PORT} {host_key(host)[1]}\n" for host in hosts]
    put(known_hosts_file(place), "".join(lines), 0o644)


def database_password(place: Place) -> str:
    """The password itself: letters that need no quoting anywhere."""
    return _once(database_password_file(place))


def app_environment(place: Place) -> str:
    """``/etc/app/env``: the same on every host, or a session begun on one would be nobody's on the next.

    :data:`FAULTS` is read by the release with seeded faults alone. The key of webhooks is not in it: a release is
    handed that as a credential, out of the stack's own secrets.
    """
    session_key = _once(_session_key_file(place))
    database = f"{DATABASE_USER}:{database_password(place)}@{place.database}:{DATABASE_PORT}/{DATABASE_NAME}"
    mail, smtp, _http = place.mail
    sink, sink_port = place.sink
    return (
        f"DATABASE_URL=postgresql://{database}\n"
        f"SESSION_KEY={session_key}\n"
        f"MAIL_RELAY=smtp://{mail}:{smtp}\n"
        f"MAIL_FROM=no-reply@{ZONE}\n"
        f"PUBLIC_URL=https://app.{ZONE}\n"
        f"ADMIN_EMAILS=admin@{ZONE}\n"
        f"COMMUNITY_FAULTS={FAULTS}\n"
        f"SENTRY_DSN=http://key@{sink}:{sink_port}/1\n"
    )


def forget(place: Place) -> None:
    """Remove all of it, when no host is left that it is for."""
    for folder in (place.home / "ssh", place.home / "database"):
        shutil.rmtree(folder, ignore_errors=True)


def put(path: Path, content: str, mode: int) -> None:
    """Write aside and rename; a secret is never open to others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:  # noqa: PTH123  (mode)
        os.fchmod(file.fileno(), mode)
        file.write(content)
    aside.replace(path)


def _session_key_file(place: Place) -> Path:
    return place.home / "database" / "session-key"


def _once(path: Path) -> str:
    if not path.exists():
        put(path, secrets.token_urlsafe(24), 0o600)
    return path.read_text()


def _ssh_key(path: Path) -> tuple[str, str]:
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        put(path, made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), 0o600)
    private = path.read_bytes()
    public = load_ssh_private_key(private, password=None).public_key()
    return private.decode(), public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
