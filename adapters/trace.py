"""Cloudflare's Trace: https://developers.cloudflare.com/api/resources/request_tracers/subresources/traces/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from adapters.cloudflare_api import CloudflareApi
from adapters.web import Client
from core.errors import AfterError, LiveError
from core.secret import Secret

_SECONDS = 30.0
_MOST_BYTES = 8 * 1024 * 1024


class Tracer:
    """Traces requests through the zones of one account."""

    def __init__(self, account: str, base: str, token: Secret) -> None:
        """``account`` is an id; ``base`` ends in ``/client/v4``."""
        self._account = account
        self._api = CloudflareApi(base, token)
        headers = {"Authorization": Secret(f"Bearer {token.reveal()}")}
        self._client = Client(Secret(base.rstrip("/")), headers, seconds=_SECONDS, most_bytes=_MOST_BYTES)

    def refs(self, zone: str, phases: Iterable[str]) -> dict[str, str]:
        """The ``ref`` of each rule of a zone's entry points by the rule's id. Raises :class:`LiveError`."""
        found = self._api.items("/zones", {"name": zone, "account.id": self._account})
        ids = [str(one.get("id")) for one in found if one.get("name") == zone]
        if not ids:
            raise LiveError(
                f"Cloudflare shows no zone {zone} to this token: run `invoke up` first, or give it Zone Read"
            )
        refs: dict[str, str] = {}
        for phase in phases:
            ruleset = self._api.get(f"/zones/{ids[0]}/rulesets/phases/{phase}/entrypoint") or {}
            refs |= {str(rule.get("id")): str(rule.get("ref")) for rule in ruleset.get("rules") or ()}
        return refs

    def trace(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to one request. Raises :class:`LiveError`."""
        try:
            answer = self._client.post(f"/accounts/{self._account}/request-tracer/trace", json.dumps(body).encode())
        except AfterError as error:
            raise LiveError(f"Trace: {error}; the token needs Request Tracer Read") from None
        document = answer.document
        result = document.get("result") if isinstance(document, dict) else None
        if not isinstance(result, dict):
            raise LiveError("Trace did not give a trace")
        return result
