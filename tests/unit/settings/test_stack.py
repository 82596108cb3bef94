"""What holds between the sections, and what a stack's file may have beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SettingsError
from core.settings.base import stack_file as path_of
from core.settings.dns import AliasRecord
from core.settings.hosts import Hosts, fleet_of
from core.settings.stack import load_stack

from .conftest import Change, StackFile

MAIL = {"name": "mail", "type": "A", "content": "192.0.2.25", "proxied": False, "reason": "SMTP has no proxy"}


def _add_record(**record: Any) -> Change:
    return lambda config: config["dns"]["records"].append(record)


def _mail_is(**changes: Any) -> Change:
    return lambda config: config["dns"].update(records=[{**MAIL, **changes}])


def _plan(name: str) -> Change:
    return lambda config: config["zone"].update(plan=name)


def _set(section: str, **changes: Any) -> Change:
    return lambda config: config[section].update(changes)


def _rules(section: str, *rules: dict[str, Any]) -> Change:
    return lambda config: config[section].update(rules=list(rules))


LIMIT = {"name": "login", "paths": ["/login"], "requests": 5}
ADMIN = {"name": "admin", "description": "no admin", "expression": 'http.host eq "x"'}


def test_the_labs_stack_is_right_and_typed(stack_file: StackFile) -> None:
    stack = stack_file.read(lambda _: None)
    assert (stack.zone.name, stack.zone.plan) == ("community.test", "business")
    assert stack.dns.web == ("@", "www", "api", "app")
    assert [host.address for host in stack.fleet.hosts] == ["198.51.100.11", "2001:db8::12"]
    assert [rule.name for rule in stack.rate_limits.rules] == [
        "login",
        "password-reset",
        "invite",
        "post",
        "other-writes",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            _add_record(name="old", type="A", content="198.51.100.11", proxied=False, reason="someone asked for it"),
            "dns.records[1]: this shows the address of the host web-1, and who knows it goes round "
            "the edge: proxy the record, give the service another address, or accept it with shows_origin: true",
            id="an origin shown by IPv4",
        ),
        pytest.param(
            _add_record(
                name="old", type="AAAA", content="2001:DB8:0::12", proxied=False, reason="someone asked for it"
            ),
            "dns.records[1]: this shows the address of the host web-2, and who knows it goes round "
            "the edge: proxy the record, give the service another address, or accept it with shows_origin: true",
            id="an origin shown by IPv6 in another spelling",
        ),
        pytest.param(
            _add_record(name="app", type="A", content="192.0.2.7"),
            "dns.records[1]: app is in dns.web, and leads to the hosts alone",
            id="a web name with another address",
        ),
        pytest.param(
            _add_record(name="docs.community.test", type="TXT", content="x"),
            "dns.records[1].name: names are relative to community.test: write docs",
            id="a full name",
        ),
        pytest.param(
            _set("dns", web=["community.test"]),
            "dns.web[0]: names are relative to community.test: write @",
            id="the zone's own name",
        ),
        pytest.param(
            _set("dns", web=["a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 50]),
            "dns.web[0]: the name with community.test is over 253 characters",
            id="a name that is too long with the zone",
        ),
        pytest.param(
            _set("dns", records=[]),
            "email.mx[0].host: mail.community.test has no address record: add one to launch-ready:dns, not proxied",
            id="an exchanger with no address",
        ),
        pytest.param(
            _mail_is(proxied=True, reason=None),
            "email.mx[0].host: mail.community.test is proxied, and the edge does not pass mail on: "
            "give it a record that is not",
            id="an exchanger behind the edge",
        ),
        pytest.param(
            _mail_is(type="CNAME", content="mail.example.com"),
            "email.mx[0].host: mail.community.test is a CNAME, and the target of an MX must not be "
            "one (RFC 2181 §10.3)",
            id="an exchanger that is an alias",
        ),
        pytest.param(
            lambda config: config["email"]["mx"].append({"host": "app"}),
            "email.mx[1].host: app.community.test is proxied, and the edge does not pass mail on: "
            "give it a record that is not",
            id="an exchanger that is a web name",
        ),
        pytest.param(
            lambda config: config["email"]["senders"].append({"name": "x", "a": "nowhere"}),
            "email.senders[2].a: nowhere.community.test has no address record in launch-ready:dns",
            id="a sender with no address",
        ),
        pytest.param(
            _add_record(name="@", type="TXT", content="v=spf1 -all"),
            "dns.records[1]: the zone's SPF and DMARC are made from launch-ready:email",
            id="a second SPF record",
        ),
        pytest.param(
            _add_record(name="_dmarc", type="TXT", content="v=DMARC1; p=none"),
            "dns.records[1]: the zone's SPF and DMARC are made from launch-ready:email",
            id="a second DMARC record",
        ),
        pytest.param(
            _add_record(name="app", type="CNAME", content="other.example"),
            "dns: app has a CNAME and something else: a CNAME stands alone (RFC 1034 §3.6.2)",
            id="an alias on a web name",
        ),
        pytest.param(
            _add_record(**MAIL),
            "dns: two of the records are mail/A/192.0.2.25: keep one",
            id="a record twice",
        ),
        pytest.param(
            _set("tls", min_version="1.3", tls_1_3=False),
            "tls: min_version 1.3 with tls_1_3 off leaves no version: turn tls_1_3 on",
            id="no TLS version left",
        ),
        pytest.param(
            _set("tls", hsts={"preload": True, "max_age": 300}),
            "tls.hsts: preload needs include_subdomains and a max_age of 31536000 or more (hstspreload.org)",
            id="preload for five minutes",
        ),
        pytest.param(
            _set("email", dkim=[]),
            "email: there are senders and no dkim: unsigned mail fails DMARC as soon as it is forwarded",
            id="senders that do not sign",
        ),
        pytest.param(
            _set("email", senders=[{"name": str(n), "include": f"s{n}.example"} for n in range(11)]),
            "email: the senders take 11 DNS lookups, and SPF allows 10: use networks",
            id="too many lookups",
        ),
        pytest.param(
            _set("email", senders=[{"name": "x", "include": "a.example", "network": "192.0.2.0/24"}]),
            "email.senders[0]: give one of include, network, a and mx",
            id="a sender with two mechanisms",
        ),
        pytest.param(
            _set("email", senders=[{"name": "x", "network": "192.0.2.1/24"}]),
            'email.senders[0].network is "192.0.2.1/24"; it must be an address or a network such as '
            "192.0.2.0/24, with no bit set past it",
            id="a network with host bits",
        ),
        pytest.param(
            _set("email", dkim=[{"selector": "s", "public_key": "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL"}]),
            'email.dkim[0].public_key is "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL"; it must be a public '
            "key in base64, without the lines that begin with -----",
            id="a key that is cut off",
        ),
        pytest.param(
            _set("email", dkim=[{"selector": "s"}]),
            "email.dkim[0]: give one of public_key and cname",
            id="a selector without a key",
        ),
        pytest.param(
            _set("waf", rules=[ADMIN, ADMIN]),
            "waf: two rules have the name admin: each must have its own",
            id="two rules of one name",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "mitigation": 0}),
            "rate_limits.rules[0]: rule login: a mitigation of 0 with the action block needs the plan enterprise",
            id="a block that lasts no time",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "action": "managed_challenge"}),
            "rate_limits.rules[0]: rule login: the action managed_challenge on the plan business needs "
            "a mitigation of 0",
            id="a challenge that lasts",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "excluding": ["posts"]}),
            "rate_limits: rule login excludes posts, which is no other rule's name",
            id="a rule that excludes nothing",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "period": 3600}),
            "rate_limits.rules[0]: rule login: a period of 3600 s is over the 600 s of the plan business",
            id="a period beyond the plan",
        ),
        pytest.param(
            lambda config: config.update({"session-key": "hunter2"}),
            "session-key is not encrypted: replace the secret, and set it with `pulumi config set "
            "--secret launch-ready:session-key`",
            id="a secret in the clear",
        ),
        pytest.param(
            lambda config: config.pop("session-key"),
            "session-key is missing, and the secret SESSION_KEY has its value there: set it with "
            "`pulumi config set --secret launch-ready:session-key`",
            id="a secret without a value",
        ),
        pytest.param(
            lambda config: config.update(rate_limit={}),
            "rate_limit is not a known section nor a secret that launch-ready:secrets names (did you "
            "mean rate_limits?); sections: zone, hosts, dns, tls, waf, rate_limits, email, secrets, release",
            id="a section that is not known",
        ),
    ],
)
def test_one_mistake_gives_one_reason(stack_file: StackFile, change: Change, reason: str) -> None:
    assert stack_file.reasons(change) == [f"config.launch-ready:{reason}"]


def test_a_token_in_the_clear_is_told(stack_file: StackFile) -> None:
    assert stack_file.reasons(lambda config: config.update({"cloudflare:apiToken": "abc"})) == [
        "config.cloudflare:apiToken is not encrypted: revoke it, and set the new one in CLOUDFLARE_API_TOKEN"
    ]


@pytest.mark.parametrize(
    ("plan", "count"),
    [("enterprise", 0), ("business", 0), ("pro", 8), ("free", 19)],
)
def test_what_a_smaller_plan_cannot_do_is_told_rule_by_rule(stack_file: StackFile, plan: str, count: int) -> None:
    if not count:
        assert stack_file.read(_plan(plan)).zone.plan == plan
        return
    reasons = stack_file.reasons(_plan(plan))
    assert len(reasons) == count
    assert (
        f"rule login: methods need the plan business or above, and the zone's is {plan}: leave them out" in reasons[0]
    )
    assert all(re.search(r"\.rules\[\d\]: rule [a-z-]+: ", reason) for reason in reasons)


@pytest.mark.parametrize(
    ("plan", "rule", "reason"),
    [
        ("free", {**ADMIN, "expression": 'http.host matches "x"'}, "matches needs the plan business or above"),
        ("pro", {**ADMIN, "expression": 'http.host ~ "x"'}, "matches needs the plan business or above"),
        (
            "business",
            {**ADMIN, "action": "log"},
            "the action log needs the plan enterprise",
        ),
    ],
)
def test_a_firewall_rule_beyond_the_plan_is_named(
    stack_file: StackFile, plan: str, rule: dict[str, Any], reason: str
) -> None:
    def change(config: dict[str, Any]) -> None:
        _plan(plan)(config)
        config["waf"] = {"rules": [rule]}
        config["rate_limits"] = {}

    [found] = stack_file.reasons(change)
    assert found.startswith("config.launch-ready:waf.rules[0]: rule admin: ")
    assert reason in found


def test_a_word_in_a_string_is_no_operator(stack_file: StackFile) -> None:
    def change(config: dict[str, Any]) -> None:
        _plan("free")(config)
        config["waf"] = {"rules": [{**ADMIN, "expression": 'http.request.uri.path eq "/matches/~me"'}]}
        config["rate_limits"] = {}

    assert len(stack_file.read(change).waf.rules) == 1


def test_what_is_accepted_by_name_passes(stack_file: StackFile) -> None:
    shown = {"name": "ssh", "type": "A", "content": "198.51.100.11", "proxied": False, "reason": "administrators' SSH"}
    stack = stack_file.read(_add_record(**shown, shows_origin=True))
    assert len(stack.dns.records) == 2
    alias = stack_file.read(_add_record(name="docs", type="CNAME", content="hosting.example.net"))
    assert isinstance(alias.dns.records[1], AliasRecord)


def test_every_reason_is_told_not_the_first_alone(stack_file: StackFile) -> None:
    def change(config: dict[str, Any]) -> None:
        config["zoen"] = config.pop("zone")
        config["tls"]["ssl"] = "off"
        config["cloudflare:apiKey"] = "abc"

    first, second, third, fourth = stack_file.reasons(change)
    assert "config.launch-ready:zoen is not a known section" in first
    assert "(did you mean zone?)" in first
    assert "config.cloudflare:apiKey is not encrypted" in second
    assert third == "config.launch-ready:zone is missing; it needs name, account_id, plan"
    assert fourth == "config.launch-ready:tls.ssl is \"off\"; allowed: 'strict'"


def test_a_key_at_the_top_that_pulumi_does_not_know_is_told(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.x.yaml").write_text("confg: {}\nencryptionsalt: v1:x\n")
    with pytest.raises(SettingsError) as caught:
        load_stack(tmp_path, "x")
    assert (
        str(caught.value)
        .splitlines()[0]
        .endswith(
            "Pulumi.x.yaml:1: confg is not a known key (did you mean config?); allowed: config, encryptionsalt, "
            "encryptedkey, secretsprovider, environment"
        )
    )


@pytest.mark.parametrize("stack", ["prod", "", "../lab", "lab/../lab", "*", "lab\x00", "LAB"])
def test_a_stack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, stack: str) -> None:
    for name in ("lab", "staging"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    with pytest.raises(SettingsError) as caught:
        path_of(tmp_path, stack)
    assert str(caught.value) == f"there is no stack {stack!r} in {tmp_path}; the stacks are: lab, staging"
    assert path_of(tmp_path, "lab") == tmp_path / "Pulumi.lab.yaml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such inventory: write it first (for the stack `lab`, run `invoke lab.up`)"),
        ("", "is not an inventory in JSON"),
        ("[" * 100_000, "is not an inventory in JSON"),
        ("[]", " is a list of 0; it must be a mapping of keys"),
        ('"hosts"', "it must be a mapping of keys"),
        ("{}", "hosts is missing; it is needed: The machines."),
        ('{"hosts": []}', "hosts is a list of 0; it should have at least 1 item"),
        (
            '{"hosts": [{"name": "a", "address": "x"}, {"addres": 1}]}',
            "hosts[1].addres is not a known key",
        ),
        ('{"hosts": [{"name": "a", "address": "192.0.2.1"}, {"name": "a", "address": "192.0.2.2"}]}', "the name a"),
    ],
)
def test_an_inventory_that_is_wrong_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "status.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        fleet_of(Hosts(inventory="status.json"), tmp_path)
    assert message in str(caught.value)
    assert all(line.startswith(str(file)) for line in str(caught.value).splitlines())


def test_an_inventory_may_hold_what_is_not_ours(tmp_path: Path) -> None:
    known = {"hosts": [{"name": "a", "address": "192.0.2.1"}], "cloudflare": {"token": "t"}, "net": 88}
    (tmp_path / "status.json").write_text(json.dumps(known))
    fleet = fleet_of(Hosts(inventory="status.json"), tmp_path)
    assert [(host.name, host.address, host.ssh_port) for host in fleet.hosts] == [("a", "192.0.2.1", 22)]
    assert fleet.edge is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 100_000) | st.text(st.characters(exclude_categories=["C"]), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "type", "a"]), inner),
    max_leaves=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_value_anywhere_in_a_stack_is_read_or_refused_with_its_place(
    stack_file: StackFile, data: st.DataObject
) -> None:
    def change(config: dict[str, Any]) -> None:
        holder: Any = config
        while True:
            step = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
            inner = holder[step]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
                holder[step] = data.draw(JSON)
                return
            holder = inner

    try:
        stack_file.read(change)
    except SettingsError as error:
        reasons = str(error).splitlines()
        assert all(re.match(r"f\.yaml(:\d+)?: config\.|.*/f?status.json|/", reason) for reason in reasons), reasons
