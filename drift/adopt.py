"""A live zone as the sections of a stack's file, as far as they can say it; and what they cannot.

Nothing here has to be exact: :mod:`drift.compare` looks at what the written file declares, and what is not as it is
there is left alone (``launch-ready:unmanaged``) and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.ports import LiveApi
from core.settings.names import APEX
from core.text import has_half_pairs
from drift.adopt_email import email_of, is_mail
from drift.differences import content_of

Body = Mapping[str, Any]

_WAF = "http_request_firewall_custom"
_ADDRESSES = ("A", "AAAA")
_SHORTEST_REASON = 8
_REASON = "Adopted as it was: say why it is not proxied"
_STAND_IN = "192.0.2.1"
_WAF_ACTIONS = ("block", "managed_challenge", "js_challenge", "challenge", "log")
_TEMPLATES = ("managed", "admin", "hidden_files", "methods", "uploads", "bots")
_SWITCHES = {
    "tls_1_3": "tls_1_3",
    "always_https": "always_use_https",
    "automatic_rewrites": "automatic_https_rewrites",
    "zero_rtt": "0rtt",
}


@dataclass(frozen=True)
class LiveZone:
    """What is read of a zone before anything is written."""

    zone: Body
    records: Sequence[Body]
    settings: Mapping[str, Any]
    rulesets: Mapping[str, Body]
    signed: bool
    looks_up_logins: bool


@dataclass
class Draft:
    """A stack's file in the making: ``config`` by section, and what cannot be said, a line each."""

    config: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def unmanaged(self) -> dict[str, list[str]]:
        """The section of what is left alone."""
        section: dict[str, list[str]] = self.config["unmanaged"]
        return section

    def leave(self, concern: str, why: str) -> None:
        """Leave a whole section's resources alone."""
        if concern not in self.unmanaged["concerns"]:
            self.unmanaged["concerns"].append(concern)
            self.left.append(f"{concern}: {why}")

    def leave_setting(self, setting: str, why: str) -> None:
        """Leave one setting alone."""
        if setting not in self.unmanaged["settings"]:
            self.unmanaged["settings"].append(setting)
            self.left.append(f"setting {setting}: {why}")


def read_zone(api: LiveApi, zone: Body) -> LiveZone:
    """Read the zone that the API lists as ``zone``. Raises :class:`core.errors.LiveError`."""
    root = f"/zones/{zone['id']}"
    rulesets = [each for each in api.items(f"{root}/rulesets") if each.get("kind") == "zone"]
    whole = [api.get(f"{root}/rulesets/{each['id']}") or each for each in rulesets]
    return LiveZone(
        zone,
        api.items(f"{root}/dns_records"),
        {str(each["id"]): each.get("value") for each in api.items(f"{root}/settings")},
        {str(each["phase"]): each for each in whole},
        str((api.get(f"{root}/dnssec") or {}).get("status")) in ("active", "pending"),
        bool((api.get(f"{root}/leaked-credential-checks") or {}).get("enabled")),
    )


def draft_of(live: LiveZone) -> Draft:
    """The sections that come nearest to what is there."""
    draft = Draft({"unmanaged": {"concerns": [], "settings": []}})
    name = str(live.zone["name"])
    draft.config["zone"] = {
        "name": name,
        "account_id": live.zone["account"]["id"],
        "plan": (live.zone.get("plan") or {}).get("legacy_id") or "free",
        "dnssec": live.signed,
        "protect": True,
    }
    web, addresses = _web(live.records, name)
    draft.config["hosts"] = {
        "app": [{"name": f"web-{number}", "address": address} for number, address in enumerate(addresses, 1)]
    }
    if not web:
        draft.leave("web", "no name leads to hosts through the edge: write your machines into launch-ready:hosts")
        draft.config["hosts"] = {"app": [{"name": "web-1", "address": _STAND_IN}]}
    draft.config["dns"] = {"web": web or [APEX], "records": _records(live.records, name, web, addresses, draft)}
    draft.config["tls"] = _tls(live.settings, draft)
    # None of the rules that the file makes by itself: a zone has its own.
    paid = draft.config["zone"]["plan"] != "free"
    off = {name: {"enabled": False} for name in (*_TEMPLATES, *(("owasp",) if paid else ()))}
    off["leaked_credentials"] = {"enabled": live.looks_up_logins}
    draft.config["waf"] = {**off, "rules": _waf(live.rulesets.get(_WAF), draft)}
    draft.config["email"] = email_of(live.records, name)
    draft.config["secrets"] = {"items": []}
    draft.leave("secrets", "Cloudflare shows no secret's value: declare each with its own")
    return draft


