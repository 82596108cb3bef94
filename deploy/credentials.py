"""The secrets of a release: read from where the stack says before anything is touched, and handed to the hosts.

A value is a :class:`core.secret.Secret` all the way. It leaves this process as standard input of a host's own tool, by
SSH, and in no other way.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import HostError, LaunchReadyError, SettingsError
from core.ports import SecretStore
from core.secret import Secret
from core.settings.credentials import Credential, Credentials, Kind
from core.terminal import clean
from deploy import commands
from deploy.facts import Kept
from deploy.fleet import at_once
from deploy.operation import Operation
from deploy.plan import Place

# systemd.exec(5): a unit's credentials may have 1 MB in all.
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Sources:
    """What a stack declares, the stores to read it from, and the file to name in messages."""

    declared: Credentials = field(default_factory=Credentials)
    stores: Mapping[Kind, SecretStore] = field(default_factory=dict)
    file: str = "the stack's file"


def resolve(sources: Sources | None, release: Kept) -> dict[str, Secret]:
    """A value for every name that the release asks for, in its order.

    Raises :class:`SettingsError` or :class:`core.errors.StoreError` with every reason, a line each: the name, where it
    is declared, what stands in the way, and no value.
    """
    sources = sources or Sources()
    declared = {item.name: item for item in sources.declared.items}
    found = at_once(release.secrets, lambda name: _read(sources, name, declared.get(name), release.version))
    values = found.or_raise()
    if sum(len(_bytes(value)) for value in values.values()) > MOST_BYTES:
        raise SettingsError(f"the secrets of {release.version} have more than {MOST_BYTES} bytes in all")
    return values


def _read(sources: Sources, name: str, wanted: Credential | None, version: str) -> Secret:
    if wanted is None:
        raise SettingsError(
            f"{sources.file}: release {clean(version)} asks for the secret {clean(name)}, and launch-ready:credentials"
            " has none of that name: say there where it comes from"
        )
    where = f"{sources.file}: the secret {name} (launch-ready:credentials, {wanted.kind})"
    try:
        value = sources.stores[wanted.kind].read(wanted)
    except LaunchReadyError as error:
        raise type(error)(clean(f"{where}: {error}")) from None
    if not value.reveal():
        raise SettingsError(f"{where} is empty: set it")
    return value


def read_secrets(operation: Operation, release: Kept) -> dict[str, Secret]:
    """The secrets of a release, and every host's word that it takes some: before anything is changed.

    Raises what :func:`resolve` does, and :class:`HostError` for a host that was prepared before there were any.
    """
    if not release.secrets:
        return {}
    with operation.phase("secrets") as states:
        values = resolve(operation.world.sources, release)
        asked = at_once(operation.world.shells, lambda name: _ask(operation, name))
        states.update(dict.fromkeys(asked.good, f"{len(values)} to give") | dict.fromkeys(asked.bad, "failed"))
    asked.or_raise()
    return values


def _ask(operation: Operation, name: str) -> None:
    try:
        operation.step(name, commands.credentials_ready(operation.world.layout))
    except HostError as error:
        raise HostError(f"{error}: it takes no secrets; run scripts/prepare-host on it again as root") from None


def place_credentials(operation: Operation, places: Mapping[str, Place], values: Mapping[str, Secret]) -> None:
    """Give every host on which the release will be started its secrets. Raises :class:`HostError`."""
    if values:
        moving = [name for name, where in places.items() if where.moves]
        with operation.phase("credentials") as states:
            states.update(keep_credentials(operation, moving, operation.version, values))


def keep_credentials(
    operation: Operation, names: Iterable[str], version: str, values: Mapping[str, Secret]
) -> dict[str, str]:
    """Have hosts keep the secrets of ``version`` beside it, root's alone: a rollback to it needs no store.

    How that went, in words. Raises :class:`HostError`.
    """
    lines, script = as_lines(values), commands.credentials(operation.world.layout, version)

    def give(name: str) -> str:
        operation.step(name, script, stdin=lines)
        return f"{len(values)} given"

    return at_once(names, give).or_raise()


def as_lines(values: Mapping[str, Secret]) -> bytes:
    """What a host's tool reads: ``NAME BASE64``, a line a secret."""
    return b"".join(b"%s %s\n" % (name.encode(), base64.b64encode(_bytes(value))) for name, value in values.items())


def _bytes(value: Secret) -> bytes:
    return value.reveal().encode("utf-8", "surrogateescape")
