"""URNs: ``urn:pulumi:<stack>::<project>::<types of the parents joined by $>$<type>::<name>``."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import EngineError
from core.resources import STACK

PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True)
class Urn:
    """The parts of a URN."""

    stack: str
    project: str
    qualified_type: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type, without those of its parents."""
        return self.qualified_type.rsplit("$", 1)[-1]

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.qualified_type}::{self.name}"


def parse(text: str) -> Urn:
    """Return the parts of ``text``; a name may hold ``::``. Raises :class:`EngineError` for anything else."""
    head, _, rest = text.partition("::")
    project, _, rest = rest.partition("::")
    qualified_type, separator, name = rest.partition("::")
    if not head.startswith("urn:pulumi:") or not separator or not name:
        raise EngineError(f"{text!r} is not a Pulumi URN")
    return Urn(head.removeprefix("urn:pulumi:"), project, qualified_type, name)


def build(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource; ``parent`` is the parent's URN or empty. The root stack adds no type."""
    qualified = type_
    if parent:
        above = parse(parent)
        if above.type != STACK:
            qualified = f"{above.qualified_type}${type_}"
    return str(Urn(stack, project, qualified, name))


def name_of(text: str) -> str:
    """Return the name in a URN."""
    return parse(text).name


def package_of(type_: str) -> str:
    """Return the package of a type: ``cloudflare`` for ``cloudflare:index/zone:Zone`` and for its provider."""
    return type_.removeprefix(PROVIDER_PREFIX).split(":", 1)[0]
