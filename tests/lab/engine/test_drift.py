"""The real program, applied to the lab's API, changed by hand, and looked at through it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from adapters.cloudflare_api import CloudflareApi
from cli.live_state import lines, wanted_by
from core.resources import UNKNOWN
from drift.compare import Compared, compare
from lab.engine import api
from lab.engine.declared import declared
from lab.engine.model import Event


def silent(_event: Event) -> None:
    """Nobody looks."""


def look(chain: Any) -> Compared:
    wanted = wanted_by(declared(chain.project.root, "lab", chain.project.passphrase))
    return compare(wanted, CloudflareApi(chain.project.base_url, chain.project.token))


def by_hand(chain: Any, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {chain.project.token.reveal()}"}
    answer = requests.request(method, chain.project.base_url + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()["result"]


@pytest.mark.slow
def test_what_is_as_declared_has_no_drift_and_each_change_by_hand_is_told(chain: Any) -> None:
    before = look(chain)
    assert {(each.what, each.kind) for each in before.differences} == {("missing", "Zone")}
    api.up(chain.project, silent)
    clean = look(chain)
    assert (clean.differences, clean.not_compared) == ([], [])
    assert UNKNOWN not in clean.ids.values()

    zone = chain.zone
    root = f"/zones/{zone['id']}"
    records = {(record["type"], record["name"]): record for record in zone["dns_records"]}
    dmarc = records["TXT", "_dmarc.community.test"]
    by_hand(chain, "PATCH", f"{root}/dns_records/{dmarc['id']}", {"content": '"v=DMARC1; p=none"'})
    by_hand(chain, "DELETE", f"{root}/dns_records/{records['A', 'mail.community.test']['id']}")
    by_hand(
        chain,
        "POST",
        f"{root}/dns_records",
        {"type": "TXT", "name": "x.community.test", "content": '"\x1b[31mrun me"', "ttl": 1},
    )
    by_hand(chain, "PATCH", f"{root}/settings/ssl", {"value": "flexible"})
    by_hand(chain, "PATCH", f"{root}/settings/rocket_loader", {"value": "on"})
    (waf,) = [each for each in zone["rulesets"] if each["phase"] == "http_request_firewall_custom"]
    rules = by_hand(chain, "GET", f"{root}/rulesets/{waf['id']}")["rules"]
    rules[0]["enabled"] = False
    open_door = {"ref": "open-door", "action": "skip", "expression": "true", "description": "x"}
    skip = {**open_door, "action_parameters": {"ruleset": "current"}}
    kept = [{key: rule[key] for key in rule if key not in ("id", "version", "last_updated")} for rule in rules]
    by_hand(chain, "PUT", f"{root}/rulesets/{waf['id']}", {"rules": [skip, *kept]})
    check = zone["healthchecks"][0]
    by_hand(chain, "PATCH", f"{root}/healthchecks/{check['id']}", {"suspended": True})

    found = look(chain)
    told = {(each.what, each.kind, each.name, each.path) for each in found.differences}
    phase = "http_request_firewall_custom"
    assert told == {
        ("changed", "DnsRecord", f"TXT _dmarc.community.test {declared_dmarc()}", "content"),
        ("missing", "DnsRecord", "A mail.community.test 192.0.2.25", ""),
        ("undeclared", "DnsRecord", "TXT x.community.test \x1b[31mrun me", ""),
        ("changed", "ZoneSetting", "ssl", "value"),
        ("undeclared", "ZoneSetting", "rocket_loader", "value"),
        ("changed", "Rule", f"{phase} {rules[0]['ref']}", "enabled"),
        ("undeclared", "Rule", f"{phase} open-door", ""),
        ("changed", "Healthcheck", check["name"], "suspended"),
    }
    text = "\n".join(lines(found))
    assert "\x1b" not in text
    assert "ZoneSetting ssl: value is flexible, declared strict" in text
    assert text.endswith(f"8 differences, in {found.looked_at} objects that are there")


def declared_dmarc() -> str:
    return "v=DMARC1; p=quarantine; sp=reject; np=reject; adkim=s; aspf=s; rua=mailto:dmarc@community.test"
