"""What a run knows of its stack: what there was, what is done, what is under way; written down after every step."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.pulumi_crypt import Crypter
from lab.engine.model import Resource
from lab.engine.state import FORMAT, Codec, Pending, StateFile, manifest, salt_of

CREATING = "creating"
Key = tuple[str, str]


class Snapshot:
    """The resources of a stack while a run changes them. Safe to use from several threads.

    ``base`` is what the state held and the run has not come to yet, ``done`` what it has dealt with, each after what
    it depends on. The file always holds both, so that a run that ends early loses nothing. Resources are told apart by
    :attr:`Resource.key` and never by identity: an alias that is settled replaces all that refer to it.
    """

    def __init__(self, file: StateFile, crypter: Crypter, document: dict[str, Any], *, dry_run: bool = False) -> None:
        """Take the document that ``file`` holds. With ``dry_run`` nothing is ever written."""
        deployment = document["deployment"]
        self._file = file
        self._crypter = crypter
        self._codec = Codec(crypter)
        self._dry_run = dry_run
        self._lock = threading.RLock()
        self._base = _by_key(self._codec.decode(entry) for entry in deployment["resources"])
        self._done: dict[Key, Resource] = {}
        self._pending: list[Pending] = []
        self._encoded: dict[int, tuple[Resource, dict[str, Any]]] = {}
        self._interrupted = _creating(deployment.get("pending_operations") or [])
        self._written = self._entries() if salt_of(document) == crypter.state else []

    @property
    def interrupted(self) -> list[str]:
        """URNs that an earlier run was cut off from creating, and this one has not come to: they may exist."""
        with self._lock:
            return list(self._interrupted)

    def forget_interrupted(self) -> None:
        """The program does not ask any more for what an earlier run was cut off from creating."""
        with self._lock:
            self._interrupted = {}
            self._save()

    def old(self, urns: Iterable[str]) -> Resource | None:
        """The first of ``urns`` that is in the base and does not wait for its deletion."""
        with self._lock:
            # The key of one that does not wait for its deletion is its URN alone.
            found = (self._base.get((urn, "")) for urn in urns)
            return next((one for one in found if one is not None and not one.delete), None)

    def find(self, urn: str) -> Resource | None:
        """A resource as the state has it now."""
        with self._lock:
            found = (side.get((urn, "")) for side in (self._done, self._base))
            return next((one for one in found if one is not None and not one.delete), None)

    def left(self) -> list[Resource]:
        """What is in the base still, and what was replaced: the run deletes these at its end."""
        with self._lock:
            return [*self._base.values(), *(resource for resource in self._done.values() if resource.delete)]

    def all(self) -> list[Resource]:
        """Every resource as the state has it now, each after what it depends on."""
        with self._lock:
            return [*self._done.values(), *self._base.values()]

    def begin(self, kind: str, resource: Resource) -> Pending:
        """Write down that a step starts; give what is returned to whatever says how it went."""
        pending = Pending(kind, resource)
        with self._lock:
            self._pending.append(pending)
            self._save()
        return pending

    def end(self, pending: Pending, *, uncertain: bool = False) -> None:
        """A step failed. With ``uncertain`` nobody can tell whether it was done: the next run will look."""
        with self._lock:
            self._over(pending)
            if uncertain and pending.kind == CREATING:
                self._interrupted[pending.resource.urn] = self._entry(pending.resource)
            self._save()

    def settle(
        self, old: Resource | None, new: Resource, *, pending: Pending | None = None, keep_old: bool = False
    ) -> None:
        """``new`` is there, in the place of ``old``; with ``keep_old`` the old instance waits for its deletion.

        Together with the end of ``pending``: a state with neither of the two would lose the resource to a crash.
        """
        with self._lock:
            self._over(pending)
            self._interrupted.pop(new.urn, None)
            if old is not None:
                self._base.pop(old.key, None)
                if old.urn != new.urn:
                    self._rename(old.urn, new.urn)
            self._done[new.key] = new
            if old is not None and keep_old:
                # After the new one and not before: nothing in the state may depend on what stands behind it.
                waiting = replace(old, urn=new.urn, delete=True)
                self._base[waiting.key] = waiting
            self._save()

    def put(self, resource: Resource, new: Resource) -> None:
        """Change what the state says of a resource, wherever it stands."""
        with self._lock:
            for side in (self._base, self._done):
                if resource.key in side:
                    side[resource.key] = new
            self._save()

    def remove(self, resource: Resource, *, pending: Pending | None = None) -> None:
        """A resource is gone, and with it the step that deleted it."""
        with self._lock:
            self._over(pending)
            self._base.pop(resource.key, None)
            self._done.pop(resource.key, None)
            self._save()

    def _over(self, pending: Pending | None) -> None:
        self._pending = [other for other in self._pending if other is not pending]

    def _save(self) -> None:
        if self._dry_run:
            return
        entries = self._entries()
        # The order in which a program registers what is independent is chance: it is no reason to write.
        if sorted(entries, key=_identity) == sorted(self._written, key=_identity):
            return
        resources, pending = (
            [entry for kind, entry in entries if not kind],
            [{"resource": entry, "type": kind} for kind, entry in entries if kind],
        )
        deployment = {
            "manifest": manifest(),
            "secrets_providers": {"type": "passphrase", "state": {"salt": self._crypter.state}},
            "resources": resources,
            "pending_operations": pending,
        }
        self._file.write({"version": FORMAT, "deployment": deployment})
        self._written = entries

    def _entries(self) -> list[tuple[str, dict[str, Any]]]:
        under_way = [(pending.kind, self._entry(pending.resource)) for pending in self._pending]
        under_way += [(CREATING, entry) for entry in self._interrupted.values()]
        return [("", self._entry(resource)) for resource in self.all()] + under_way

    def _entry(self, resource: Resource) -> dict[str, Any]:
        """The resource's JSON, made once: resources are replaced and never changed in place."""
        held = self._encoded.get(id(resource))
        if held is None or held[0] is not resource:
            held = self._encoded[id(resource)] = (resource, self._codec.encode(resource))
        return held[1]

    def _rename(self, old: str, new: str) -> None:
        """A resource goes by another URN now: whatever refers to it follows."""
        self._base = _by_key(renamed(resource, old, new) for resource in self._base.values())
        self._done = _by_key(renamed(resource, old, new) for resource in self._done.values())


def _by_key(resources: Iterable[Resource]) -> dict[Key, Resource]:
    return {resource.key: resource for resource in resources}


def _identity(entry: tuple[str, dict[str, Any]]) -> tuple[str, str, bool, str]:
    kind, resource = entry
    return kind, str(resource.get("urn")), bool(resource.get("delete")), str(resource.get("id"))


def renamed(resource: Resource, old: str, new: str) -> Resource:
    """``resource`` with every reference to the URN ``old`` led to ``new``."""
    if old not in resource.needs:
        return resource

    def follow(urn: str) -> str:
        return new if urn == old else urn

    provider, separator, id_ = resource.provider.rpartition("::")
    return replace(
        resource,
        parent=follow(resource.parent),
        deleted_with=follow(resource.deleted_with),
        provider=f"{follow(provider)}{separator}{id_}",
        dependencies=[follow(urn) for urn in resource.dependencies],
        property_dependencies={
            key: [follow(urn) for urn in urns] for key, urns in resource.property_dependencies.items()
        },
    )


def _creating(operations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    entries = [operation.get("resource") or {} for operation in operations if operation.get("type") == CREATING]
    return {str(entry.get("urn")): entry for entry in entries}
