"""A type of resource: where it lives in the API, what of it can be set, and what a change of it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.errors import EngineError
from core.property_names import to_api, to_wire
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import ApiError, Client
from lab.engine.wire import Properties, without_nulls


@dataclass(frozen=True)
class Kind:
    """A type whose resources form a collection: POST to it, then GET, ``update_method`` and DELETE by id.

    ``settable`` are the inputs that go into a body, ``scope`` those that choose the collection, ``computed`` the
    outputs beside them. All names as on Pulumi's wire.
    """

    type: str
    collection: str
    scope: tuple[str, ...]
    settable: tuple[str, ...]
    computed: tuple[str, ...]
    replaced_by: frozenset[str]
    identity: tuple[str, ...]
    volatile: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    update_method: str = "PUT"

    NOT_FOUND: ClassVar[int] = 404

    def create(self, client: Client, inputs: Properties) -> Found:
        """POST."""
        return self._found(client.call("POST", self._collection(inputs), self._body(inputs)), inputs)

    def read(self, client: Client, id_: str, known: Properties) -> Found | None:
        """GET; None for 404."""
        try:
            answer = client.call("GET", self._item(id_, known))
        except ApiError as error:
            if error.status == self.NOT_FOUND:
                return None
            raise
        return self._found(answer, known)

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        """PUT or PATCH of all that can be set; ``known`` are the outputs in the state."""
        del known
        return self._found(client.call(self.update_method, self._item(id_, inputs), self._body(inputs)), inputs)

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        """DELETE; 404 is as good."""
        try:
            client.call("DELETE", self._item(id_, known))
        except ApiError as error:
            if error.status != self.NOT_FOUND:
                raise

    def find(self, client: Client, inputs: Properties) -> Found | None:
        """The one in the collection that has the identity of ``inputs``."""
        wanted = {key: inputs.get(key) for key in self.identity if key not in self.scope}
        for item in client.pages(self._collection(inputs)):
            found = self._found(item, inputs)
            if {key: found.outputs.get(key) for key in wanted} == wanted:
                return found
        return None

    def split(self, import_id: str) -> tuple[str, Properties]:
        """The id and the scope in ``<scope>/…/<id>``. Raises :class:`EngineError` for another form."""
        parts = import_id.split("/")
        if len(parts) != len(self.scope) + 1 or not all(parts):
            form = "/".join(f"<{to_api(key)}>" for key in (*self.scope, "id"))
            raise EngineError(f"{import_id!r} is not an id to look up: it has the form {form}")
        return parts[-1], dict(zip(self.scope, parts, strict=False))

    def _collection(self, known: Properties) -> str:
        return self.collection.format_map({key: known.get(key, "") for key in self.scope})

    def _item(self, id_: str, known: Properties) -> str:
        return f"{self._collection(known)}/{id_}"

    def _body(self, inputs: Properties) -> Any:
        return to_api({key: inputs[key] for key in self.settable if key in inputs})

    def _named(self, answer: dict[str, Any]) -> Any:
        """An answer with its names as on the wire."""
        return to_wire(answer)

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        """What the API answered, and what it never answers (scope, write-only values) from ``known``."""
        answer = without_nulls(self._named(answer))
        kept = {key: known[key] for key in (*self.scope, *self.secret) if key in known}
        inputs = {key: answer[key] for key in self.settable if key in answer} | kept
        computed = {key: answer[key] for key in self.computed if key in answer}
        return Found(str(answer["id"]), inputs, computed | inputs)
