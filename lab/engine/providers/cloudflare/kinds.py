"""The types: where each lives in Cloudflare's API, what of it can be set, and what a change of it takes.

Tokens are those of ``pulumi_cloudflare`` 6.23; what forces a replacement is what the Terraform provider that it
bridges declares (``RequiresReplace`` in ``internal/services/*/schema.go`` of cloudflare/terraform-provider-cloudflare).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.errors import EngineError
from lab.engine.providers import Found, PartlyDoneError
from lab.engine.providers.cloudflare.client import ApiError, Client
from lab.engine.providers.cloudflare.names import to_api, to_wire
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

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        """What the API answered, and what it never answers (scope, write-only values) from ``known``."""
        answer = without_nulls(to_wire(answer))
        kept = {key: known[key] for key in (*self.scope, *self.secret) if key in known}
        inputs = {key: answer[key] for key in self.settable if key in answer} | kept
        computed = {key: answer[key] for key in self.computed if key in answer}
        return Found(str(answer["id"]), inputs, computed | inputs)


@dataclass(frozen=True)
class ZoneKind(Kind):
    """A zone: POST takes less than PATCH, and PATCH takes one property a call."""

    patched: tuple[str, ...] = ("paused", "vanityNameServers", "type")

    def create(self, client: Client, inputs: Properties) -> Found:
        body = {key: value for key, value in inputs.items() if key in ("account", "name", "type")}
        found = super().create(client, body)
        try:
            return self._patch(client, found, inputs)
        except ApiError as error:
            raise PartlyDoneError(str(error), found) from None

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        return self._patch(client, Found(id_, {}, known), inputs)

    def _patch(self, client: Client, found: Found, inputs: Properties) -> Found:
        for key in self.patched:
            if key in inputs and inputs[key] != found.outputs.get(key):
                answer = client.call("PATCH", self._item(found.id, inputs), to_api({key: inputs[key]}))
                found = self._found(answer, inputs)
        return found

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        # The API names the account as well; what the program set is its id.
        account = {"id": (answer.get("account") or {}).get("id")}
        return super()._found({**answer, "account": account}, known)


@dataclass(frozen=True)
class SettingKind(Kind):
    """A zone's setting: it is there as long as its zone, so making it is changing it and deleting it resets nothing."""

    def create(self, client: Client, inputs: Properties) -> Found:
        return self.update(client, inputs["settingId"], {}, inputs)

    def delete(self, client: Client, id_: str, known: Properties) -> None:
        del client, id_, known

    def split(self, import_id: str) -> tuple[str, Properties]:
        id_, scope = super().split(import_id)
        return id_, {**scope, "settingId": id_}

    def _body(self, inputs: Properties) -> Any:
        # The value is the setting's own and goes as it is: its keys are snake_case already.
        return {key: inputs[key] for key in self.settable if key in inputs}

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        found = super()._found(answer, known)
        kept = {"settingId": found.id} | ({"value": answer["value"]} if "value" in answer else {})
        return Found(found.id, found.inputs | kept, found.outputs | kept)


@dataclass(frozen=True)
class RulesetKind(Kind):
    """A ruleset of a zone or of an account."""

    def split(self, import_id: str) -> tuple[str, Properties]:
        level, _, rest = import_id.partition("/")
        owner, _, id_ = rest.partition("/")
        if level not in ("zones", "accounts") or not owner or not id_:
            raise EngineError(f"{import_id!r} is not a ruleset's id: it has the form zones/<zone_id>/<ruleset_id>")
        return id_, {"zoneId" if level == "zones" else "accountId": owner}

    def find(self, client: Client, inputs: Properties) -> Found | None:
        # The list leaves the rules out.
        found = super().find(client, inputs)
        return found and self.read(client, found.id, inputs)

    def _collection(self, known: Properties) -> str:
        level, key = ("zones", "zoneId") if known.get("zoneId") else ("accounts", "accountId")
        return f"/{level}/{known.get(key, '')}/rulesets"

    def _body(self, inputs: Properties) -> Any:
        return {"rules": [], **super()._body(inputs)}

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        found = super()._found(answer, known)
        rules = [{key: value for key, value in rule.items() if key != "lastUpdated"} for rule in answer_rules(answer)]
        settable = [{key: value for key, value in rule.items() if key not in ("id", "version")} for rule in rules]
        shown = [{key: value for key, value in rule.items() if key != "version"} for rule in rules]
        return Found(found.id, found.inputs | {"rules": settable}, found.outputs | {"rules": shown})


def answer_rules(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of a ruleset as the API answers it, named as on the wire."""
    rules: list[dict[str, Any]] = without_nulls(to_wire(answer.get("rules") or []))
    return rules


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


ZONE = ZoneKind(
    type="cloudflare:index/zone:Zone",
    collection="/zones",
    scope=(),
    settable=("account", "name", "paused", "type", "vanityNameServers"),
    computed=(
        *("activatedOn", "cnameSuffix", "createdOn", "developmentMode", "meta", "modifiedOn", "nameServers"),
        *("originalDnshost", "originalNameServers", "originalRegistrar", "owner", "permissions", "plan", "status"),
        *("tenant", "tenantUnit", "verificationKey"),
    ),
    replaced_by=frozenset({"account", "name"}),
    identity=("name",),
    volatile=frozenset({"modifiedOn"}),
)
DNS_RECORD = Kind(
    type="cloudflare:index/dnsRecord:DnsRecord",
    collection="/zones/{zoneId}/dns_records",
    scope=("zoneId",),
    settable=("comment", "content", "data", "name", "priority", "proxied", "settings", "tags", "ttl", "type"),
    computed=("commentModifiedOn", "createdOn", "modifiedOn", "proxiable", "tagsModifiedOn"),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId", "name", "type", "content"),
    volatile=frozenset({"modifiedOn", "commentModifiedOn", "tagsModifiedOn", "proxiable"}),
)
ZONE_SETTING = SettingKind(
    type="cloudflare:index/zoneSetting:ZoneSetting",
    collection="/zones/{zoneId}/settings",
    scope=("zoneId",),
    settable=("value", "enabled"),
    computed=("editable", "modifiedOn", "timeRemaining"),
    replaced_by=frozenset({"zoneId", "settingId"}),
    identity=("zoneId", "settingId"),
    volatile=frozenset({"modifiedOn", "timeRemaining"}),
    update_method="PATCH",
)
RULESET = RulesetKind(
    type="cloudflare:index/ruleset:Ruleset",
    collection="",
    scope=("zoneId", "accountId"),
    settable=("description", "kind", "name", "phase", "rules"),
    computed=("lastUpdated", "version"),
    replaced_by=frozenset({"zoneId", "accountId", "kind", "phase"}),
    identity=("zoneId", "accountId", "phase"),
    volatile=frozenset({"lastUpdated", "version"}),
)
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
KINDS = {kind.type: kind for kind in (ZONE, DNS_RECORD, ZONE_SETTING, RULESET, SECRETS_STORE, SECRETS_STORE_SECRET)}
