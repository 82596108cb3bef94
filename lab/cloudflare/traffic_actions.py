"""The parameters of what changes a request, an answer or the cache: ``redirect``, ``rewrite``, ``set_cache_settings``.

Sources: https://developers.cloudflare.com/rules/url-forwarding/single-redirects/settings/,
https://developers.cloudflare.com/rules/transform/response-header-modification/ (its remarks),
https://developers.cloudflare.com/cache/how-to/cache-rules/settings/
"""

from __future__ import annotations

import re

from lab.cloudflare.action import Check, flag, members, number, objects, one_of, wrong
from lab.cloudflare.context import whole
from lab.cloudflare.expression import check_value_expression
from lab.cloudflare.plans import Plan
from lab.cloudflare.store import Json

_REDIRECTS = (301, 302, 303, 307, 308)
_TARGET = re.compile(r"(https?://[^/\s]+|/)\S*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_OPERATIONS = {"http_response_headers_transform": ("set", "add", "remove")}
_FIXED_HEADERS = ("server", "eh-cache-tag", "eh-cdn-cache-control", "connection", "content-length", "transfer-encoding")
_CACHE_FLAGS = (
    *("cache", "origin_cache_control", "origin_error_page_passthru", "respect_strong_etags"),
    *("strip_etags", "strip_last_modified", "strip_set_cookie"),
)
_CACHE_OBJECTS = (
    *("browser_ttl", "cache_key", "cache_reserve", "edge_ttl", "origin_range_requests", "serve_stale"),
    *("shared_dictionary", "vary"),
)
_CACHE_FIELDS = (*_CACHE_FLAGS, *_CACHE_OBJECTS, "additional_cacheable_ports", "read_timeout")
_EDGE_MODES = ("respect_origin", "bypass_by_default", "override_origin")
_BROWSER_MODES = (*_EDGE_MODES, "bypass")


def _redirect(value: Json, _phase: str, plan: Plan, pointer: str) -> None:
    source = value.get("from_value")
    place = f"{pointer}/from_value"
    if not isinstance(source, dict):
        raise wrong("a redirect has from_value", place)
    if whole(source.get("status_code", 302)) not in _REDIRECTS:
        raise wrong(f"status_code must be one of {_REDIRECTS}", f"{place}/status_code")
    target = source.get("target_url")
    _value_or_expression(target, plan, f"{place}/target_url")
    if isinstance(target, dict) and "value" in target and not _TARGET.fullmatch(target["value"]):
        raise wrong("value must be a URL or a path that begins with /", f"{place}/target_url/value")
    if not isinstance(source.get("preserve_query_string", False), bool):
        raise wrong("preserve_query_string must be true or false", f"{place}/preserve_query_string")


def _rewrite(value: Json, phase: str, plan: Plan, pointer: str) -> None:
    uri, headers = value.get("uri"), value.get("headers")
    if not isinstance(uri or {}, dict) or not isinstance(headers or {}, dict) or not (uri or headers):
        raise wrong("a rewrite has uri or headers", pointer)
    if uri and phase != "http_request_transform":
        raise wrong(f"uri is not allowed in the phase {phase}", f"{pointer}/uri")
    if headers and phase == "http_request_transform":
        raise wrong(f"headers are not allowed in the phase {phase}", f"{pointer}/headers")
    for part in ("path", "query"):
        if uri and part in uri:
            _value_or_expression(uri[part], plan, f"{pointer}/uri/{part}", empty=part == "query")
    for name, header in (headers or {}).items():
        _check_header(name, header, phase, plan, f"{pointer}/headers/{name}")


def _check_header(name: str, header: object, phase: str, plan: Plan, place: str) -> None:
    operations = _OPERATIONS.get(phase, ("set", "remove"))
    if not _HEADER.fullmatch(name):
        raise wrong(f"'{name}' is not a valid name of a header", place)
    if name.lower().startswith(("cf-", "x-cf-")) or name.lower() in _FIXED_HEADERS:
        raise wrong(f"'{name}' is not a valid value for header name because it cannot be modified", place)
    if not isinstance(header, dict) or header.get("operation") not in operations:
        raise wrong(f"a header's operation is {', '.join(operations)}", place)
    if header["operation"] == "remove":
        members(header, ("operation",), place)
    else:
        _value_or_expression(header, plan, place)


def _cache(value: Json, _phase: str, plan: Plan, pointer: str) -> None:
    members(value, _CACHE_FIELDS, pointer)
    if not value:
        raise wrong("action_parameters are required with the action set_cache_settings", pointer)
    for name in _CACHE_FLAGS:
        if name in value:
            flag(value[name], f"{pointer}/{name}")
    for name in _CACHE_OBJECTS:
        if name in value and not isinstance(value[name], dict):
            raise wrong(f"{name} must be an object", f"{pointer}/{name}")
    if "read_timeout" in value:
        number(value["read_timeout"], 100, f"{pointer}/read_timeout")
    if "edge_ttl" in value:
        _check_ttl(value["edge_ttl"], _EDGE_MODES, plan.shortest_edge_ttl, f"{pointer}/edge_ttl")
        _check_status_ttls(value["edge_ttl"], f"{pointer}/edge_ttl/status_code_ttl")
    if "browser_ttl" in value:
        _check_ttl(value["browser_ttl"], _BROWSER_MODES, 0, f"{pointer}/browser_ttl")


def _check_ttl(value: Json, modes: tuple[str, ...], least: int, pointer: str) -> None:
    members(value, ("mode", "default", "status_code_ttl"), pointer)
    overrides = one_of(value.get("mode"), modes, f"{pointer}/mode") == "override_origin"
    if overrides != ("default" in value):
        said = "required" if overrides else "not allowed"
        raise wrong(f"default is {said} with the mode {value['mode']}", f"{pointer}/default")
    if overrides:
        number(value["default"], least, f"{pointer}/default")


def _check_status_ttls(value: Json, pointer: str) -> None:
    for item, place in objects(value.get("status_code_ttl", []), pointer):
        members(item, ("status_code", "status_code_range", "value"), place)
        number(item.get("value"), -1, f"{place}/value")
        if ("status_code" in item) == ("status_code_range" in item):
            raise wrong("exactly one of status_code and status_code_range is required", place)
        if "status_code" in item:
            number(item["status_code"], 100, f"{place}/status_code")
        else:
            bounds = members(item["status_code_range"], ("from", "to"), f"{place}/status_code_range")
            for name, status in bounds.items():
                number(status, 100, f"{place}/status_code_range/{name}")


def _value_or_expression(value: object, plan: Plan, pointer: str, *, empty: bool = False) -> None:
    if not isinstance(value, dict) or ("value" in value) == ("expression" in value):
        raise wrong("exactly one of value and expression is required", pointer)
    if "expression" in value:
        check_value_expression(value["expression"], plan, "expression", f"{pointer}/expression")
    elif not isinstance(value["value"], str) or not (value["value"] or empty):
        raise wrong("value must be a string that is not empty", f"{pointer}/value")


CHECKS: dict[str, Check] = {"redirect": _redirect, "rewrite": _rewrite, "set_cache_settings": _cache}
