"""DNS records: the tables of what is taken, as what, and with which code the rest is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dns.rdata
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.cloudflare.content import TYPES
from lab.cloudflare.errors import ApiError
from lab.cloudflare.record import make_record, merge_record, replace_record
from lab.cloudflare.snapshot import Record

Json = dict[str, Any]


def zone(*records: Json, plan: str = "enterprise") -> Json:
    made: Json = {"name": "community.test", "plan": plan, "dns_records": []}
    for record in records:
        made["dns_records"].append(make_record(made, record))
    return made


def a(name: str = "app", content: str = "127.0.1.1", **fields: Any) -> Json:
    return {"type": "A", "name": name, "content": content, **fields}


def cname(name: str = "app", content: str = "other.test", **fields: Any) -> Json:
    return {"type": "CNAME", "name": name, "content": content, **fields}


def codes(body: Json, *others: Json, plan: str = "enterprise") -> list[int]:
    """The codes of the refusal: the error's own, and those in its chain."""
    with pytest.raises(ApiError) as refused:
        make_record(zone(*others, plan=plan), body)
    assert refused.value.status == 400
    return [refused.value.code, *(code for code, _ in refused.value.chain)]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("@", "community.test"),
        ("community.test", "community.test"),
        ("Community.Test.", "community.test"),
        ("www", "www.community.test"),
        ("www.community.test", "www.community.test"),
        ("WWW.community.test.", "www.community.test"),
        ("*", "*.community.test"),
        ("*.dev", "*.dev.community.test"),
        ("_dmarc", "_dmarc.community.test"),
        ("bücher", "xn--bcher-kva.community.test"),
        ("notcommunity.test", "notcommunity.test.community.test"),
    ],
)
def test_a_name_is_completed(name: str, full: str) -> None:
    assert make_record(zone(), a(name))["name"] == full


@pytest.mark.parametrize(
    "name", ["", " ", "a..b", "-a", "a-", "a b", "a*", "b.*", "x" * 64, "x." * 130, 7, None, "\x00", "a\n", ".", "@."]
)
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    assert codes(a(name)) == [9000]


