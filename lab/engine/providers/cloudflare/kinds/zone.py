"""A zone, its settings and its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.property_names import to_api
from lab.engine.providers import Found, PartlyDoneError
from lab.engine.providers.cloudflare.client import ApiError, Client
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties


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
class RecordKind(Kind):
    """A DNS record. Some types are declared by their ``data``, from which the API makes the ``content``."""

    def find(self, client: Client, inputs: Properties) -> Found | None:
        wanted = {key: inputs[key] for key in ("name", "type", "content", "priority") if key in inputs}
        data = inputs.get("data") or {}
        for item in client.pages(self._collection(inputs), {"name": inputs["name"], "type": inputs["type"]}):
            found = self._found(item, inputs)
            there = found.outputs.get("data") or {}
            same = all(found.outputs.get(key) == value for key, value in wanted.items())
            if same and all(there.get(key) == value for key, value in data.items()):
                return found
        return None


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
DNS_RECORD = RecordKind(
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
KINDS = (ZONE, DNS_RECORD, ZONE_SETTING)
