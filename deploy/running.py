"""Which secrets a live release runs with, seen on the hosts by salted digests: no value leaves one.

The salt is made for one look, so that what a host says is of no use to anybody later.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import HealthError, HostError
from core.secret import Secret
from deploy import commands
from deploy.facts import read_facts
from deploy.fleet import at_once
from deploy.operation import World, said

_SECONDS = 30.0


@dataclass(frozen=True)
class Running:
    """A host's live release: the secrets that it asks for, the digests of those that it runs with, nginx's answer."""

    version: str
    asks: tuple[str, ...]
    digests: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""


def running(world: World, salt: str) -> dict[str, Running]:
    """What every host runs with. Raises :class:`HostError` for one that cannot be asked, or serves nothing."""

    def ask(name: str) -> Running:
        shell = world.shells[name]
        facts = read_facts(name, shell.run(commands.look(world.layout), timeout=_SECONDS))
        release = facts.kept.get(facts.version or "")
        if facts.serving is None or release is None:
            raise HostError(f"{name} serves nothing")
        script = commands.credentials_proof(world.layout, facts.serving, release.health_path)
        try:
            lines = said(name, shell.run(script, timeout=_SECONDS, stdin=f"{salt}\n".encode()))
        except HostError as error:
            raise HostError(f"{error}: if it was prepared by an older version, run `invoke hosts.prepare`") from None
        digests = dict(line.removeprefix("proof ").split(" ", 1) for line in lines if line.startswith("proof "))
        answer = next((line.removeprefix("answer ") for line in lines if line.startswith("answer ")), "")
        return Running(release.version, release.secrets, digests, answer)

    return at_once(world.shells, ask).or_raise()


def prove(world: World, values: Mapping[str, Secret]) -> dict[str, str]:
    """See, on each host, that the live release runs with ``values`` and answers well: how it is, in words.

    Raises :class:`HostError` for a host that has another value or none, :class:`HealthError` for one that is not well.
    """
    salt = new_salt()
    expected = {name: digest(salt, value) for name, value in values.items()}
    return {
        name: _judged(name, has, expected, world.settings.health.status) for name, has in running(world, salt).items()
    }


def _judged(name: str, has: Running, expected: Mapping[str, str], status: int) -> str:
    asked = [secret for secret in expected if secret in has.asks]
    for secret in asked:
        if has.digests.get(secret) != expected[secret]:
            how = "another value of" if secret in has.digests else "no"
            raise HostError(f"{name}: what serves there has {how} {secret}")
    if has.answer != f"{status} {has.version}":
        raise HealthError(f"{name}: nginx there answers {has.answer[:80]!r}, not {status} {has.version}")
    return f"{has.version} runs with {', '.join(asked) or 'none of them'}"


def digest(salt: str, value: Secret) -> str:
    """The SHA-256 of the salt and the value, as a host's own tool makes it."""
    return hashlib.sha256(salt.encode() + value.reveal().encode("utf-8", "surrogateescape")).hexdigest()


def new_salt() -> str:
    """For one look."""
    return secrets.token_hex(16)
