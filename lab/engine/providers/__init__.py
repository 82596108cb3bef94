"""What the engine asks of a provider, and the providers that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.errors import EngineError
from lab.engine.plan import Shape
from lab.engine.wire import Properties


@dataclass(frozen=True)
class Found:
    """A resource as its API has it: ``inputs`` are the part of ``outputs`` that a program can set."""

    id: str
    inputs: Properties
    outputs: Properties


class ProviderError(EngineError):
    """A provider's call failed; ``uncertain`` if it may have been done all the same (a timeout, an answer of 5xx)."""

    def __init__(self, message: str, *, uncertain: bool = False) -> None:
        """Take the sentence that is shown."""
        super().__init__(message)
        self.uncertain = uncertain


class PartlyDoneError(EngineError):
    """A resource was made, but not with all that was asked for: ``found`` is what there is now."""

    def __init__(self, message: str, found: Found) -> None:
        """Take the reason and the resource that must be kept in the state."""
        super().__init__(message)
        self.found = found


class Provider(Protocol):
    """Makes, reads, changes and deletes resources. Inputs and outputs are plain (no secrets, nothing unknown) and
    named as on Pulumi's wire. Every method raises :class:`EngineError` with the API's own code and reason.
    """

    def shape(self, type_: str) -> Shape:
        """What is known of a type; raises for one that this provider does not have."""

    def secret_outputs(self, type_: str) -> frozenset[str]:
        """Outputs of a type that are secret whatever the program says."""

    def create(self, type_: str, inputs: Properties) -> Found:
        """Make a resource; raises :class:`PartlyDoneError` if it exists in part."""

    def read(self, type_: str, id_: str, known: Properties) -> Found | None:
        """Look a resource up by the id in the state; ``known`` are its outputs there. None if it is gone."""

    def lookup(self, type_: str, import_id: str, known: Properties) -> Found | None:
        """Look a resource up by the id that a person gives (``<zone_id>/<record_id>``); ``known`` may lack all."""

    def find(self, type_: str, inputs: Properties) -> Found | None:
        """Look for a resource with the identity of ``inputs``: a run may have made it and been cut off."""

    def update(self, type_: str, id_: str, known: Properties, inputs: Properties) -> Found:
        """Bring a resource to ``inputs``."""

    def delete(self, type_: str, id_: str, known: Properties) -> None:
        """Delete a resource; one that is gone already is no error."""


@runtime_checkable
class Judging(Protocol):
    """A provider that says of each resource anew what a change of it takes."""

    def shape_between(self, id_: str, olds: Properties, news: Properties) -> Shape:
        """The shape of a resource that is there: ``olds`` are its outputs, ``news`` the inputs that it shall have."""


@runtime_checkable
class Served(Protocol):
    """A provider that has a process of its own."""

    def close(self) -> None:
        """End it. Nothing is asked of the provider after that."""
