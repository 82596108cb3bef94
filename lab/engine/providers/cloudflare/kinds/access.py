"""Access: reusable policies, service tokens, applications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import EngineError
from lab.engine.providers import Found
from lab.engine.providers.cloudflare.client import Client
from lab.engine.providers.cloudflare.kinds.plurals import PluralKind
from lab.engine.wire import Properties

_RULES = {"includes": "include", "excludes": "exclude", "requires": "require"}


@dataclass(frozen=True)
class LeveledKind(PluralKind):
    """A type that lives in an account or in a zone; its import id begins with which (``accounts/<id>/<id>``)."""

    part: str = ""

    def split(self, import_id: str) -> tuple[str, Properties]:
        level, _, rest = import_id.partition("/")
        owner, _, id_ = rest.partition("/")
        if level not in ("zones", "accounts") or not owner or not id_:
            raise EngineError(f"{import_id!r} is not an id to look up: it has the form accounts/<account_id>/<id>")
        return id_, {"zoneId" if level == "zones" else "accountId": owner}

    def _collection(self, known: Properties) -> str:
        level, key = ("zones", "zoneId") if known.get("zoneId") else ("accounts", "accountId")
        return f"/{level}/{known.get(key, '')}/access/{self.part}"


@dataclass(frozen=True)
class ApplicationKind(LeveledKind):
    """An application: what it answers of a reusable policy is more than its id and its place."""

    def _found(self, answer: dict[str, Any], known: Properties) -> Found:
        policies = [{"id": policy["id"], "precedence": policy["precedence"]} for policy in answer.get("policies") or []]
        return super()._found({**answer, "policies": policies}, known)


@dataclass(frozen=True)
class TokenKind(LeveledKind):
    """A service token: its secret is in the answer to POST and in no other."""

    def create(self, client: Client, inputs: Properties) -> Found:
        answer = client.call("POST", self._collection(inputs), self._body(inputs))
        found = self._found(answer, inputs)
        return Found(found.id, found.inputs, found.outputs | {"clientSecret": answer["client_secret"]})

    def update(self, client: Client, id_: str, known: Properties, inputs: Properties) -> Found:
        found = super().update(client, id_, known, inputs)
        return Found(found.id, found.inputs, found.outputs | _kept(known))

    def read(self, client: Client, id_: str, known: Properties) -> Found | None:
        found = super().read(client, id_, known)
        return found and Found(found.id, found.inputs, found.outputs | _kept(known))


def _kept(known: Properties) -> Properties:
    return {"clientSecret": known["clientSecret"]} if "clientSecret" in known else {}


POLICY = PluralKind(
    type="cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
    collection="/accounts/{accountId}/access/policies",
    scope=("accountId",),
    settable=(
        *("approvalGroups", "approvalRequired", "decision", "excludes", "includes", "isolationRequired", "name"),
        *("purposeJustificationPrompt", "purposeJustificationRequired", "requires", "sessionDuration"),
    ),
    computed=("appCount", "createdAt", "reusable", "updatedAt"),
    replaced_by=frozenset({"accountId"}),
    identity=("accountId", "name"),
    volatile=frozenset({"appCount", "updatedAt"}),
    plurals=_RULES,
)
SERVICE_TOKEN = TokenKind(
    type="cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
    collection="",
    part="service_tokens",
    scope=("zoneId", "accountId"),
    settable=("duration", "name"),
    computed=("clientId", "expiresAt"),
    replaced_by=frozenset({"accountId", "zoneId"}),
    identity=("accountId", "zoneId", "name"),
    volatile=frozenset({"expiresAt"}),
)
APPLICATION = ApplicationKind(
    type="cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
    collection="",
    part="apps",
    scope=("zoneId", "accountId"),
    settable=(
        *("allowAuthenticateViaWarp", "allowIframe", "allowedIdps", "appLauncherVisible", "autoRedirectToIdentity"),
        *("corsHeaders", "customDenyMessage", "customDenyUrl", "destinations", "domain", "enableBindingCookie"),
        *("httpOnlyCookieAttribute", "name", "optionsPreflightBypass", "pathCookieAttribute", "policies"),
        *("sameSiteCookieAttribute", "sessionDuration", "skipInterstitial", "tags", "type"),
    ),
    computed=("aud", "createdAt", "updatedAt", "selfHostedDomains"),
    replaced_by=frozenset({"accountId", "zoneId", "type"}),
    identity=("accountId", "zoneId", "domain"),
    volatile=frozenset({"updatedAt"}),
)
KINDS = (POLICY, SERVICE_TOKEN, APPLICATION)
