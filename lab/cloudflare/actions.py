"""What a rule does: the actions of each phase of a zone, and their ``action_parameters``.

Source: https://developers.cloudflare.com/ruleset-engine/rules-language/actions/
"""

from __future__ import annotations

from collections.abc import Callable

from lab.cloudflare.context import whole
from lab.cloudflare.errors import ApiError
from lab.cloudflare.expression import check_value_expression
from lab.cloudflare.store import Json

_CHALLENGES = {"challenge", "js_challenge", "managed_challenge"}
_MANAGED = {"execute", "skip", "block", "log", *_CHALLENGES}
PHASES: dict[str, frozenset[str]] = {
    "ddos_l7": frozenset({"execute"}),
    "http_config_settings": frozenset({"set_config"}),
    "http_custom_errors": frozenset({"serve_error"}),
    "http_log_custom_fields": frozenset({"log_custom_field"}),
    "http_ratelimit": frozenset({"block", "log", "execute", *_CHALLENGES}),
    "http_request_cache_settings": frozenset({"set_cache_settings"}),
    "http_request_dynamic_redirect": frozenset({"redirect"}),
    "http_request_firewall_custom": frozenset({"block", "log", "skip", "execute", *_CHALLENGES}),
    "http_request_firewall_managed": frozenset(_MANAGED),
    "http_request_late_transform": frozenset({"rewrite"}),
    "http_request_origin": frozenset({"route"}),
    "http_request_sanitize": frozenset({"execute"}),
    "http_request_sbfm": frozenset(_MANAGED),
    "http_request_transform": frozenset({"rewrite"}),
    "http_response_cache_settings": frozenset({"set_cache_control", "set_cache_tags"}),
    "http_response_compression": frozenset({"compress_response"}),
    "http_response_firewall_managed": frozenset({"block", "log", "execute", "skip"}),
    "http_response_headers_transform": frozenset({"rewrite"}),
}
_REDIRECTS = (301, 302, 303, 307, 308)
_WITHOUT_PARAMETERS = frozenset({"log", *_CHALLENGES})
_SKIPS = frozenset({"ruleset", "rulesets", "phase", "phases", "products", "rules"})
# Tuples, not sets: what comes in may be a list, which no set can be asked about.
_CONTENT_TYPES = ("application/json", "text/html", "text/plain", "text/xml")
_HEADER_OPERATIONS = ("set", "add", "remove")


def check_parameters(action: str, value: object, pointer: str) -> Json | None:
    """Return the parameters if ``action`` takes them, else raise :class:`ApiError`."""
    if value is not None and not isinstance(value, dict):
        raise _wrong("action_parameters must be an object", pointer)
    if value and action in _WITHOUT_PARAMETERS:
        raise _wrong(f"action parameters are not allowed with the action {action}", pointer)
    check = _CHECKS.get(action)
    if check is not None:
        check(value or {}, pointer)
    elif not value and action not in _WITHOUT_PARAMETERS:
        raise _wrong(f"action_parameters are required with the action {action}", pointer)
    return value


def _wrong(message: str, pointer: str) -> ApiError:
    return ApiError(400, 20120, message, pointer=pointer)


def _block(value: Json, pointer: str) -> None:
    response = value.get("response")
    if response is None:
        return
    place = f"{pointer}/response"
    if not isinstance(response, dict):
        raise _wrong("response must be an object", place)
    status = whole(response.get("status_code"))
    if status is None or not 400 <= status <= 499:
        raise _wrong("status_code must be from 400 to 499", f"{place}/status_code")
    if response.get("content_type") not in _CONTENT_TYPES:
        raise _wrong(f"content_type must be one of {', '.join(_CONTENT_TYPES)}", f"{place}/content_type")
    if not isinstance(response.get("content"), str):
        raise _wrong("content must be a string", f"{place}/content")


def _skip(value: Json, pointer: str) -> None:
    if not value or not value.keys() <= _SKIPS:
        raise _wrong(f"a skip names what it skips: {', '.join(sorted(_SKIPS))}", pointer)
    if value.get("ruleset", "current") != "current":
        raise _wrong("ruleset can only be current", f"{pointer}/ruleset")


def _execute(value: Json, pointer: str) -> None:
    if not isinstance(value.get("id"), str):
        raise _wrong("an execute names the ruleset by its id", f"{pointer}/id")


def _redirect(value: Json, pointer: str) -> None:
    source = value.get("from_value")
    place = f"{pointer}/from_value"
    if not isinstance(source, dict):
        raise _wrong("a redirect has from_value", place)
    if whole(source.get("status_code", 302)) not in _REDIRECTS:
        raise _wrong(f"status_code must be one of {_REDIRECTS}", f"{place}/status_code")
    _value_or_expression(source.get("target_url"), f"{place}/target_url")
    if not isinstance(source.get("preserve_query_string", False), bool):
        raise _wrong("preserve_query_string must be true or false", f"{place}/preserve_query_string")


def _rewrite(value: Json, pointer: str) -> None:
    uri, headers = value.get("uri"), value.get("headers")
    if not isinstance(uri or {}, dict) or not isinstance(headers or {}, dict) or not (uri or headers):
        raise _wrong("a rewrite has uri or headers", pointer)
    for part in ("path", "query"):
        if uri and part in uri:
            _value_or_expression(uri[part], f"{pointer}/uri/{part}", empty=part == "query")
    for name, header in (headers or {}).items():
        place = f"{pointer}/headers/{name}"
        if not isinstance(header, dict) or header.get("operation") not in _HEADER_OPERATIONS:
            raise _wrong("a header's operation is set, add or remove", place)
        if header["operation"] != "remove":
            _value_or_expression(header, place)


def _value_or_expression(value: object, pointer: str, *, empty: bool = False) -> None:
    if not isinstance(value, dict) or ("value" in value) == ("expression" in value):
        raise _wrong("exactly one of value and expression is required", pointer)
    if "expression" in value:
        check_value_expression(value["expression"], "expression", f"{pointer}/expression")
    elif not isinstance(value["value"], str) or not (value["value"] or empty):
        raise _wrong("value must be a string that is not empty", f"{pointer}/value")


_CHECKS: dict[str, Callable[[Json, str], None]] = {
    "block": _block,
    "skip": _skip,
    "execute": _execute,
    "redirect": _redirect,
    "rewrite": _rewrite,
}
