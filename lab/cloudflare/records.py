"""DNS records of a zone: ``/zones/{zone_id}/dns_records``.

Source: https://developers.cloudflare.com/api/resources/dns/subresources/records/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from lab.cloudflare.context import ID, ZONE, changing, found, json_object, state_of, zone_in
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.record import make_record, merge_record, replace_record
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_RECORDS = f"{ZONE}/dns_records"
_RECORD = f"{_RECORDS}/{{record_id:{ID}}}"
_PER_PAGE = 100
_MAX_PER_PAGE = 50_000

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "": lambda value, wanted: value == wanted,
    ".exact": lambda value, wanted: value == wanted,
    ".contains": lambda value, wanted: wanted in value,
    ".startswith": lambda value, wanted: value.startswith(wanted),
    ".endswith": lambda value, wanted: value.endswith(wanted),
}
_FILTERED = ("name", "content", "comment", "type")
_ORDERS = {"type", "name", "content", "ttl", "proxied"}


@routes.get(_RECORDS)
async def list_records(request: web.Request) -> web.Response:
    """Records of a zone, filtered, ordered and in pages."""
    zone = zone_in(state_of(request), request)
    records = select(zone["dns_records"], request.query)
    return page(request.query, records, _PER_PAGE, _MAX_PER_PAGE)


@routes.post(_RECORDS)
async def create_record(request: web.Request) -> web.Response:
    """Make one record."""
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        record = make_record(zone, body)
        zone["dns_records"].append(record)
    return success(record)


@routes.get(_RECORD)
async def get_record(request: web.Request) -> web.Response:
    """One record."""
    zone = zone_in(state_of(request), request)
    return success(_record(zone, request.match_info["record_id"]))


@routes.put(_RECORD)
async def put_record(request: web.Request) -> web.Response:
    """Replace one record."""
    return await _update(request, replace_record)


@routes.patch(_RECORD)
async def patch_record(request: web.Request) -> web.Response:
    """Change some fields of one record."""
    return await _update(request, merge_record)


@routes.delete(_RECORD)
async def delete_record(request: web.Request) -> web.Response:
    """Remove one record."""
    with changing(request) as state:
        zone = zone_in(state, request)
        _drop(zone, request.match_info["record_id"])
    return success({"id": request.match_info["record_id"]})


@routes.post(f"{_RECORDS}/batch")
async def batch(request: web.Request) -> web.Response:
    """Deletes, then patches, puts and posts: all of them or none."""
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        done: Json = {
            "deletes": [_drop(zone, _id(item)) for item in _items(body, "deletes")],
            "patches": [_swap(zone, _id(item), item, merge_record) for item in _items(body, "patches")],
            "puts": [_swap(zone, _id(item), item, replace_record) for item in _items(body, "puts")],
            "posts": [],
        }
        for item in _items(body, "posts"):
            zone["dns_records"].append(make_record(zone, item))
            done["posts"].append(zone["dns_records"][-1])
    return success(done)


Update = Callable[[Json, Json, Json], Json]


async def _update(request: web.Request, update: Update) -> web.Response:
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        record = _swap(zone, request.match_info["record_id"], body, update)
    return success(record)


def _swap(zone: Json, record_id: str, body: Json, update: Update) -> Json:
    old = _record(zone, record_id)
    new = update(zone, old, body)
    zone["dns_records"][zone["dns_records"].index(old)] = new
    return new


def _drop(zone: Json, record_id: str) -> Json:
    record = _record(zone, record_id)
    zone["dns_records"].remove(record)
    return record


def _record(zone: Json, record_id: str) -> Json:
    return found(zone["dns_records"], record_id, ApiError(404, 81044, "Record does not exist."))


def _items(body: Json, key: str) -> list[Json]:
    items = body.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise bad_body(f"Request body is invalid: {key} must be an array of objects.")
    return items


def _id(item: Json) -> str:
    identifier = item.get("id")
    if not isinstance(identifier, str):
        raise bad_body("Request body is invalid: every delete, patch and put needs the id of a record.")
    return identifier


def select(records: list[Json], query: Mapping[str, str]) -> list[Json]:
    """The records that the filters of ``query`` let through, in the order that it asks for."""
    tests = list(_tests(query))
    together = any if query.get("match", "all") == "any" else all
    chosen = [record for record in records if not tests or together(test(record) for test in tests)]
    order = query.get("order", "")
    if order in _ORDERS:
        chosen.sort(key=lambda record: record[order], reverse=query.get("direction") == "desc")
    return chosen


def _tests(query: Mapping[str, str]) -> list[Callable[[Json], bool]]:
    tests = [
        _test(field, _OPERATORS[operator], query[field + operator])
        for field in _FILTERED
        for operator in _OPERATORS
        if field + operator in query
    ]
    if "proxied" in query:
        tests.append(lambda record: record["proxied"] == (query["proxied"] == "true"))
    if "search" in query:
        tests.append(lambda record: _mentions(record, query["search"].lower()))
    return tests


def _test(field: str, operator: Callable[[str, str], bool], wanted: str) -> Callable[[Json], bool]:
    return lambda record: operator(str(record[field] or "").lower(), wanted.lower())


def _mentions(record: Json, text: str) -> bool:
    fields: list[Any] = [record["name"], record["content"], record["comment"], *record["tags"]]
    return any(text in str(field or "").lower() for field in fields)
