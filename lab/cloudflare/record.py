"""What makes a DNS record right: its fields one by one, and beside the zone's other records.

Source: https://developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from lab.cloudflare.content import TYPES, check_content
from lab.cloudflare.context import whole
from lab.cloudflare.errors import ApiError, malformed
from lab.cloudflare.names import name_in_zone
from lab.cloudflare.store import Json, new_id, now

PROXIABLE = frozenset({"A", "AAAA", "CNAME"})
_ADDRESSES = PROXIABLE
AUTOMATIC = 1
MAX_TTL = 86400
# Seconds, by plan: an Enterprise zone may go lower.
_MIN_TTL = {"enterprise": 30}
_MIN_TTL_ELSE = 60
_MAX_COMMENT = {"free": 100}
_MAX_COMMENT_ELSE = 500
_MAX_TAGS = 20
_TAG = re.compile(r"[A-Za-z0-9_-]{1,32}(:[^\x00-\x1f\x7f]{0,100})?")
_SETTINGS = {"A": {"ipv4_only", "ipv6_only"}, "AAAA": {"ipv4_only", "ipv6_only"}}
_CNAME_SETTINGS = {"ipv4_only", "ipv6_only", "flatten_cname"}

# Cloudflare's edge cannot reach these. 127.0.0.0/8 is missing on purpose: there the lab's origins are.
_UNREACHABLE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "224.0.0.0/4", "0.0.0.0/8")
] + [ipaddress.ip_network(text) for text in ("fc00::/7", "fe80::/10", "ff00::/8", "::/128")]


def make_record(zone: Json, body: Json) -> Json:
    """A new record of ``zone`` as the API gives it back. Raises :class:`ApiError` for the first thing that is wrong."""
    stamp = now()
    record = {"id": new_id(), **_fields(zone, body), "created_on": stamp, "modified_on": stamp}
    _check_others(zone, record)
    return record


def replace_record(zone: Json, old: Json, body: Json) -> Json:
    """``old`` with all of its fields taken anew from ``body`` (PUT): what ``body`` lacks goes back to its default."""
    record = {"id": old["id"], **_fields(zone, body), "created_on": old["created_on"], "modified_on": now()}
    _check_others(zone, record)
    return record


def merge_record(zone: Json, old: Json, body: Json) -> Json:
    """``old`` with the fields that ``body`` has (PATCH). New ``content`` outweighs old ``data``, and the reverse."""
    kept = {key: value for key, value in old.items() if key not in ("content", "data")}
    if "content" not in body and "data" not in body:
        source = "data" if "data" in old else "content"
        kept[source] = old[source]
    return replace_record(zone, old, {**kept, **body})


def _fields(zone: Json, body: Json) -> Json:
    record_type = body.get("type")
    if not isinstance(record_type, str) or record_type.upper() not in TYPES:
        raise ApiError(400, 9020, "Invalid DNS record type.")
    record_type = record_type.upper()
    name = _name(zone, body)
    content = check_content(record_type, body)
    if record_type == "CNAME" and content["content"] == name:
        raise ApiError(400, 9039, "CNAME content cannot reference itself.")
    proxiable, proxied = _proxy(record_type, content["content"], body)
    ttl = _ttl(zone, body)
    return {
        "name": name,
        "type": record_type,
        **content,
        "proxiable": proxiable,
        "proxied": proxied,
        "ttl": AUTOMATIC if proxied else ttl,
        "settings": _settings(record_type, body),
        "meta": {},
        "comment": _comment(zone, body),
        "tags": _tags(zone, body),
    }


def _name(zone: Json, body: Json) -> str:
    text = body.get("name")
    name = name_in_zone(text, zone["name"]) if isinstance(text, str) else None
    if name is None:
        raise ApiError(400, 9000, "DNS name is invalid.")
    return name


def _ttl(zone: Json, body: Json) -> int:
    ttl = whole(body.get("ttl", AUTOMATIC))
    least = _MIN_TTL.get(zone["plan"], _MIN_TTL_ELSE)
    if ttl is None or (ttl != AUTOMATIC and not least <= ttl <= MAX_TTL):
        raise ApiError(400, 9021, f"TTL must be between {least} and {MAX_TTL} seconds, or 1 for Automatic.")
    return ttl


def _proxy(record_type: str, content: str, body: Json) -> tuple[bool, bool]:
    """Whether the record can be proxied, and whether it is."""
    proxied = body.get("proxied")
    if proxied is not None and not isinstance(proxied, bool):
        raise malformed("proxied", "true or false")
    reachable = record_type == "CNAME" or _reachable(content)
    if proxied and record_type not in PROXIABLE:
        raise ApiError(400, 9004, f"Records of type {record_type} cannot be proxied.")
    if proxied and not reachable:
        raise ApiError(400, 9003, f"Target {content} is not allowed for a proxied record.")
    return record_type in PROXIABLE and reachable, bool(proxied)


def _reachable(content: str) -> bool:
    try:
        address = ipaddress.ip_address(content)
    except ValueError:
        return True
    return not any(address in network for network in _UNREACHABLE if network.version == address.version)


def _settings(record_type: str, body: Json) -> Json:
    settings = body.get("settings") or {}
    allowed = _CNAME_SETTINGS if record_type == "CNAME" else _SETTINGS.get(record_type, set())
    if not isinstance(settings, dict) or not all(isinstance(value, bool) for value in settings.values()):
        raise malformed("settings", "an object of true and false")
    if unknown := sorted(set(settings) - allowed):
        raise malformed("settings", f"without {unknown[0]!r} on a record of type {record_type}")
    return settings


def _comment(zone: Json, body: Json) -> str | None:
    comment = body.get("comment")
    if comment is None or comment == "":
        return None
    most = _MAX_COMMENT.get(zone["plan"], _MAX_COMMENT_ELSE)
    if not isinstance(comment, str) or len(comment) > most:
        raise malformed("comment", f"at most {most} characters")
    return comment


def _tags(zone: Json, body: Json) -> list[str]:
    tags = body.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in tags):
        raise malformed("tags", "a list of names, each with `:value` after it or without")
    most = 0 if zone["plan"] == "free" else _MAX_TAGS
    if len(tags) > most:
        raise malformed("tags", f"at most {most} on this plan")
    return list(dict.fromkeys(tags))


def _check_others(zone: Json, record: Json) -> None:
    """Raise :class:`ApiError` if ``record`` cannot stand beside the zone's other records of its name."""
    for other in zone["dns_records"]:
        if other["name"] != record["name"] or other["id"] == record["id"]:
            continue
        types = {record["type"], other["type"]}
        if record["type"] == "CNAME" and other["type"] in _ADDRESSES and _rdata(record) != _rdata(other):
            raise ApiError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        if other["type"] == "CNAME" and types & {"A", "AAAA"}:
            raise ApiError(400, 81054, "A CNAME record with that host already exists.")
        if _rdata(record) == _rdata(other):
            raise _duplicate(record, other)


def _rdata(record: Json) -> tuple[Any, ...]:
    return record["type"], record["content"], record.get("priority")


def _duplicate(record: Json, other: Json) -> ApiError:
    if all(record[key] == other[key] for key in ("ttl", "proxied")):
        return ApiError(400, 81058, "An identical record already exists.")
    return ApiError(400, 81057, "The record already exists.")
