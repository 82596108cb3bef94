"""Rulesets of a zone or of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import EngineError
from core.property_names import to_wire
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties, without_nulls


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
KINDS = (RULESET,)
