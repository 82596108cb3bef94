"""What the app asks for, what the stores hold and what the hosts have, held against each other. No value is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import LaunchReadyError
from core.settings.credentials import Credentials
from core.settings.secrets import Secrets
from custody.listing import OVER, UNKNOWN, Listed
from custody.ports import Keeper
from deploy.credentials import Sources
from deploy.running import Running, digest

_PLACES = ("config_secret", "aws_secrets_manager", "aws_ssm")


@dataclass(frozen=True)
class Finding:
    """What is not as it should be. ``id`` stays the same from one version of this project to the next."""

    id: str
    subject: str
    what: str
    fix: str


def audit(
    declared: Secrets,
    credentials: Credentials,
    listing: Sequence[Listed],
    keepers: Sequence[Keeper],
    hosts: Mapping[str, Running],
    expected: Mapping[str, str | LaunchReadyError],
) -> list[Finding]:
    """Every finding. ``expected`` has the salted digest of each credential's value, or why it could not be read."""
    return [
        *_in_stores(listing),
        *_beside(declared, keepers),
        *_ages(listing),
        *_nobodys(declared, credentials),
        *_on_hosts(credentials, hosts, expected),
        *_asked_by_nobody(credentials, hosts),
    ]


def _in_stores(listing: Sequence[Listed]) -> Iterator[Finding]:
    for each in listing:
        for place in each.places:
            name = each.item.name
            if place.trouble:
                yield Finding(
                    "store.cannot-tell", name, f"{place.keeper} could not be asked: {place.trouble}", "ask again"
                )
            elif not place.held:
                yield Finding("store.missing", name, f"{place.keeper} does not have it", "invoke up")


def _beside(declared: Secrets, keepers: Sequence[Keeper]) -> Iterator[Finding]:
    for keeper in keepers:
        try:
            others = keeper.others(declared.items)
        except LaunchReadyError as error:
            yield Finding("store.cannot-tell", keeper.name, str(error), "ask again")
            continue
        for name in others:
            yield Finding(
                "store.extra",
                name,
                f"{keeper.name} has it, and launch-ready:secrets does not: it has no owner",
                "declare it, or delete it there",
            )


def _ages(listing: Sequence[Listed]) -> Iterator[Finding]:
    for each in listing:
        name, fix = each.item.name, f"invoke secrets.rotate --name {each.item.name}"
        if each.verdict == OVER:
            what = f"it is {each.age_days} days old, and {each.item.max_age_days} are allowed ({each.item.owner})"
            yield Finding("secret.over-age", name, what, fix)
        elif each.verdict == UNKNOWN:
            yield Finding(
                "secret.age-unknown", name, "nobody knows when its value was made", f"{fix}, or say it in made"
            )


def _nobodys(declared: Secrets, credentials: Credentials) -> Iterator[Finding]:
    owned = {(kind, place) for item in declared.items for kind in _PLACES if (place := getattr(item, kind))}
    for credential in credentials.items:
        if not any((kind, getattr(credential, kind)) in owned for kind in _PLACES):
            yield Finding(
                "credential.no-owner",
                credential.name,
                f"releases get it from {credential.kind}, and launch-ready:secrets has nobody who answers for that",
                "declare it in launch-ready:secrets",
            )


def _on_hosts(
    credentials: Credentials, hosts: Mapping[str, Running], expected: Mapping[str, str | LaunchReadyError]
) -> Iterator[Finding]:
    known = {credential.name for credential in credentials.items}
    for host, has in hosts.items():
        for name in has.asks:
            if name not in known:
                what = f"{has.version} asks for it, and launch-ready:credentials does not say where it comes from"
                yield Finding("credential.not-declared", name, f"{host}: {what}", "declare it")
            elif name not in has.digests:
                yield Finding("host.missing", name, f"{host}: {has.version} runs without it", "invoke deploy")
            elif isinstance(should := expected.get(name), str) and has.digests[name] != should:
                yield Finding(
                    "host.stale",
                    name,
                    f"{host}: {has.version} runs with another value than its store has now",
                    "invoke secrets.rotate, which goes on where it was cut; or deploy the next release",
                )
        for name in sorted(set(has.digests) - set(has.asks)):
            yield Finding("host.extra", name, f"{host}: {has.version} has it and does not ask for it", "invoke deploy")
    for name, why in expected.items():
        if isinstance(why, LaunchReadyError):
            yield Finding("store.cannot-tell", name, str(why), "see docs/secrets-at-deploy.md")


def _asked_by_nobody(credentials: Credentials, hosts: Mapping[str, Running]) -> Iterator[Finding]:
    if not hosts:
        return
    asked = {name for has in hosts.values() for name in has.asks}
    for credential in credentials.items:
        if credential.name not in asked:
            what = "launch-ready:credentials has it, and no live release asks for it"
            yield Finding("credential.unused", credential.name, what, "take it out, if no release to come asks for it")


def expectations(sources: Sources, hosts: Mapping[str, Running], salt: str) -> dict[str, str | LaunchReadyError]:
    """The salted digest of the value that each credential's store has now, of those that a live release asks for."""
    declared = {credential.name: credential for credential in sources.declared.items}
    found: dict[str, str | LaunchReadyError] = {}
    for name in sorted({name for has in hosts.values() for name in has.asks} & set(declared)):
        credential = declared[name]
        try:
            found[name] = digest(salt, sources.stores[credential.kind].read(credential))
        except LaunchReadyError as error:
            found[name] = error
    return found
