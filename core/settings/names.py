"""Domain names in a stack's file: relative to the zone, ``@`` for the zone itself."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

APEX = "@"
ROOT = "."
LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _relative(text: str) -> str:
    labels = text.removeprefix("*.").split(".") if text not in (APEX, "*") else []
    if not all(_LABEL.fullmatch(label) for label in labels) or len(text) > LONGEST_NAME:
        raise ValueError("it must be a lower-case name relative to the zone, such as app, or @ for the zone itself")
    return text


def _host(text: str) -> str:
    labels = text.split(".")
    if len(labels) < 2 or not all(_HOST_LABEL.fullmatch(label) for label in labels) or len(text) > LONGEST_NAME:
        raise ValueError("it must be a full lower-case domain name with no dot at its end, such as mail.example.com")
    if labels[-1].isdecimal():
        raise ValueError("it must be a domain name, and this is an address")
    return text


def _target(text: str) -> str:
    return _relative(text) if "." not in text else _host(text)


def _target_or_root(text: str) -> str:
    return text if text == ROOT else _target(text)


RelativeName = Annotated[str, AfterValidator(_relative)]
"""A name under the zone: ``app``, ``*.dev``, ``_acme-challenge``, or ``@``."""

HostName = Annotated[str, AfterValidator(_host)]
"""A full domain name (RFC 1123 §2.1), lower-case, without the root's dot; Unicode names in Punycode."""

Target = Annotated[str, AfterValidator(_target)]
"""A relative name of one label, or a full domain name."""

ServiceTarget = Annotated[str, AfterValidator(_target_or_root)]
"""A :data:`Target`, or ``.``: no such service (RFC 2782), or the name itself (RFC 9460)."""


def full_name(name: str, zone: str) -> str:
    """The name as Cloudflare keeps it: never ``@``, never a bare label. A name with the zone at its end stays."""
    if name == APEX:
        return zone
    return name if inside(name, zone) else f"{name}.{zone}"


def target_name(target: str, zone: str) -> str:
    """The full name of a :data:`Target` or :data:`ServiceTarget`; the root stays."""
    return full_name(target, zone) if "." not in target else target


def inside(name: str, zone: str) -> bool:
    """Whether a full name is the zone or under it."""
    return name == zone or name.endswith(f".{zone}")