@pytest.mark.parametrize(
    ("body", "content", "more"),
    [
        (a(), "127.0.1.1", {}),
        ({"type": "AAAA", "content": "2001:0DB8::0001"}, "2001:db8::1", {}),
        (cname(content="Other.Test."), "other.test", {}),
        ({"type": "MX", "content": "mail.test", "priority": 10}, "mail.test", {"priority": 10}),
        ({"type": "MX", "content": ".", "priority": 0}, ".", {"priority": 0}),
        ({"type": "NS", "content": "ns.test"}, "ns.test", {}),
        ({"type": "PTR", "content": "host.test."}, "host.test", {}),
        ({"type": "TXT", "content": "v=spf1 -all"}, '"v=spf1 -all"', {}),
        ({"type": "TXT", "content": '"v=spf1" " -all"'}, '"v=spf1" " -all"', {}),
        ({"type": "TXT", "content": 'say "hi"'}, '"say \\"hi\\""', {}),
        ({"type": "TXT", "content": '""'}, '""', {}),
        ({"type": "TXT", "content": "x" * 300}, f'"{"x" * 255}" "{"x" * 45}"', {}),
        ({"type": "TXT", "content": f'"{"x" * 300}"'}, f'"{"x" * 255}" "{"x" * 45}"', {}),
        ({"type": "TXT", "content": "é"}, '"\\195\\169"', {}),
        (
            {"type": "SRV", "data": {"priority": 1, "weight": 2, "port": 443, "target": "Api.test"}},
            "1 2 443 api.test",
            {"data": {"priority": 1, "weight": 2, "port": 443, "target": "api.test"}, "priority": 1},
        ),
        (
            {"type": "SRV", "data": {"priority": 0, "weight": 0, "port": 0, "target": "."}},
            "0 0 0 .",
            {"data": {"priority": 0, "weight": 0, "port": 0, "target": "."}, "priority": 0},
        ),
        (
            {"type": "CAA", "data": {"flags": 128.0, "tag": "issue", "value": "ca.test"}},
            '128 issue "ca.test"',
            {"data": {"flags": 128, "tag": "issue", "value": "ca.test"}},
        ),
        (
            {"type": "CAA", "content": '0 iodef "mailto:a@b.test"'},
            '0 iodef "mailto:a@b.test"',
            {"data": {"flags": 0, "tag": "iodef", "value": "mailto:a@b.test"}},
        ),
        (
            {"type": "HTTPS", "data": {"priority": 1, "target": ".", "value": 'alpn="h3,h2"'}},
            '1 . alpn="h3,h2"',
            {"data": {"priority": 1, "target": ".", "value": 'alpn="h3,h2"'}, "priority": 1},
        ),
        (
            {"type": "HTTPS", "data": {"priority": 0, "target": "svc.test"}},
            "0 svc.test.",
            {"data": {"priority": 0, "target": "svc.test", "value": ""}, "priority": 0},
        ),
    ],
)
def test_content_has_one_form(body: Json, content: str, more: Json) -> None:
    made = make_record(zone(), {"name": "app", **body})
    assert made["content"] == content
    assert {key: made[key] for key in ("data", "priority") if key in made} == more


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (a(content="300.1.1.1"), [9005]),
        (a(content="2001:db8::1"), [9005]),
        (a(content="127.0.0.01"), [9005]),
        ({"type": "AAAA", "content": "127.0.0.1"}, [9006]),
        ({"type": "AAAA", "content": "fe80::1%eth0"}, [9006]),
        (cname(content="192.0.2.1"), [9007]),
        (cname(content="a b"), [9007]),
        (cname(content="https://a.test"), [9007]),
        (cname(content="."), [9007]),
        (cname(content="app.community.test"), [9039]),
        ({"type": "NS", "content": "192.0.2.1"}, [9008]),
        ({"type": "MX", "content": "192.0.2.1", "priority": 1}, [9009]),
        ({"type": "MX", "content": ".", "priority": 1}, [9009]),
        ({"type": "MX", "content": "mail.test"}, [1004, 9020]),
        ({"type": "MX", "content": "mail.test", "priority": 65536}, [1004, 9020]),
        ({"type": "MX", "content": "mail.test", "priority": True}, [1004, 9020]),
        ({"type": "A"}, [1004, 9020]),
        ({"type": "A", "content": ""}, [1004, 9020]),
        ({"type": "A", "content": 7}, [1004, 9020]),
        ({"type": "TXT", "content": '"open'}, [1004, 9020]),
        ({"type": "TXT", "content": '"a" b'}, [1004, 9020]),
        ({"type": "TXT", "content": '"a"\n"b"'}, [1004, 9020]),
        ({"type": "TXT", "content": "x" * 9000}, [1004, 9020]),
        ({"type": "SRV", "data": {"port": 1}}, [1004, 9020]),
        ({"type": "SRV", "data": {"priority": 1, "weight": 2, "port": 70000, "target": "a.test"}}, [9101]),
        ({"type": "SRV", "data": {"priority": 1, "weight": 2, "port": 7, "target": "a b"}}, [9101]),
        ({"type": "CAA", "data": {"flags": 256, "tag": "issue", "value": "x"}}, [9101]),
        ({"type": "CAA", "data": {"flags": 0, "tag": "is sue", "value": "x"}}, [9101]),
        ({"type": "CAA", "data": []}, [1004, 9020]),
        ({"type": "HTTPS", "data": {"priority": 1, "target": ".", "value": "nonsense=1 alpn"}}, [9101]),
        ({"type": "HTTPS", "data": {"target": "."}}, [1004, 9020]),
        ({"type": "HTTPS", "data": {"priority": [], "target": "."}}, [9101]),
        ({"type": "SPF", "content": "v=spf1"}, [9020]),
        ({"content": "127.0.1.1"}, [9020]),
    ],
)
def test_content_that_is_wrong_is_refused(body: Json, expected: list[int]) -> None:
    assert codes({"name": "app", **body}) == expected


