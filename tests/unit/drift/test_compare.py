"""Declared beside live, with no API and no program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.live_state import document, lines, wanted_by
from core.resources import SECRET, UNKNOWN, Resource
from drift.compare import Compared, Wanted, compare
from drift.differences import Difference, compared, content_of, same
from drift.kinds import KINDS
from lab.engine.declared import Declared

ZONE = Wanted(
    Resource("cloudflare:index/zone:Zone", "a.example", "urn:z", {"name": "a.example", "account": {"id": "acc"}}),
    "urn:z",
)
LIVE_ZONE = {"id": "z1", "name": "a.example", "account": {"id": "acc", "name": "Us"}}


@dataclass
class Api:
    there: dict[str, list[Any]] = field(default_factory=dict)

    def items(self, path: str, query: Mapping[str, str] | None = None) -> Sequence[Mapping[str, Any]]:
        return self.there.get(path, [LIVE_ZONE] if path == "/zones" else [])

    def get(self, path: str) -> Mapping[str, Any] | None:
        return next(iter(self.there.get(path, [])), None)


def wanted(kind: str, name: str, /, **properties: Any) -> Wanted:
    return Wanted(Resource(f"cloudflare:index/x:{kind}", name, f"urn:{name}", properties), "urn:z")


def record(type_: str, name: str, content: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{type_}-{content}", "type": type_, "name": name, "content": content, "ttl": 1, **more}


def told(found: Compared) -> set[tuple[str, str, str, str]]:
    return {(each.what, each.kind, each.name, each.path) for each in found.differences}


def look(declared: list[Wanted], **there: list[Any]) -> Compared:
    paths = {"records": "dns_records", "settings": "settings", "rulesets": "rulesets"}
    return compare([ZONE, *declared], Api({f"/zones/z1/{paths[key]}": items for key, items in there.items()}))


def test_records_of_a_name_are_matched_by_what_they_say_and_not_by_their_order() -> None:
    declared = [
        wanted("DnsRecord", "one", zoneId=UNKNOWN, type="A", name="a.example", content="192.0.2.1", ttl=1),
        wanted("DnsRecord", "two", zoneId=UNKNOWN, type="A", name="a.example", content="192.0.2.2", ttl=1),
    ]
    live = [record("A", "A.example", "192.0.2.3"), record("A", "a.example", "192.0.2.1")]
    found = look(declared, records=live)
    assert told(found) == {("changed", "DnsRecord", "A a.example 192.0.2.2", "content")}
    assert found.ids["urn:one"] == "z1/A-192.0.2.1"
    found = look(declared[:1], records=live)
    assert told(found) == {("undeclared", "DnsRecord", "A A.example 192.0.2.3", "")}
    assert told(look(declared, records=live[1:])) == {("missing", "DnsRecord", "A a.example 192.0.2.2", "")}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"type": "TXT", "content": '"ab" "c"'}, {"type": "TXT", "content": '"abc"'}),
        ({"type": "TXT", "content": '"abc"'}, {"type": "TXT", "content": "abc"}),
        ({"type": "AAAA", "content": "2001:db8::1"}, {"type": "AAAA", "content": "2001:DB8:0::1"}),
        ({"type": "CNAME", "content": "a.example"}, {"type": "CNAME", "content": "A.example."}),
        (
            {"type": "CAA", "data": {"flags": 0, "tag": "issue", "value": "pki.goog"}},
            {
                "type": "CAA",
                "content": '0 issue "pki.goog"',
                "data": {"flags": 0, "tag": "issue", "value": "pki.goog"},
            },
        ),
        (
            {"type": "SRV", "data": {"port": 587, "priority": 0, "target": "mail.a.example", "weight": 0}},
            {
                "type": "SRV",
                "content": "0 587 mail.a.example",
                "data": {"port": 587, "priority": 0, "target": "mail.a.example.", "weight": 0, "proto": "_tcp"},
            },
        ),
    ],
)
def test_one_content_written_in_two_ways_is_one(ours: Any, theirs: Any) -> None:
    assert content_of(ours) == content_of(theirs)


def test_rules_are_told_apart_by_their_ref_and_their_order_counts() -> None:
    rules = [{"ref": ref, "expression": "true", "action": "block", "enabled": True} for ref in ("a", "b")]
    declared = wanted("Ruleset", "waf", zoneId=UNKNOWN, phase="p", kind="zone", rules=rules)
    live = {"id": "r1", "phase": "p", "kind": "zone", "rules": [{**rules[1], "version": "3"}, rules[0]]}

    def see(live: Any) -> Compared:
        return compare([ZONE, declared], Api({"/zones/z1/rulesets": [live], "/zones/z1/rulesets/r1": [live]}))

    assert told(see(live)) == {("changed", "Ruleset", "p", "order")}
    live["rules"] = [rules[0], {**rules[1], "expression": "false"}, {"id": "9", "action": "skip", "expression": "x"}]
    assert told(see(live)) == {("changed", "Rule", "p b", "expression"), ("undeclared", "Rule", "p 9", "")}
    assert see(live).ids["urn:waf"] == "zones/z1/r1"


def test_a_setting_that_was_never_touched_is_no_drift() -> None:
    live = [
        {"id": "ssl", "value": "full", "modified_on": "2026-01-01T00:00:00Z"},
        {"id": "http3", "value": "on", "modified_on": None},
        {"id": "brotli", "value": "off", "modified_on": "2026-01-01T00:00:00Z"},
    ]
    declared = [wanted("ZoneSetting", "ssl", zoneId=UNKNOWN, settingId="ssl", value="strict")]
    found = look(declared, settings=live)
    assert told(found) == {("changed", "ZoneSetting", "ssl", "value"), ("undeclared", "ZoneSetting", "brotli", "value")}


def test_what_is_not_known_cannot_differ_and_what_is_not_compared_is_named() -> None:
    assert list(compared({"a": UNKNOWN, "b": [SECRET, 1]}, {"a": "x", "b": ["y", 1.0]})) == []
    found = look([wanted("Queue", "q", zoneId=UNKNOWN)])
    assert (found.differences, found.not_compared) == ([], ["Queue q: this type is not compared"])


def test_a_zone_that_is_not_there_is_one_difference_and_says_what_could_not_be_seen() -> None:
    found = compare([ZONE, wanted("ZoneSetting", "ssl", settingId="ssl")], Api({"/zones": []}))
    assert told(found) == {("missing", "Zone", "a.example", "")}
    assert found.not_compared == ["ZoneSetting ssl: its zone is not there"]


class TwoZones(Api):
    def items(self, path: str, query: Mapping[str, str] | None = None) -> Sequence[Mapping[str, Any]]:
        name = (query or {}).get("name", "")
        there: dict[str, list[dict[str, Any]]] = {
            "/zones": [{"id": name, "name": name, "account": {"id": "acc"}}],
            "/certificates?zone_id=a.example": [{"id": "c1", "hostnames": ["*.a.example"]}],
            "/accounts/acc/access/apps": [{"id": "p1", "name": "admin", "domain": "a.example/admin"}],
        }
        return there.get(path, [])


PROGRAM = "urn:pulumi:s::launch-ready::launch-ready:stacks:Environment"
"""The URNs of what the program declares begin so."""


def declared_zone(name: str, component: str) -> Declared:
    resource = Resource("cloudflare:index/zone:Zone", name, f"urn:{name}", {"name": name, "account": {"id": "acc"}})
    return Declared(resource, f"{PROGRAM}$launch-ready:stacks:{component}::{name}")


def declared_beside_the_zones(kind: str, **properties: Any) -> Declared:
    return Declared(Resource(f"cloudflare:index/x:{kind}", kind, f"urn:{kind}", properties), f"{PROGRAM}::s")


@pytest.mark.parametrize("first", [0, 1])
def test_what_no_zone_id_leads_to_is_the_platform_zone_s_whichever_zone_is_declared_first(first: int) -> None:
    zones = [declared_zone("a.example", "Zone"), declared_zone("old.example", "OtherZone")]
    rest = [
        declared_beside_the_zones("OriginCaCertificate", hostnames=["*.a.example"]),
        declared_beside_the_zones("ZeroTrustAccessApplication", name="admin", domain="a.example/admin"),
    ]
    found = compare(wanted_by([zones[first], zones[1 - first], *rest]), TwoZones())
    assert (told(found), found.not_compared) == (set(), [])
    assert found.ids["urn:OriginCaCertificate"] == "c1"


def test_what_is_in_no_zone_that_is_declared_is_told_as_not_compared() -> None:
    lost = Wanted(
        Resource("cloudflare:index/x:ZeroTrustAccessApplication", "admin", "urn:admin", {"domain": "a.example"})
    )
    assert compare([ZONE, lost], Api()).not_compared == ["ZeroTrustAccessApplication admin: it is in no declared zone"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(compared(value, value)) == []


def test_true_is_not_one_and_empty_is_as_good_as_absent() -> None:
    assert not same(True, 1)
    assert same(1, 1.0)
    assert same("", None)
    assert not same(False, None)


def test_hostile_content_stays_text_on_a_terminal_and_is_cut() -> None:
    hostile = "\x1b]0;gone\x07\n" + "x" * 500
    found = Compared([Difference("undeclared", "Rule", "p \u202eevil", live=hostile)], looked_at=1)
    text = "\n".join(lines(found))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == 3
    assert len(text) < 400
    assert document(found)["differences"][0]["live"] == hostile


def test_each_kind_is_one_that_pulumi_has() -> None:
    import pulumi_cloudflare

    for kind in KINDS:
        assert hasattr(pulumi_cloudflare, kind), kind
