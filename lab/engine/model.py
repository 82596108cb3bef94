"""What the engine talks about: a resource's goal and state, the operations on it, and what is said while they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from core.resources import STACK
from lab.engine.urn import PROVIDER_PREFIX, parse
from lab.engine.wire import Properties


class Op(StrEnum):
    """Operations by Pulumi's own names (``apitype.OpType``)."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    REFRESH = "refresh"
    IMPORT = "import"


# What a summary counts: a replacement is one "replace", not its two halves.
LOGICAL_OPS = frozenset(Op) - {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED}


@dataclass(kw_only=True)
class Resource:
    """A resource's state, with the fields of Pulumi's ``apitype.ResourceV3`` that this engine acts on.

    ``delete`` marks an old instance that waits for its deletion after it was replaced: it shares its URN with the new.
    ``extra`` keeps fields of a state file that this engine does not know.
    """

    urn: str
    type: str
    custom: bool = True
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    external: bool = False
    retain_on_delete: bool = False
    delete: bool = False
    deleted_with: str = ""
    additional_secret_outputs: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What tells this instance from every other one, replaced ones included."""
        return (self.urn, self.id if self.delete else "")

    @property
    def name(self) -> str:
        """The name in the URN."""
        return parse(self.urn).name

    @property
    def is_stack(self) -> bool:
        """Whether this is the root, which holds the stack's outputs."""
        return self.type == STACK

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider and not something that a provider makes."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_default_provider(self) -> bool:
        """Whether nobody declared this provider: Pulumi never shows these."""
        return self.is_provider and self.name.startswith("default")

    @property
    def needs(self) -> set[str]:
        """URNs that must exist for as long as this resource does."""
        provider = {self.provider.rsplit("::", 1)[0]} if self.provider else set()
        declared = {self.parent, self.deleted_with, *self.dependencies}
        by_property = {urn for urns in self.property_dependencies.values() for urn in urns}
        return (declared | provider | by_property) - {""}


@dataclass(kw_only=True)
class Goal:
    """What the program asks for in one ``RegisterResource``."""

    resource: Resource
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    delete_before_replace: bool | None = None
    aliases: list[str] = field(default_factory=list)
    import_id: str = ""
    version: str = ""
    source: str = ""
    """File and line of the program that asks."""


@dataclass(frozen=True)
class Event:
    """Progress: ``kind`` is ``resource`` (with op and status) or ``log`` (with severity and message).

    ``status`` is ``started``, ``done``, ``failed``, or ``planned`` in a preview; ``seconds`` is how long the step took.
    ``message`` and ``name`` may come from anywhere: clean them for a terminal (:mod:`lab.engine.render` does).
    """

    kind: str
    urn: str = ""
    type: str = ""
    name: str = ""
    op: str = ""
    status: str = ""
    seconds: float = 0.0
    message: str = ""
    severity: str = "info"

    def with_message(self, message: str) -> Event:
        """The same with another message."""
        return replace(self, message=message)


Progress = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run ended: counts by operation (:data:`LOGICAL_OPS`), outputs in the clear, and the seconds it took."""

    changes: dict[str, int]
    outputs: Properties
    duration: float

    @property
    def changed(self) -> bool:
        """Whether anything but ``same`` was done."""
        return any(count for op, count in self.changes.items() if op != Op.SAME)
