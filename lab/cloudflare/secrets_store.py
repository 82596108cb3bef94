"""Secrets Store: ``/accounts/{account_id}/secrets_store``. Values come in and are never kept, returned or logged.

Source: https://developers.cloudflare.com/api/resources/secrets_store/ and, for the codes, the answers quoted in
cloudflare/workers-sdk#10052.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiohttp import web

from lab.cloudflare.context import (
    ACCOUNT,
    ID,
    changing,
    check_account,
    found,
    json_list,
    json_object,
    state_of,
)
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_STORES = f"{ACCOUNT}/secrets_store/stores"
_STORE = f"{_STORES}/{{store_id:{ID}}}"
_SECRETS = f"{_STORE}/secrets"
_SECRET = f"{_SECRETS}/{{secret_id:{ID}}}"

SCOPES = frozenset({"workers", "ai_gateway", "dex", "access", "containers", "websearch"})
MAX_STORES = 1
MAX_SECRETS = 100
MAX_VALUE = 65_536
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_MAX_COMMENT = 1024
_PER_PAGE = 20
_MAX_PER_PAGE = 100
_STORE_ORDERS = {"name", "created", "modified"}
_SECRET_ORDERS = {"name", "comment", "created", "modified", "status"}


@routes.get(f"{ACCOUNT}/secrets_store/quota")
async def quota(request: web.Request) -> web.Response:
    """How many secrets there may be, and how many there are."""
    stores = _stores(state_of(request), request)
    return success({"secrets": {"quota": MAX_SECRETS, "usage": _usage(stores)}})


@routes.get(_STORES)
async def list_stores(request: web.Request) -> web.Response:
    """The account's stores."""
    stores = _stores(state_of(request), request)
    views = _ordered([_store_view(store) for store in stores], request.query, _STORE_ORDERS)
    return page(request.query, views, _PER_PAGE, _MAX_PER_PAGE)


@routes.post(_STORES)
async def create_store(request: web.Request) -> web.Response:
    """Make the account's store; a second one is refused."""
    body = await json_object(request)
    with changing(request) as state:
        stores = _stores(state, request)
        if len(stores) >= MAX_STORES:
            raise ApiError(400, 1003, "maximum_stores_exceeded")
        stamp = now()
        store = {
            "id": new_id(),
            "account_id": request.match_info["account_id"],
            "name": _name(body, "store_name"),
            "created": stamp,
            "modified": stamp,
            "secrets": [],
        }
        stores.append(store)
    return success(_store_view(store))


@routes.get(_STORE)
async def get_store(request: web.Request) -> web.Response:
    """One store."""
    return success(_store_view(_store(state_of(request), request)))


@routes.delete(_STORE)
async def delete_store(request: web.Request) -> web.Response:
    """Remove a store; with secrets in it only if ``force=true``."""
    with changing(request) as state:
        store = _store(state, request)
        if store["secrets"] and request.query.get("force") != "true":
            raise ApiError(409, 1004, "store_not_empty")
        _stores(state, request).remove(store)
    return success(_store_view(store))


@routes.get(_SECRETS)
async def list_secrets(request: web.Request) -> web.Response:
    """Secrets of a store, without their values."""
    secrets = _store(state_of(request), request)["secrets"]
    search = request.query.get("search", "").lower()
    scopes = set(request.query.getall("scopes", []))
    chosen = [
        secret
        for secret in secrets
        if search in f"{secret['name']} {secret['comment']}".lower() and scopes <= set(secret["scopes"])
    ]
    return page(request.query, _ordered(chosen, request.query, _SECRET_ORDERS), _PER_PAGE, _MAX_PER_PAGE)


@routes.post(_SECRETS)
async def create_secrets(request: web.Request) -> web.Response:
    """Make secrets: all of the list or none."""
    body = await json_list(request)
    with changing(request) as state:
        store = _store(state, request)
        made = [_add(store, item) for item in body]
        if _usage(_stores(state, request)) > MAX_SECRETS:
            raise ApiError(400, 1003, "maximum_secrets_exceeded")
    return success(made)


@routes.get(_SECRET)
async def get_secret(request: web.Request) -> web.Response:
    """One secret, without its value."""
    return success(_secret(_store(state_of(request), request), request.match_info["secret_id"]))


@routes.patch(_SECRET)
async def edit_secret(request: web.Request) -> web.Response:
    """Change a secret's value, scopes or comment."""
    body = await json_object(request)
    with changing(request) as state:
        secret = _secret(_store(state, request), request.match_info["secret_id"])
        if "value" in body:
            _check_value(body)
        if "scopes" in body:
            secret["scopes"] = _scopes(body)
        if "comment" in body:
            secret["comment"] = _comment(body)
        secret["modified"] = now()
    return success(secret)


@routes.delete(_SECRET)
async def delete_secret(request: web.Request) -> web.Response:
    """Remove one secret."""
    with changing(request) as state:
        store = _store(state, request)
        secret = _secret(store, request.match_info["secret_id"])
        store["secrets"].remove(secret)
    return success(secret)


def _stores(state: Json, request: web.Request) -> list[Json]:
    check_account(state, request.match_info["account_id"])
    stores: list[Json] = state["secrets_stores"]
    return stores


def _store(state: Json, request: web.Request) -> Json:
    return found(_stores(state, request), request.match_info["store_id"], ApiError(404, 1001, "store_not_found"))


def _secret(store: Json, secret_id: str) -> Json:
    return found(store["secrets"], secret_id, ApiError(404, 1001, "secret_not_found"))


def _store_view(store: Json) -> Json:
    return {key: value for key, value in store.items() if key != "secrets"}


def _usage(stores: list[Json]) -> int:
    return sum(len(store["secrets"]) for store in stores)


def _add(store: Json, body: Json) -> Json:
    name = _name(body, "secret_name")
    if any(secret["name"] == name for secret in store["secrets"]):
        raise ApiError(400, 1003, "secret_name_already_exists")
    _check_value(body)
    stamp = now()
    secret = {
        "id": new_id(),
        "store_id": store["id"],
        "name": name,
        "comment": _comment(body),
        "scopes": _scopes(body),
        "status": "active",
        "created": stamp,
        "modified": stamp,
    }
    store["secrets"].append(secret)
    return secret


def _name(body: Json, what: str) -> str:
    name = body.get("name")
    if name in (None, ""):
        raise ApiError(400, 1001, f"{what}_empty")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ApiError(400, 1001, f"{what}_invalid")
    return name


def _check_value(body: Json) -> None:
    """The value is only looked at here; it goes no further."""
    value = body.get("value")
    if value in (None, ""):
        raise ApiError(400, 1001, "secret_value_empty")
    if not isinstance(value, str) or len(value.encode()) > MAX_VALUE:
        raise ApiError(400, 1001, "secret_value_invalid")


def _scopes(body: Json) -> list[str]:
    """The scopes in the order of the alphabet, as Cloudflare gives them back."""
    scopes = body.get("scopes")
    if not scopes:
        raise ApiError(400, 1001, "secret_scopes_empty")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise ApiError(400, 1001, "secret_scope_invalid")
    return sorted(set(scopes))


def _comment(body: Json) -> str:
    comment = body.get("comment") or ""
    if not isinstance(comment, str) or len(comment) > _MAX_COMMENT:
        raise ApiError(400, 1001, "secret_comment_invalid")
    return comment


def _ordered(items: list[Json], query: Mapping[str, str], orders: set[str]) -> list[Json]:
    order = query.get("order", "created")
    key = order if order in orders else "created"
    return sorted(items, key=lambda item: str(item[key]), reverse=query.get("direction") == "desc")
