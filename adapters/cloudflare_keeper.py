"""Secrets that are kept in Cloudflare's Secrets Store: :class:`custody.ports.Keeper`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from adapters.web import Client
from core.errors import AfterError, StoreError
from core.ports import Kept
from core.secret import Secret
from core.settings.secrets import Secrets, StoredSecret

_ID = re.compile(r"[0-9a-f]{32}")
_PER_PAGE = 100


class CloudflareKeeper:
    """Secrets Store: https://developers.cloudflare.com/api/resources/secrets_store/. It never shows a value."""

    name = "Cloudflare"

    def __init__(self, account: str, secrets: Secrets, access: Callable[[], tuple[str, Secret]]) -> None:
        """``access`` gives the API's address and a token when it is needed."""
        self._account = account
        self._secrets = secrets
        self._access = access

    def keeps(self, item: StoredSecret) -> bool:
        """Whether a service of Cloudflare may read it."""
        return bool(item.scopes)

    def look(self, item: StoredSecret) -> Kept | None:
        """When it was changed last: that may have been its scopes or its comment too."""
        found = self._found(item.name)
        return None if found is None else Kept(_moment(found.get("modified")), str(found.get("id", "")))

    def put(self, item: StoredSecret, value: Secret) -> str:
        """PATCH the value, or POST a secret that `invoke up` will find there."""
        found = self._found(item.name)
        if found is None:
            raise StoreError(f"Cloudflare's store has no secret {item.name}: run `invoke up` first")
        with _cloudflares():
            path = f"{self._secrets_path}/{_id(found.get('id'))}"
            self._client.send("PATCH", path, json.dumps({"value": value.reveal()}).encode())
        return "its value was replaced"

    def retire(self, item: StoredSecret) -> str:
        """Nothing more is to be done: a value that is replaced is gone."""
        del item
        return "gone with its replacement"

    def others(self, items: Collection[StoredSecret]) -> list[str]:
        """What the store holds beside ``items``."""
        ours = {item.name for item in items if item.scopes}
        return sorted({str(each.get("name")) for each in self._all} - ours)

    def _found(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self._all if each.get("name") == name), None)

    @cached_property
    def _client(self) -> Client:
        with _cloudflares():
            base, token = self._access()
        return Client(Secret(base), {"Authorization": Secret(f"Bearer {token.reveal()}")}, seconds=15)

    @cached_property
    def _secrets_path(self) -> str:
        stores = f"/accounts/{quote(self._account)}/secrets_store/stores"
        if self._secrets.store_id:
            return f"{stores}/{self._secrets.store_id}/secrets"
        found = [each for each in self._pages(stores) if each.get("name") == self._secrets.store_name]
        if not found:
            raise StoreError(f"Cloudflare shows no Secrets Store {self._secrets.store_name}: run `invoke up` first")
        return f"{stores}/{_id(found[0].get('id'))}/secrets"

    @property
    def _all(self) -> list[dict[str, Any]]:
        return list(self._pages(self._secrets_path))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= pages:
            with _cloudflares():
                document = self._client.get(f"{path}?page={page}&per_page={_PER_PAGE}").document
            if not isinstance(document, dict) or document.get("success") is not True:
                raise StoreError("Cloudflare's API did not say what its Secrets Store has")
            yield from (each for each in document.get("result") or [] if isinstance(each, dict))
            info = document.get("result_info") or {}
            pages = -(-int(info.get("total_count") or 0) // _PER_PAGE)
            page += 1


@contextmanager
def _cloudflares() -> Iterator[None]:
    try:
        yield
    except AfterError as error:
        raise StoreError(f"Cloudflare's Secrets Store: {error}") from None


def _id(value: Any) -> str:
    """It goes into a path."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise StoreError("Cloudflare's API gives an id that is none")
    return value


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
