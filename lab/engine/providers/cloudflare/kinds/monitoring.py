"""Health checks of a zone; notification policies of the account, and the URLs that they can go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds.plurals import PluralKind
from lab.engine.wire import Properties

_FILTERS = (
    *("actions", "affected_asns", "affected_components", "affected_locations", "airport_code", "event_source"),
    *("alert_trigger_preferences", "alert_trigger_preferences_value", "enabled", "environment", "event"),
    *("event_type", "group_by", "health_check_id", "incident_impact", "input_id", "insight_class", "limit", "logo_tag"),
    *("megabits_per_second", "new_health", "new_status", "packets_per_second", "pool_id", "pop_names", "product"),
    *("project_id", "protocol", "query_tag", "requests_per_second", "selectors", "services", "slo", "status"),
    *("target_hostname", "target_ip", "target_zone_name", "token_id", "traffic_exclusions", "tunnel_id"),
    *("tunnel_name", "type", "where", "zones"),
)
_MECHANISMS = {"emails": "email", "pagerduties": "pagerduty"}


def _plural(name: str) -> str:
    """The name of a filter's list on Pulumi's wire: English plurals, in camelCase."""
    head, *rest = name.split("_")
    camel = head + "".join(word.capitalize() for word in rest)
    if camel.endswith("s") and not camel.endswith(("ss", "us")):
        return camel
    if camel.endswith("By"):
        return f"{camel[:-1]}ies"
    return camel + ("es" if camel.endswith(("s", "ss", "us")) else "s")


@dataclass(frozen=True)
class AnsweredByIdKind(PluralKind):
    """A type whose POST and PUT answer with the id alone: the rest has to be read."""

    def create(self, client: Client, inputs: Properties) -> Found:
        answer = client.call("POST", self._collection(inputs), self._body(inputs))
        return self._read_again(client, str(answer["id"]), inputs)

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        del known
        client.call(self.update_method, self._item(id_, inputs), self._body(inputs))
        return self._read_again(client, id_, inputs)

    def _read_again(self, client: Client, id_: str, inputs: Properties) -> Found:
        return self._found(client.call("GET", self._item(id_, inputs)), inputs)


@dataclass(frozen=True)
class PolicyKind(AnsweredByIdKind):
    """A notification policy, whose filters have names of their own."""

    def _body(self, inputs: Properties) -> Any:
        body = super()._body(inputs)
        if "filters" in inputs:
            body["filters"] = {_SINGULAR.get(key, key): value for key, value in inputs["filters"].items()}
        return body

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        filters = {_plural(key): value for key, value in (answer.get("filters") or {}).items()}
        found = super()._found({key: value for key, value in answer.items() if key != "filters"}, known)
        if not filters:
            return found
        return Found(found.id, found.inputs | {"filters": filters}, found.outputs | {"filters": filters})


_SINGULAR = {_plural(name): name for name in _FILTERS}

HEALTHCHECK = PluralKind(
    type="cloudflare:index/healthcheck:Healthcheck",
    collection="/zones/{zoneId}/healthchecks",
    scope=("zoneId",),
    settable=(
        *("address", "checkRegions", "consecutiveFails", "consecutiveSuccesses", "description", "httpConfig"),
        *("interval", "name", "retries", "suspended", "tcpConfig", "timeout", "type"),
    ),
    computed=("createdOn", "failureReason", "modifiedOn", "status"),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId", "name"),
    volatile=frozenset({"modifiedOn", "status", "failureReason"}),
    free=frozenset({"header"}),
)
NOTIFICATION_POLICY = PolicyKind(
    type="cloudflare:index/notificationPolicy:NotificationPolicy",
    collection="/accounts/{accountId}/alerting/v3/policies",
    scope=("accountId",),
    settable=("alertInterval", "alertType", "description", "enabled", "filters", "mechanisms", "name"),
    computed=("created", "modified"),
    replaced_by=frozenset({"accountId"}),
    identity=("accountId", "name"),
    volatile=frozenset({"modified"}),
    plurals=_MECHANISMS,
)
WEBHOOK = AnsweredByIdKind(
    type="cloudflare:index/notificationPolicyWebhooks:NotificationPolicyWebhooks",
    collection="/accounts/{accountId}/alerting/v3/destinations/webhooks",
    scope=("accountId",),
    settable=("name", "secret", "url"),
    computed=("createdAt", "lastFailure", "lastSuccess", "type"),
    replaced_by=frozenset({"accountId"}),
    identity=("accountId", "name"),
    volatile=frozenset({"lastFailure", "lastSuccess"}),
    secret=frozenset({"secret"}),
)
KINDS = (HEALTHCHECK, NOTIFICATION_POLICY, WEBHOOK)
