"""Small previews: what a resource was and is, as the CLI writes it."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from core.resources import Resource
from core.settings.platform import Platform
from core.settings.review import Review as Thresholds
from core.settings.waivers import Waiver
from review.assess import Material, Review, review
from review.reading import Preview, preview_of

TODAY = date(2026, 11, 24)
Properties = dict[str, Any]


def urn(kind: str, name: str) -> str:
    token = f"cloudflare:index/{kind[:1].lower()}{kind[1:]}:{kind}"
    return f"urn:pulumi:lab::launch-ready::launch-ready:stacks:Dns${token}::{name}"


def state(kind: str, name: str, inputs: Properties) -> Properties:
    return {
        "urn": urn(kind, name),
        "type": urn(kind, name).split("::")[2].split("$")[-1],
        "custom": True,
        "inputs": inputs,
    }


def step(kind: str, name: str, before: Properties | None, after: Properties | None, **more: Any) -> Properties:
    """A step by what it is from and to; ``more`` overrides (``op``, ``detailedDiff``, ``replaceReasons``)."""
    op = "create" if before is None else "delete" if after is None else "update" if before != after else "same"
    entry: Properties = {"op": op, "urn": urn(kind, name)}
    if before is not None:
        entry["oldState"] = state(kind, name, before)
    if after is not None:
        entry["newState"] = state(kind, name, after)
    return entry | more


def document(*steps: Properties, **more: Any) -> Properties:
    counts: dict[str, int] = {}
    for one in steps:
        counts[one["op"]] = counts.get(one["op"], 0) + 1
    return {"config": {}, "steps": list(steps), "duration": 1, "changeSummary": counts} | more


def preview(*steps: Properties) -> Preview:
    return preview_of(io.BytesIO(json.dumps(document(*steps)).encode()))


def reviewed(*steps: Properties, waivers: tuple[Waiver, ...] = (), declared: list[Resource] | None = None) -> Review:
    return review(
        Material(
            stack="lab",
            preview=preview(*steps),
            platform=Platform(),
            thresholds=Thresholds(),
            waivers=waivers,
            today=TODAY,
            declared=declared,
        )
    )


def a(name: str, content: str = "192.0.2.1", **more: Any) -> Properties:
    return {"zoneId": "z", "name": name, "type": "A", "content": content, "proxied": True, "ttl": 1} | more


def txt(name: str, content: str) -> Properties:
    return {"zoneId": "z", "name": name, "type": "TXT", "content": f'"{content}"', "ttl": 1}


def caa(value: str, tag: str = "issue") -> Properties:
    return {"zoneId": "z", "name": "example.com", "type": "CAA", "data": {"flags": 0, "tag": tag, "value": value}}


def setting(id_: str, value: Any) -> Properties:
    return {"zoneId": "z", "settingId": id_, "value": value}


def ruleset(phase: str, *rules: Properties) -> Properties:
    return {"zoneId": "z", "kind": "zone", "name": phase, "phase": phase, "rules": list(rules)}


def rule(ref: str, expression: str = 'http.request.uri.path eq "/x"', action: str = "block", **more: Any) -> Properties:
    return {"ref": ref, "expression": expression, "action": action, "enabled": True, "description": ref} | more


def limit(ref: str, requests: int, period: int = 60, **more: Any) -> Properties:
    counted = {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": period,
        "requestsPerPeriod": requests,
        "mitigationTimeout": 600,
    }
    return rule(ref, 'lower(http.request.uri.path) in {"/login"}', ratelimit=counted | more)
