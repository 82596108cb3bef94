"""Cloudflare's cache, purged by its API: https://developers.cloudflare.com/api/resources/cache/methods/purge/"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from adapters.web import Client
from core.errors import AfterError
from core.secret import Secret

API = "https://api.cloudflare.com/client/v4"
# What every plan takes in one call; Cloudflare has raised it since for some.
MOST_A_CALL = 30
_ID = re.compile(r"[0-9a-f]{32}")


class CloudflarePurger:
    """Fulfils :class:`core.ports.Purger` for one zone."""

    def __init__(self, zone: str, account: str, access: Callable[[], tuple[str, Secret]]) -> None:
        """``zone`` is a domain, ``account`` an id; ``access`` gives the API's address and a token when it is needed."""
        self._zone = zone
        self._account = account
        self._access = access

    def purge(self, urls: Sequence[str], prefixes: Sequence[str], *, everything: bool) -> None:
        """Purge all of the zone, or URLs and prefixes, 30 a call."""
        base, token = self._access()
        client = Client(Secret(base), {"Authorization": Secret(f"Bearer {token.reveal()}")})
        zone = self._zone_id(client)
        for body in [{"purge_everything": True}] if everything else _bodies(urls, prefixes):
            _result(client.post(f"/zones/{zone}/purge_cache", json.dumps(body).encode()).document)

    def _zone_id(self, client: Client) -> str:
        query = f"name={quote(self._zone)}&account.id={quote(self._account)}"
        found = _result(client.get(f"/zones?{query}").document)
        ids = [each.get("id") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        # It goes into a path.
        good = [each for each in ids if isinstance(each, str) and _ID.fullmatch(each)]
        if len(good) != 1:
            raise AfterError(f"Cloudflare shows no zone {self._zone} to this token: it needs Zone Read and Cache Purge")
        return good[0]


def _bodies(urls: Sequence[str], prefixes: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    for kind, items in (("files", urls), ("prefixes", prefixes)):
        for start in range(0, len(items), MOST_A_CALL):
            yield {kind: list(items[start : start + MOST_A_CALL])}


def _result(document: Any) -> Any:
    if not isinstance(document, dict) or document.get("success") is not True:
        raise AfterError("Cloudflare did not say that it was done")
    return document.get("result")
