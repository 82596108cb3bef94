"""The leaked-credential check of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import EngineError
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties


@dataclass(frozen=True)
class CheckKind(Kind):
    """It is there as long as its zone, whose id is its own: making it is setting it, and deleting it resets nothing."""

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        del id_, known
        return self.create(client, inputs)

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        del client, id_, known

    def find(self, client: Client, inputs: Properties) -> Found | None:
        return self.read(client, str(inputs.get("zoneId")), inputs)

    def split(self, import_id: str) -> tuple[str, Properties]:
        if not import_id or "/" in import_id:
            raise EngineError(f"{import_id!r} is not an id to look up: it is the id of the zone")
        return import_id, {"zoneId": import_id}

    def _item(self, id_: str, known: Properties) -> str:
        return self._collection({**known, "zoneId": id_})

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        return super()._found({**answer, "id": known["zoneId"]}, known)


LEAKED_CREDENTIAL_CHECK = CheckKind(
    type="cloudflare:index/leakedCredentialCheck:LeakedCredentialCheck",
    collection="/zones/{zoneId}/leaked-credential-checks",
    scope=("zoneId",),
    settable=("enabled",),
    computed=(),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId",),
)
KINDS = (LEAKED_CREDENTIAL_CHECK,)