def relative(name: str, zone: str) -> str:
    """A full name as a stack's file has it."""
    return APEX if name == zone else name.removesuffix(f".{zone}")


def _web(records: Sequence[Body], zone: str) -> tuple[list[str], list[str]]:
    """The names whose proxied addresses are the same set, the one that most names have; and that set."""
    by_name: dict[str, set[str]] = {}
    for record in records:
        if record.get("type") in _ADDRESSES and record.get("proxied"):
            by_name.setdefault(str(record["name"]), set()).add(content_of(record))
    sets = Counter(frozenset(addresses) for addresses in by_name.values())
    if not sets:
        return [], []
    ((chosen, _count),) = sets.most_common(1)
    names = sorted(name for name, addresses in by_name.items() if addresses == chosen)
    return [relative(name, zone) for name in names], sorted(chosen)


def _records(
    records: Sequence[Body], zone: str, web: list[str], hosts: list[str], draft: Draft
) -> list[dict[str, Any]]:
    found = []
    for record in records:
        name = relative(str(record["name"]), zone)
        if (record.get("type") in _ADDRESSES and name in web and record.get("proxied")) or is_mail(record, zone):
            continue
        said = _record(record, name, hosts)
        if said is None:
            draft.left.append(f"record {record.get('type')} {record.get('name')} {content_of(record)}: not expressible")
        else:
            found.append(said)
    return found


def _record(record: Body, name: str, hosts: list[str]) -> dict[str, Any] | None:
    kind, ttl = record.get("type"), record.get("ttl")
    said: dict[str, Any] = {"name": name, "type": kind}
    if record.get("tags") or has_half_pairs(f"{name}{content_of(record)}{record.get('comment')}"):
        return None
    if kind in (*_ADDRESSES, "CNAME"):
        said |= {"content": content_of(record), **_exposure(record)}
        if kind != "CNAME" and not record.get("proxied") and content_of(record) in hosts:
            said["shows_origin"] = True
    elif kind == "TXT" and not record.get("comment"):
        said["content"] = content_of(record)
    elif kind == "CAA" and not record.get("comment"):
        data = record.get("data") or {}
        return {**said, "tag": data.get("tag"), "value": data.get("value"), "flags": data.get("flags")}
    elif kind in ("SRV", "HTTPS") and not record.get("comment") and isinstance(record.get("data"), Mapping):
        said |= _service(record["data"], str(kind))
    else:
        return None
    if ttl != 1:
        said["ttl"] = ttl
    return said


def _service(data: Body, kind: str) -> dict[str, Any]:
    said = {"priority": data.get("priority"), "target": str(data.get("target")).rstrip(".") or "."}
    if kind == "SRV":
        return {**said, "weight": data.get("weight"), "port": data.get("port")}
    return {**said, "parameters": data.get("value") or ""}


def _exposure(record: Body) -> dict[str, Any]:
    comment = str(record.get("comment") or "")
    if record.get("proxied"):
        return {"proxied": True, **({"comment": comment} if comment else {})}
    if len(comment) >= _SHORTEST_REASON:
        return {"proxied": False, "reason": comment}
    return {"proxied": False, "reason": _REASON, "comment": comment}


def _tls(settings: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    section: dict[str, Any] = {key: settings.get(setting) == "on" for key, setting in _SWITCHES.items()}
    version = str(settings.get("min_tls_version"))
    if version in ("1.2", "1.3"):
        section["min_version"] = version
    else:
        draft.leave_setting("min_tls_version", f"it is {version}, and the file asks for 1.2 or above")
    if settings.get("ssl") != "strict":
        draft.leave_setting("ssl", f"it is {settings.get('ssl')}, and the file asks for strict")
    hsts = (settings.get("security_header") or {}).get("strict_transport_security") or {}
    if hsts.get("enabled"):
        section["hsts"] = {key: hsts.get(key) for key in ("max_age", "include_subdomains", "preload")}
    return section


def _waf(ruleset: Body | None, draft: Draft) -> list[dict[str, Any]]:
    if ruleset is None:
        return []
    rules = []
    for rule in ruleset.get("rules") or []:
        if rule.get("action") not in _WAF_ACTIONS or rule.get("action_parameters"):
            draft.leave("waf", f"the rule {rule.get('ref')} has an action that the file has no word for")
        rules.append(
            {
                "name": rule.get("ref"),
                "description": rule.get("description") or "",
                "expression": rule.get("expression"),
                "action": rule.get("action"),
                "enabled": rule.get("enabled", True),
            }
        )
    return rules if "waf" not in draft.unmanaged["concerns"] else []