@pytest.mark.parametrize(
    ("fields", "plan", "ttl"),
    [
        ({}, "free", 1),
        ({"ttl": 1}, "free", 1),
        ({"ttl": 60}, "free", 60),
        ({"ttl": 300.0}, "free", 300),
        ({"ttl": 86400}, "free", 86400),
        ({"ttl": 30}, "enterprise", 30),
        ({"ttl": 300, "proxied": True}, "free", 1),
    ],
)
def test_ttl(fields: Json, plan: str, ttl: int) -> None:
    assert make_record(zone(plan=plan), a(**fields))["ttl"] == ttl


@pytest.mark.parametrize("ttl", [0, -1, 2, 59, 86401, 300.5, "300", True, None, []])
def test_ttl_that_is_wrong_is_refused(ttl: Any) -> None:
    assert codes(a(ttl=ttl), plan="free") == [9021]
    assert codes(a(ttl=ttl, proxied=True), plan="free") == [9021]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "TXT", "content": "x"}, 9004),
        ({"type": "MX", "content": "mail.test", "priority": 1}, 9004),
        (a(content="10.0.0.1"), 9003),
        (a(content="192.168.1.1"), 9003),
        ({"type": "AAAA", "content": "fd00::1"}, 9003),
    ],
)
def test_what_cannot_be_proxied(body: Json, code: int) -> None:
    assert codes({"name": "app", **body, "proxied": True}) == [code]
    assert make_record(zone(), {"name": "app", **body})["proxiable"] is False


@pytest.mark.parametrize(
    "body", [a(), a(content="192.0.2.1"), cname(), {"type": "AAAA", "name": "app", "content": "100::"}]
)
def test_what_can_be_proxied(body: Json) -> None:
    made = make_record(zone(), {**body, "proxied": True})
    assert (made["proxiable"], made["proxied"]) == (True, True)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (a(), cname(), 81053),
        (cname(), cname(content="else.test"), 81053),
        (cname(), a(), 81054),
        (cname(), {"type": "AAAA", "name": "app", "content": "::1"}, 81054),
        (a(), a(), 81058),
        (a(), a(comment="other"), 81058),
        (a(), a(ttl=300), 81057),
        (a(), a(proxied=True), 81057),
        (cname(), cname(), 81058),
    ],
)
def test_records_that_cannot_stand_together(old: Json, new: Json, code: int) -> None:
    assert codes(new, old) == [code]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (a(), a(content="127.0.1.2")),
        (a(), {"type": "AAAA", "name": "app", "content": "::1"}),
        (a(), {"type": "TXT", "name": "app", "content": "x"}),
        (cname("@"), {"type": "MX", "name": "@", "content": "mail.test", "priority": 1}),
        (a(), cname("www")),
        (
            {"type": "MX", "name": "@", "content": "mail.test", "priority": 1},
            {"type": "MX", "name": "@", "content": "mail.test", "priority": 2},
        ),
    ],
)
def test_records_that_can_stand_together(old: Json, new: Json) -> None:
    make_record(zone(old), new)


@pytest.mark.parametrize(
    ("fields", "plan"),
    [
        ({"comment": "x" * 101}, "free"),
        ({"comment": "x" * 501}, "enterprise"),
        ({"comment": 7}, "enterprise"),
        ({"tags": ["team:web"]}, "free"),
        ({"tags": "team"}, "enterprise"),
        ({"tags": [""]}, "enterprise"),
        ({"tags": [f"t{number}" for number in range(21)]}, "enterprise"),
        ({"proxied": "yes"}, "enterprise"),
        ({"settings": {"ipv4_only": 1}}, "enterprise"),
        ({"settings": {"flatten_cname": True}}, "enterprise"),
    ],
)
def test_other_fields_that_are_wrong_are_refused(fields: Json, plan: str) -> None:
    assert codes(a(**fields), plan=plan) == [1004, 9020]


def test_a_patch_keeps_what_it_does_not_name() -> None:
    made = zone(a(ttl=300, comment="why", tags=["team:web"]))
    old = made["dns_records"][0]
    new = merge_record(made, old, {"content": "127.0.1.9"})
    assert {**new, "modified_on": old["modified_on"]} == {**old, "content": "127.0.1.9"}


