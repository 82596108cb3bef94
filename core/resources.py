"""A declared resource, as policies and reviews read it: plain values, secrets and unknown ones marked as such."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from core.secret import REDACTED

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi writes for a value that is known only after it is applied (``pulumi.runtime.rpc.UNKNOWN``)."""

SECRET: Final = REDACTED
"""What ``pulumi preview --json`` writes for a secret."""

PLAIN_SECRET: Final = "[secret, in the clear]"  # noqa: S105 - a mark
"""What stands here for a value of type ``secret_text`` that no secret was made of: not shown, and not well kept."""

STACK: Final = "pulumi:pulumi:Stack"
"""The type of the stack itself; its properties are what the program exports."""

_OPEN: Final = (None, UNKNOWN, SECRET)


@dataclass(frozen=True)
class Resource:
    """One resource: its type token, its name and URN, and its inputs named as on Pulumi's wire (``actionParameters``).

    A secret is :data:`SECRET` and an unknown value :data:`UNKNOWN`: neither ever stands there itself.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    zone: str = ""
    """The URN of the resource that its ``zoneId`` comes from, where that is known."""
    custom: bool = True
    """Whether a provider makes it: a component or the stack itself only holds others."""

    @property
    def kind(self) -> str:
        """The last part of the type: ``DnsRecord``."""
        return self.type.rsplit(":", 1)[-1]


# Where a provider takes a secret as plain text, a preview and a policy pack are given it: it goes no further than this.
_SECRET_INPUTS: Final[Mapping[str, frozenset[str]]] = {
    "SecretsStoreSecret": frozenset({"value"}),
    "WorkersSecret": frozenset({"secretText"}),
    "OriginCaCertificate": frozenset({"privateKey"}),
    "AuthenticatedOriginPullsCertificate": frozenset({"privateKey"}),
    "AuthenticatedOriginPulls": frozenset({"privateKey"}),
    "CustomSsl": frozenset({"privateKey"}),
    "MtlsCertificate": frozenset({"privateKey"}),
    "NotificationPolicyWebhooks": frozenset({"secret"}),
}
_DEFAULTS: Final = "__defaults"


def closed_properties(type_: str, properties: Mapping[str, Any], secret: Iterable[str] = ()) -> dict[str, Any]:
    """Inputs as they may be shown: without secrets, marked by Pulumi, named in ``secret``, or by their kind."""
    hidden = _SECRET_INPUTS.get(type_.rsplit(":", 1)[-1], frozenset()) | set(secret)
    return {
        sys.intern(key): SECRET if key in hidden and value not in (None, UNKNOWN) else _closed(value)
        for key, value in properties.items()
        if key != _DEFAULTS
    }


def _closed(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
            return SECRET
        plain = {sys.intern(str(key)): _closed(item) for key, item in value.items() if key != _DEFAULTS}
        # Bindings of Workers and variables of Pages: the provider takes these in the clear, whatever they hold.
        shown = plain.get("type") == "secret_text"
        return (
            plain | {key: PLAIN_SECRET for key in ("text", "value") if plain.get(key) not in _OPEN} if shown else plain
        )
    return [_closed(item) for item in value] if isinstance(value, list) else value


def name_in(urn: str) -> str:
    """The name in a URN (``urn:pulumi:<stack>::<project>::<types>::<name>``); a name may hold ``::``."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else urn


def type_in(urn: str) -> str:
    """The resource's own type in a URN, without those of its parents."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""


def is_open(value: Any) -> bool:
    """Whether a value is a secret or not known yet: nothing can be said of it."""
    return isinstance(value, str) and value in (UNKNOWN, SECRET, PLAIN_SECRET)


def has_open(value: Any) -> bool:
    """Whether anything in ``value`` is open (:func:`is_open`)."""
    if isinstance(value, Mapping):
        return any(has_open(item) for item in value.values())
    if isinstance(value, list):
        return any(has_open(item) for item in value)
    return is_open(value)
