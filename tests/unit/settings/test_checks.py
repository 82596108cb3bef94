"""What must hold between the sections of a stack, and between a rule and the plan."""

from __future__ import annotations

from typing import Any

import pytest

from core.settings.records import AliasRecord
from core.settings.stack import SECTIONS

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


def _web_is(*names: str) -> Change:
    def change(config: dict[str, Any]) -> None:
        config["dns"].update(web=list(names))
        config["redirects"] = {}

    return change


def _web_canonical(*names: str) -> Change:
    return lambda config: config["dns"].update(web=["@", *names])


def _rules(section: str, *rules: dict[str, Any]) -> Change:
    return lambda config: config.setdefault(section, {}).update(rules=list(rules))


SSH = {"name": "ssh", "type": "A", "content": "203.0.113.11", "proxied": False, "reason": "administrators' SSH"}
SHOWS_WEB_1 = "this shows the address of the host web-1, and who knows it goes round the edge"
OR_ACCEPT = "or accept it with shows_origin: true"


def _records(*records: dict[str, Any]) -> Change:
    return lambda config: config["dns"]["records"].extend(records)


LIMIT = {"name": "search", "paths": ["/search"], "requests": 5}
ADMIN = {"name": "admin", "description": "no admin", "expression": 'http.host eq "x"'}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            _add_record(name="old", type="A", content="203.0.113.11", proxied=False, reason="someone asked for it"),
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
            _add_record(name="old", type="AAAA", content="::ffff:203.0.113.11", proxied=False, reason="it was asked"),
            f"dns.records[1]: {SHOWS_WEB_1}: proxy the record, give the service another address, {OR_ACCEPT}",
            id="an origin shown by an IPv4 address within IPv6",
        ),
        pytest.param(
            _records(
                {**SSH, "shows_origin": True},
                {"name": "a", "type": "CNAME", "content": "b", "proxied": False, "reason": "it was asked for"},
                {"name": "b", "type": "CNAME", "content": "ssh", "proxied": False, "reason": "it was asked for"},
                {"name": "c", "type": "CNAME", "content": "b"},
            ),
            f"dns.records[2]: {SHOWS_WEB_1}: lead it elsewhere, {OR_ACCEPT}\n"
            f"dns.records[3]: {SHOWS_WEB_1}: lead it elsewhere, {OR_ACCEPT}",
            id="an origin shown through two aliases, and not through a proxied one",
        ),
        pytest.param(
            _records(
                {**SSH, "name": "*.dev", "shows_origin": True},
                {"name": "_x._tcp", "type": "SRV", "target": "a.dev.community.test", "port": 1},
            ),
            f"dns.records[2]: {SHOWS_WEB_1}: lead it elsewhere, {OR_ACCEPT}",
            id="an origin shown by a service under a wildcard",
        ),
        pytest.param(
            _add_record(name="files", type="HTTPS", priority=1, ipv6_hints=["2001:db8:0::12"]),
            f"dns.records[1]: {SHOWS_WEB_1.replace('web-1', 'web-2')}: lead it elsewhere, {OR_ACCEPT}",
            id="an origin shown by a hint",
        ),
        pytest.param(
            _add_record(name="news", type="TXT", content="v=spf1 ip4:203.0.113.0/28 ip6:2001:db8:9::/64 -all"),
            f"dns.records[1]: {SHOWS_WEB_1}: take it out of the text, {OR_ACCEPT}",
            id="an origin shown by the SPF of another name",
        ),
        pytest.param(
            lambda config: config["email"]["senders"].append({"name": "hosts", "network": "203.0.113.8/29"}),
            f"email.senders[2]: {SHOWS_WEB_1}: send mail from another address, {OR_ACCEPT}",
            id="an origin shown by a network that sends",
        ),
        pytest.param(
            lambda config: (
                config["dns"]["records"].append({**SSH, "shows_origin": True}),
                config["email"]["mx"].append({"host": "ssh"}),
                config["email"]["senders"].append({"name": "x", "a": "ssh"}),
            ),
            f"email.mx[1]: {SHOWS_WEB_1}: receive mail at another address, {OR_ACCEPT}\n"
            f"email.senders[2]: {SHOWS_WEB_1}: send mail from another address, {OR_ACCEPT}",
            id="an origin shown by a machine of the mail",
        ),
        pytest.param(
            _add_record(name="sip", type="SRV", target="pbx", port=5061),
            'dns.records[1].name is "sip"; it must be _service._protocol, such as _sip._tcp, with a name after it or '
            "none",
            id="a service with no protocol",
        ),
        pytest.param(
            _add_record(name="_sip._tcp", type="SRV", target="192.0.2.1", port=5061),
            'dns.records[1].target is "192.0.2.1"; it must be a domain name, and this is an address',
            id="a service at an address",
        ),
        pytest.param(
            _add_record(name="files", type="HTTPS", priority=0, target="a.example", alpn=["h2"]),
            "dns.records[1]: priority 0 is an alias: it has a target and nothing else (RFC 9460 §2.4.2)",
            id="an HTTPS alias with parameters",
        ),
        pytest.param(
            _add_record(name="app", type="HTTPS", priority=1),
            "dns: app is proxied, and the edge makes its HTTPS record by itself: take yours out",
            id="an HTTPS record for a proxied name",
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
            _web_is("community.test"),
            "dns.web[0]: names are relative to community.test: write @",
            id="the zone's own name",
        ),
        pytest.param(
            _web_is("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 50),
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
            _add_record(name="_mta-sts", type="TXT", content="v=STSv1; id=1"),
            "dns.records[1]: _mta-sts is made from launch-ready:email: take it out here",
            id="a second record of MTA-STS",
        ),
        pytest.param(
            lambda config: config.update(
                email=config["email"] | {"dmarc": {"reports": ["d@community.test", "d@comunity.test"]}},
                other_zones={"zones": [{"name": "comunity.test", "kind": "parked"}]},
            ),
            "email.dmarc.reports[1]: comunity.test is one of other_zones, which receive no mail",
            id="reports that nobody receives",
        ),
        pytest.param(
            lambda config: config["dns"]["web"].append("mta-sts"),
            "dns.web[4]: mta-sts is made from launch-ready:email: take it out here",
            id="a name that MTA-STS has",
        ),
        pytest.param(
            lambda config: config.update(waf={"admin": {"networks": ["0.0.0.0/0"]}}),
            "waf.admin.networks[0] is \"0.0.0.0/0\"; it must be somebody's own network: a /0 is nearly everybody's",
            id="administrators everywhere",
        ),
        pytest.param(
            _set("tls", min_version=1.2),
            "tls.min_version is 1.2; allowed: '1.2' or '1.3', in quotes",
            id="a version without quotes",
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
            "email.dkim[0]: give one of public_key, cname and revoked: true",
            id="a selector without a key",
        ),
        pytest.param(
            _set("waf", rules=[ADMIN, ADMIN]),
            "waf: two rules have the name admin: each must have its own",
            id="two rules of one name",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "mitigation": 0}),
            "rate_limits.rules[0]: rule search: a mitigation of 0 with the action block needs the plan enterprise",
            id="a block that lasts no time",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "action": "managed_challenge"}),
            "rate_limits.rules[0]: rule search: the action managed_challenge on the plan business needs "
            "a mitigation of 0",
            id="a challenge that lasts",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "excluding": ["posts"]}),
            "rate_limits: rule search excludes posts, which is no other rule's name",
            id="a rule that excludes nothing",
        ),
        pytest.param(
            _rules("rate_limits", {**LIMIT, "name": "login"}),
            "rate_limits: login is the name of a kind of this section: choose another",
            id="a rule with the name of a kind",
        ),
        pytest.param(
            _rules("waf", {**ADMIN, "action": "skip"}),
            'waf.rules[0].action is "skip"; a rule that skips stands under skips, where its condition is narrow by '
            "construction",
            id="a rule that skips",
        ),
        pytest.param(
            _set("redirects", canonical="@", moved=[{"name": "a", "old": "/a", "new": "/b", "at": "shop"}]),
            "redirects.moved[0].at: shop is not in dns.web",
            id="an old path at a name that is not there",
        ),
        pytest.param(
            _web_canonical("app"),
            "redirects.canonical: www is not in dns.web: a name must be there to lead on",
            id="a name that leads nowhere",
        ),
        pytest.param(
            lambda config: config.update(cache={"public": ["/orgs"]}),
            "cache.public[0]: /orgs is private by launch-ready:platform, and never kept",
            id="a page that is public and private",
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
            "rate_limit is not a known section nor a secret that launch-ready:secrets, :credentials, :email, "
            f":monitoring, :tls or :readiness names (did you mean rate_limits?); sections: {', '.join(SECTIONS)}",
            id="a section that is not known",
        ),
    ],
)
def test_one_mistake_gives_one_reason(stack_file: StackFile, change: Change, reason: str) -> None:
    assert stack_file.reasons(change) == [f"config.launch-ready:{line}" for line in reason.splitlines()]


@pytest.mark.parametrize("plan", ["enterprise", "business", "pro", "free"])
def test_the_labs_stack_needs_no_word_more_for_any_plan(stack_file: StackFile, plan: str) -> None:
    assert stack_file.read(_plan(plan)).zone.plan == plan


@pytest.mark.parametrize(
    ("plan", "rule", "reason"),
    [
        ("free", {**ADMIN, "expression": 'http.host matches "x"'}, "matches needs the plan business or above"),
        ("pro", {**ADMIN, "expression": 'http.host ~ "x"'}, "matches needs the plan business or above"),
        ("business", {**ADMIN, "expression": "cf.bot_management.score lt 9"}, "cf.bot_management.score needs the plan"),
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
    shown = {"name": "ssh", "type": "A", "content": "203.0.113.11", "proxied": False, "reason": "administrators' SSH"}
    stack = stack_file.read(_add_record(**shown, shows_origin=True))
    assert len(stack.dns.records) == 2
    alias = stack_file.read(_add_record(name="docs", type="CNAME", content="hosting.example.net"))
    assert isinstance(alias.dns.records[1], AliasRecord)
