"""The provider: a client, and the kind that each type names."""

from __future__ import annotations

from core.errors import EngineError
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds import KINDS, Kind
from lab.engine.wire import Properties


class CloudflareProvider:
    """Implements :class:`lab.engine.providers.Provider`."""

    def __init__(self, client: Client) -> None:
        """Take the client whose token may do what the program asks for."""
        self._client = client

    def shape(self, type_: str) -> Kind:
        return _kind(type_)

    def secret_outputs(self, type_: str) -> frozenset[str]:
        return _kind(type_).secret

    def create(self, type_: str, inputs: Properties) -> Found:
        return _kind(type_).create(self._client, inputs)

    def read(self, type_: str, id_: str, known: Properties) -> Found | None:
        return _kind(type_).read(self._client, id_, known)

    def lookup(self, type_: str, import_id: str, known: Properties) -> Found | None:
        kind = _kind(type_)
        id_, scope = kind.split(import_id)
        return kind.read(self._client, id_, {**known, **scope})

    def find(self, type_: str, inputs: Properties) -> Found | None:
        return _kind(type_).find(self._client, inputs)

    def update(self, type_: str, id_: str, known: Properties, inputs: Properties) -> Found:
        return _kind(type_).update(self._client, id_, known, inputs)

    def delete(self, type_: str, id_: str, known: Properties) -> None:
        _kind(type_).delete(self._client, id_, known)


def _kind(type_: str) -> Kind:
    if type_ in KINDS:
        return KINDS[type_]
    known = ", ".join(sorted(name.rsplit(":", 1)[1] for name in KINDS))
    raise EngineError(f"the lab's engine does not have the type {type_} yet; of Cloudflare's it has: {known}")
