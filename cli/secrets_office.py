"""What the care of a stack's secrets works with: the places that keep them, the hosts, what was begun."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.guard import ROOT
from cli.output import say
from cli.world import Wishes, reached
from core.errors import LockedError, SettingsError

if TYPE_CHECKING:
    from adapters.secret_stores import ConfigSecrets
    from core.secret import Secret
    from core.settings.credentials import Credentials
    from core.settings.secrets import Secrets, StoredSecret
    from custody.ports import Keeper
    from custody.rotate import Desk, Releases

_LONGEST = 65_536


@dataclass(frozen=True)
class Office:
    """A stack's secrets, and the places that they are kept in."""

    stack: str
    declared: Secrets
    credentials: Credentials
    keepers: Sequence[Keeper]
    config: ConfigSecrets


def office_of(stack: str) -> Office:
    """What the stack's file says of its secrets. Raises :class:`SettingsError`."""
    from adapters.aws_keeper import AwsKeeper
    from adapters.cloudflare_keeper import CloudflareKeeper
    from adapters.file_keeper import FileKeeper
    from adapters.secret_stores import ConfigSecrets
    from cli.around import aws_of, cloudflare_access, passphrase_of
    from core.settings.base import load_sections, stack_file
    from core.settings.credentials import Credentials
    from core.settings.secrets import Secrets
    from core.settings.zone import Zone

    path = stack_file(ROOT / "stacks", stack)
    sections = load_sections(path, {"secrets": Secrets, "credentials": Credentials, "zone": Zone})
    declared, credentials, zone = sections["secrets"], sections["credentials"], sections["zone"]
    if not isinstance(declared, Secrets) or not isinstance(credentials, Credentials) or not isinstance(zone, Zone):
        raise TypeError("load_sections returned other sections than were asked for")
    config = ConfigSecrets(path, lambda: passphrase_of(stack))
    # The file first: what `invoke up` brings to the other places is what stands there.
    known: list[Keeper] = [
        FileKeeper(path, config, today),
        CloudflareKeeper(zone.account_id, declared, lambda: cloudflare_access(stack)),
        AwsKeeper("secretsmanager", stack, lambda: aws_of(stack)),
        AwsKeeper("ssm", stack, lambda: aws_of(stack)),
    ]
    used = [keeper for keeper in known if any(keeper.keeps(item) for item in declared.items)]
    return Office(stack, declared, credentials, used, config)


def item_of(declared: Secrets, name: str) -> StoredSecret:
    """The secret of this name. Raises :class:`SettingsError` that lists those there are."""
    found = next((item for item in declared.items if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in declared.items) or "none"
        raise SettingsError(f"--name {name}: launch-ready:secrets has no such secret; it has: {known}")
    return found


def desk_of(office: Office, releases: Releases | None, *, quiet: bool) -> Desk:
    """What a rotation is done at; without ``releases`` the hosts are left as they are."""
    from adapters.clock import SystemClock
    from adapters.record import FileRecord
    from core.terminal import clean
    from custody.rotate import Desk
    from deploy.lock import this_owner

    def tell(step: str, words: str) -> None:
        if not quiet:
            say(clean(f"✓ {step:<28} {words}"))

    record = FileRecord(_progress(office.stack))
    who = this_owner().who
    return Desk(office.keepers, office.credentials, office.config, record, SystemClock(), who, tell, releases)


def releases_of(stack: str, *, wait: str, quiet: bool) -> Releases:
    """How the live release is given new values, and is seen to run with them."""
    from custody.rotate import Releases
    from deploy.redeploy import redeploy
    from deploy.running import prove

    def restart(names: Sequence[str]) -> str:
        with reached(stack, Wishes(quiet=quiet, wait=wait, secrets=True, copies=True)) as world:
            done = redeploy(world, names)
        return f"{done.version} was restarted with it in {done.seconds:.1f} s"

    def see(values: Mapping[str, Secret]) -> str:
        with reached(stack, Wishes(quiet=quiet, edge=False)) as world:
            seen = prove(world, values)
        return "; ".join(f"{host}: {words}" for host, words in seen.items())

    return Releases(restart, see)


def _progress(stack: str) -> Path:
    return ROOT / ".launch-ready" / f"{stack}.secrets.jsonl"


def progress_lines(stack: str) -> list[str]:
    """What rotations of this stack wrote down on this machine. Raises :class:`SettingsError`."""
    path = _progress(stack)
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): nobody could tell what was begun") from None


@contextmanager
def alone(stack: str) -> Iterator[None]:
    """One rotation at a time on this machine: the kernel lets go of the lock with the process."""
    import fcntl

    path = _progress(stack).with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockedError(f"another rotation of the stack {stack} goes on here: wait until it is over") from None
        yield


def from_stdin() -> Secret:
    """A value from standard input, without the newline at its end. Raises :class:`SettingsError`."""
    from core.secret import Secret

    if sys.stdin.isatty():
        raise SettingsError("--stdin takes the value from a pipe or a file, for a terminal would show it")
    data = sys.stdin.buffer.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise SettingsError(f"a secret's value has at most {_LONGEST:,} bytes")
    try:
        return Secret(data.decode("utf-8").removesuffix("\n"))
    except UnicodeDecodeError:
        raise SettingsError(
            "the value on standard input is no UTF-8 text: encode it first, such as in base64"
        ) from None


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()