def test_a_patch_of_content_outweighs_the_parts_that_were_there() -> None:
    made = zone({"type": "CAA", "name": "@", "data": {"flags": 0, "tag": "issue", "value": "a.test"}})
    old = made["dns_records"][0]
    assert merge_record(made, old, {"content": '0 issue "b.test"'})["data"]["value"] == "b.test"
    assert merge_record(made, old, {"ttl": 300})["data"]["value"] == "a.test"


def test_a_put_drops_what_it_does_not_name() -> None:
    made = zone(a(ttl=300, comment="why", proxied=True))
    old = made["dns_records"][0]
    new = replace_record(made, old, a())
    assert (new["id"], new["created_on"]) == (old["id"], old["created_on"])
    assert (new["ttl"], new["comment"], new["proxied"]) == (1, None, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CONTENT = st.text(max_size=40) | st.text(alphabet=' ."\\;()#\n019afg-_=', max_size=40)
PARTS = ("priority", "weight", "port", "target", "flags", "tag", "value")
NAMES = st.sampled_from(["@", "app", "_sip._tcp", "*.dev", "community.test"])
HOSTS = st.sampled_from(["a.test", "b.c.test.", "xn--bcher-kva.test"])
SHORT = st.integers(0, 0xFFFF)


def of_type(record_type: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(record_type), "name": NAMES, **fields})


def parts(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(fields)


# Bodies of which most are right.
RIGHT = st.one_of(
    of_type("A", content=st.ip_addresses(v=4).map(str), proxied=st.booleans()),
    of_type("AAAA", content=st.ip_addresses(v=6).map(str), ttl=st.sampled_from([1, 60, 300.0])),
    of_type("CNAME", content=HOSTS),
    of_type("NS", content=HOSTS),
    of_type("PTR", content=HOSTS),
    of_type("MX", content=HOSTS, priority=SHORT),
    of_type("TXT", content=st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)),
    of_type("SRV", data=parts(priority=SHORT, weight=SHORT, port=SHORT, target=HOSTS | st.just("."))),
    of_type(
        "CAA",
        data=parts(flags=st.integers(0, 255), tag=st.just("issue"), value=st.text(st.characters(codec="utf-8"))),
    ),
    of_type("HTTPS", data=parts(priority=SHORT, target=HOSTS | st.just("."), value=st.sampled_from(["", 'alpn="h2"']))),
)
# Any field of the wrong type or of nonsense.
WILD = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(sorted(TYPES)) | JSON,
        "name": NAMES | st.text(max_size=20) | JSON,
        "content": CONTENT | JSON,
        "data": st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, st.integers(0, 300) | CONTENT | JSON)) | JSON,
        "priority": st.integers() | JSON,
        "ttl": st.sampled_from([1, 60, 300]) | JSON,
        "proxied": st.booleans() | JSON,
        "comment": JSON,
        "tags": JSON,
        "settings": JSON,
    },
)
BODIES = RIGHT | WILD | st.tuples(RIGHT, WILD).map(lambda both: {**both[0], **both[1]})


def outcome(action: Callable[[], Json]) -> Json | ApiError:
    """What comes of it: a record or a refusal, and nothing else may."""
    try:
        return action()
    except ApiError as refusal:
        return refusal


@given(BODIES)
def test_any_body_gives_a_record_that_a_dns_server_can_serve_or_an_error_of_the_api(body: Json) -> None:
    made = outcome(lambda: make_record(zone(), body))
    if isinstance(made, ApiError):
        assert made.status == 400
    else:
        read = Record.model_validate_json(json.dumps(made))
        dns.rdata.from_text("IN", read.type, read.rdata)


@given(RIGHT, RIGHT | WILD)
def test_a_record_written_again_as_it_was_read_stays_the_same(body: Json, patch: Json) -> None:
    place = zone()
    old = outcome(lambda: make_record(place, body))
    assume(isinstance(old, dict))
    assert isinstance(old, dict)
    assert {**replace_record(place, old, old), "modified_on": ""} == {**old, "modified_on": ""}
    new = outcome(lambda: merge_record(place, old, patch))
    assert new.status == 400 if isinstance(new, ApiError) else new["id"] == old["id"]
