"""A Secrets Store and the secrets in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import EngineError
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import ApiError, Client
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties


@dataclass(frozen=True)
class StoreKind(Kind):
    """A Secrets Store: nothing of it can change but ``force``, which is a word to DELETE and not to the API's state."""

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        try:
            client.call("DELETE", self._item(id_, known), query={"force": "true"} if known.get("force") else None)
        except ApiError as error:
            if error.status != self.NOT_FOUND:
                raise

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        del known
        found = self.read(client, id_, inputs)
        if found is None:
            raise EngineError(f"the Secrets Store {id_} is gone: run `refresh`, then `up` again")
        return found

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        found = super()._found(answer, known)
        force = {"force": known["force"]} if "force" in known else {}
        return Found(found.id, found.inputs | force, found.outputs | force)


@dataclass(frozen=True)
class SecretKind(Kind):
    """A secret of a store: the API takes several at once and never shows a value."""

    def create(self, client: Client, inputs: Properties) -> Found:
        answer = client.call("POST", self._collection(inputs), [self._body(inputs)])
        return self._found(answer[0] if isinstance(answer, list) else answer, inputs)

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        del known
        # A name cannot change, and the API refuses a body that has one.
        body = {key: value for key, value in self._body(inputs).items() if key != "name"}
        return self._found(client.call("PATCH", self._item(id_, inputs), body), inputs)


SECRETS_STORE = StoreKind(
    type="cloudflare:index/secretsStore:SecretsStore",
    collection="/accounts/{accountId}/secrets_store/stores",
    scope=("accountId",),
    settable=("name",),
    computed=("created", "modified"),
    replaced_by=frozenset({"accountId", "name"}),
    identity=("accountId",),
)
SECRETS_STORE_SECRET = SecretKind(
    type="cloudflare:index/secretsStoreSecret:SecretsStoreSecret",
    collection="/accounts/{accountId}/secrets_store/stores/{storeId}/secrets",
    scope=("accountId", "storeId"),
    settable=("comment", "name", "scopes", "value"),
    computed=("created", "modified", "status"),
    replaced_by=frozenset({"accountId", "storeId", "name"}),
    identity=("accountId", "storeId", "name"),
    volatile=frozenset({"modified", "status"}),
    secret=frozenset({"value"}),
    update_method="PATCH",
)
KINDS = (SECRETS_STORE, SECRETS_STORE_SECRET)
