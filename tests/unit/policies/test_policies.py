"""Each rule with what fulfils it, what breaks it, and what it cannot decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli.declared import stack_without_hosts
from core.environment import environment_of
from core.resources import PLAIN_SECRET, UNKNOWN, Resource
from core.settings.stack import Stack
from core.settings.waivers import Waiver, Waivers
from stacks.policies.rule import Facts
from stacks.policy import RULES, judge, of_rule, reference
from tests.unit.review.tables import a, caa, limit, rule, ruleset, setting, txt, urn

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 24)
WAF, LIMIT = "http_request_firewall_custom", "http_ratelimit"
STACK = stack_without_hosts(ROOT, "lab")
ZONE = STACK.zone.name


def resource(kind: str, name: str, properties: dict[str, Any]) -> Resource:
    return Resource(f"cloudflare:index/{kind}:{kind}", name, urn(kind, name), properties)


def outcomes(rule_id: str, *resources: Resource, stack: Stack = STACK) -> list[str]:
    facts = Facts(environment_of(resources, ZONE), stack, TODAY)
    return [one.outcome for rule in RULES if rule.id == rule_id for one in of_rule(rule, facts)]


def hsts(**values: Any) -> dict[str, Any]:
    header = {"enabled": True, "max_age": 31536000} | values
    return setting("security_header", {"strict_transport_security": header})


def limits(*paths: str, **more: Any) -> dict[str, Any]:
    listed = " ".join(f'"{path}"' for path in paths)
    return limit("any", 10, **more) | {"expression": f"http.request.uri.path in {{{listed}}}"}


LOGINS = limits(*STACK.platform.login)
ADMIN = 'starts_with(http.request.uri.path, "/admin") or starts_with(http.request.uri.path, "/api/admin")'
APEX = {"name": ZONE, "type": "full"}

TABLE: list[tuple[str, list[tuple[str, dict[str, Any]]], set[str]]] = [
    ("tls.strict", [("ZoneSetting", setting("ssl", "strict"))], {"ok"}),
    ("tls.strict", [("ZoneSetting", setting("ssl", "full"))], {"violated"}),
    ("tls.strict", [("ZoneSetting", setting("ssl", UNKNOWN))], {"undecided"}),
    ("tls.strict", [], {"violated"}),
    ("tls.min-version", [("ZoneSetting", setting("min_tls_version", None))], {"violated"}),
    *(
        ("mail.spf-all", [("DnsRecord", txt(ZONE, f"v=spf1 {terms} -all"))], {outcome})
        for terms, outcome in (
            ("ip4:0.0.0.0/1 ip4:128.0.0.0/1", "violated"),
            ("ip6:::/0", "violated"),
            ("mx/0", "violated"),
            ("a:x.test//4", "violated"),
            ("-ip4:0.0.0.0/1", "ok"),
            ("ip4:40.92.0.0/15 ip6:2001:db8::/32 mx a/24//64", "ok"),
        )
    ),
    ("tls.min-version", [], {"violated"}),
    ("tls.https", [], {"violated"}),
    (
        "mail.dmarc",
        [("DnsRecord", txt(f"_dmarc.{ZONE}", f"v=DMARC1; p=reject; rua=mailto:{who}@x.test")) for who in "ab"],
        {"ok", "violated"},
    ),
    (
        "tls.strict-everywhere",
        [
            (
                "Ruleset",
                ruleset("http_config_settings", rule("old", action="set_config", actionParameters={"ssl": "full"})),
            )
        ],
        {"violated"},
    ),
    ("tls.min-version", [("ZoneSetting", setting("min_tls_version", "1.1"))], {"violated"}),
    ("tls.min-version", [("ZoneSetting", setting("min_tls_version", "1.2"))], {"ok"}),
    ("tls.https", [("ZoneSetting", setting("always_use_https", "off"))], {"violated"}),
    ("tls.hsts", [("ZoneSetting", hsts())], {"ok"}),
    ("tls.hsts", [("ZoneSetting", hsts(enabled=False))], {"violated"}),
    ("tls.hsts", [("ZoneSetting", hsts(max_age=300))], {"violated"}),
    ("tls.hsts", [], {"violated"}),
    ("tls.early-data", [("ZoneSetting", setting("0rtt", "on"))], {"violated"}),
    ("dns.proxied", [("DnsRecord", a(f"app.{ZONE}", proxied=False))], {"violated"}),
    ("dns.proxied", [("DnsRecord", a(f"app.{ZONE}", proxied=UNKNOWN))], {"undecided"}),
    ("dns.proxied", [("DnsRecord", a(f"app.{ZONE}"))], {"ok"}),
    ("dns.origin-hidden", [("DnsRecord", a(f"x.{ZONE}", "198.51.100.9", proxied=False))], {"ok"}),
    ("dns.dnssec", [("Zone", APEX)], {"violated"}),
    ("dns.dnssec", [("Zone", APEX), ("ZoneDnssec", {"status": "active"})], {"ok"}),
    ("dns.dnssec", [("Zone", APEX), ("ZoneDnssec", {"status": "disabled"})], {"violated"}),
    ("dns.caa", [("Zone", APEX)], {"violated"}),
    ("dns.caa", [("Zone", APEX), ("DnsRecord", caa("pki.goog") | {"name": ZONE})], {"ok"}),
    ("mail.dmarc", [("DnsRecord", txt(f"_dmarc.{ZONE}", "v=DMARC1; p=none"))], {"violated"}),
    ("mail.dmarc", [("DnsRecord", txt(f"_dmarc.{ZONE}", "v=DMARC1; p=reject"))], {"ok"}),
    ("mail.dmarc", [], {"violated"}),
    ("mail.dmarc-test", [("DnsRecord", txt(f"_dmarc.{ZONE}", "v=DMARC1; p=reject; t=y"))], {"violated"}),
    ("mail.dmarc-test", [("DnsRecord", txt(f"_dmarc.{ZONE}", "v=DMARC1; p=reject; pct=5"))], {"violated"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 mx +all"))], {"violated"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 mx ?all"))], {"violated"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 mx all"))], {"violated"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 mx"))], {"violated"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 mx ~all"))], {"ok"}),
    ("mail.spf-all", [("DnsRecord", txt(ZONE, "v=spf1 redirect=x.example"))], {"undecided"}),
    (
        "mail.spf-lookups",
        [("DnsRecord", txt(ZONE, f"v=spf1 {' '.join(f'include:{i}.x' for i in range(11))} -all"))],
        {"violated"},
    ),
    ("mail.spf-lookups", [("DnsRecord", txt(ZONE, "v=spf1 mx a include:x ip4:192.0.2.1 -all"))], {"ok"}),
    (
        "mail.spf-one",
        [("DnsRecord", txt(ZONE, "v=spf1 -all")), ("DnsRecord", txt(ZONE, "v=spf1 mx -all"))],
        {"violated"},
    ),
    ("access.admin", [], {"violated"}),
    ("access.admin", [("Ruleset", ruleset(WAF, rule("admin", ADMIN)))], {"ok"}),
    ("access.admin", [("Ruleset", ruleset(WAF, rule("admin", ADMIN, "log")))], {"violated"}),
    ("access.admin", [("Ruleset", ruleset(WAF, rule("admin", ADMIN, enabled=False)))], {"violated"}),
    ("access.admin", [("Ruleset", ruleset(WAF, rule("admin", f"({ADMIN}) and ip.src in $strangers")))], {"undecided"}),
    ("limits.login", [], {"violated"}),
    ("limits.login", [("Ruleset", ruleset(LIMIT, LOGINS))], {"ok"}),
    ("limits.login", [("Ruleset", ruleset(LIMIT, limits("/elsewhere")))], {"violated"}),
    (
        "limits.login",
        [
            (
                "Ruleset",
                ruleset(
                    LIMIT,
                    LOGINS | {"expression": 'http.request.uri.path in {"/login" "/api/auth/login"} and ip.src in $x'},
                ),
            )
        ],
        {"undecided"},
    ),
    ("limits.reset", [("Ruleset", ruleset(LIMIT, limits("/api/auth/reset")))], {"ok", "violated"}),
    ("limits.write", [("Ruleset", ruleset(LIMIT, limits("/api/x1")))], {"ok"}),
    (
        "waf.skip-narrow",
        [("Ruleset", ruleset(WAF, rule("s", "true", "skip", actionParameters={"ruleset": "current"})))],
        {"violated"},
    ),
    (
        "waf.skip-narrow",
        [
            (
                "Ruleset",
                ruleset(WAF, rule("s", "ip.src eq 203.0.113.9", "skip", actionParameters={"ruleset": "current"})),
            )
        ],
        {"ok"},
    ),
    (
        "waf.skip-narrow",
        [("Ruleset", ruleset(WAF, rule("s", "ip.src in $friends", "skip", actionParameters={"ruleset": "current"})))],
        {"undecided"},
    ),
    ("mail.mta-sts-reachable", [("DnsRecord", txt(f"_mta-sts.{ZONE}", "v=STSv1; id=1"))], {"ok"}),
    (
        "mail.mta-sts-reachable",
        [
            ("DnsRecord", txt(f"_mta-sts.{ZONE}", "v=STSv1; id=1")),
            (
                "Ruleset",
                ruleset(
                    "http_request_dynamic_redirect",
                    rule(
                        "www",
                        "true",
                        "redirect",
                        actionParameters={
                            "fromValue": {"statusCode": 301, "targetUrl": {"value": "https://x.example/"}}
                        },
                    ),
                ),
            ),
        ],
        {"violated"},
    ),
    ("secrets.owner", [("SecretsStoreSecret", {"name": "STRAY"})], {"violated"}),
    ("secrets.owner", [("SecretsStoreSecret", {"name": STACK.secrets.items[0].name})], {"ok"}),
    (
        "secrets.closed",
        [("WorkersScript", {"bindings": [{"type": "secret_text", "text": PLAIN_SECRET}]})],
        {"violated"},
    ),
    ("secrets.closed", [("WorkersScript", {"bindings": [{"type": "secret_text", "text": "[secret]"}]})], {"ok"}),
    ("rules.one-per-phase", [("Ruleset", ruleset(WAF)), ("Ruleset", ruleset(WAF))], {"violated"}),
    ("rules.one-per-phase", [("Ruleset", ruleset(WAF)), ("Ruleset", ruleset(LIMIT))], {"ok"}),
    ("rules.plan", [("Ruleset", ruleset(LIMIT, *(limits(f"/{i}") for i in range(6))))], {"violated"}),
    ("alerts.routed", [("NotificationPolicy", {"enabled": True, "mechanisms": {}})], {"violated"}),
    ("alerts.routed", [("NotificationPolicy", {"enabled": True, "mechanisms": {"emails": [{"id": "a@x"}]}})], {"ok"}),
    (
        "alerts.routed",
        [("NotificationPolicy", {"enabled": False, "mechanisms": {"emails": [{"id": "a@x"}]}})],
        {"violated"},
    ),
    (
        "access.somebody",
        [("ZeroTrustAccessPolicy", {"decision": "allow", "includes": [{"everyone": {}}]})],
        {"violated"},
    ),
    ("access.somebody", [("ZeroTrustAccessPolicy", {"decision": "bypass", "includes": [{"email": {}}]})], {"violated"}),
    ("access.somebody", [("ZeroTrustAccessPolicy", {"decision": "allow", "includes": [{"email": {}}]})], {"ok"}),
]


@pytest.mark.parametrize(
    ("rule_id", "declared", "expected"), TABLE, ids=[f"{i}-{row[0]}" for i, row in enumerate(TABLE)]
)
def test_a_rule_says_what_there_is(
    rule_id: str, declared: list[tuple[str, dict[str, Any]]], expected: set[str]
) -> None:
    resources = [resource(kind, f"r{index}", properties) for index, (kind, properties) in enumerate(declared)]
    assert set(outcomes(rule_id, *resources)) == expected


def test_access_before_the_administrators_pages_is_enough() -> None:
    names = [f"{label}.{ZONE}" if label != "@" else ZONE for label in STACK.dns.web]
    uris = [{"type": "public", "uri": f"{name}{path}"} for name in names for path in ("/admin", "/api/admin")]
    application = resource("ZeroTrustAccessApplication", "admin", {"destinations": uris})
    assert set(outcomes("access.admin", application)) == {"ok"}
    one_name = resource("ZeroTrustAccessApplication", "admin", {"destinations": uris[:2]})
    assert "violated" in outcomes("access.admin", one_name)


@pytest.mark.parametrize("canonical", ["@", "www"])
def test_a_limit_is_asked_for_on_the_name_that_visitors_see(canonical: Any) -> None:
    other = {"@": f"www.{ZONE}", "www": ZONE}[canonical]
    leads = rule("canonical", f'http.host eq "{other}"', "redirect")
    leads |= {"actionParameters": {"fromValue": {"targetUrl": {"value": "https://example.com/"}}}}
    stack = replace(STACK, redirects=STACK.redirects.model_copy(update={"canonical": canonical}))
    redirects = resource("Ruleset", "r", ruleset("http_request_dynamic_redirect", leads))
    assert set(outcomes("limits.login", redirects, resource("Ruleset", "l", ruleset(LIMIT, LOGINS)), stack=stack)) == {
        "ok"
    }
    assert set(outcomes("limits.login", redirects, stack=stack)) == {"violated"}


def test_a_host_that_a_record_shows_is_found_by_its_address() -> None:
    address = STACK.fleet.hosts[0].address
    assert outcomes("dns.origin-hidden", resource("DnsRecord", "x", a(f"x.{ZONE}", address, proxied=False))) == [
        "violated"
    ]


def waiving(until: date) -> Stack:
    waiver = Waiver(
        rule="tls.*", subject="ssl", reason="until the hosts have certificates", owner="web team", until=until
    )
    return replace(STACK, waivers=Waivers(items=(waiver,)))


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (date(2026, 11, 1), "ok"),
        (date(2026, 8, 26), "ok"),
        (date(2026, 8, 25), "violated"),
        (None, "undecided"),
        (date(2036, 11, 1), "undecided"),
    ],
)
def test_a_secret_is_replaced_by_its_age(made: date | None, outcome: str) -> None:
    item = STACK.secrets.items[0].model_copy(update={"made": made, "max_age_days": 90})
    stack = replace(STACK, secrets=STACK.secrets.model_copy(update={"items": (item,)}))
    assert outcomes("secrets.age", stack=stack) == [outcome]


def test_a_waiver_counts_until_its_last_day_and_is_a_violation_after_it() -> None:
    weak = resource("ZoneSetting", "ssl", setting("ssl", "full"))
    (found,) = [one for one in judge([weak], waiving(TODAY), TODAY) if one.rule == "tls.strict"]
    assert found.outcome == "violated"
    assert not found.stops
    assert outcomes("waivers.current", weak, stack=waiving(TODAY)) == ["ok"]
    assert outcomes("waivers.current", weak, stack=waiving(date(2027, 12, 29))) == ["ok"]
    assert outcomes("waivers.current", weak, stack=waiving(date(2027, 12, 30))) == ["violated"]
    ended = waiving(date(2026, 11, 23))
    assert [one.stops for one in judge([weak], ended, TODAY) if one.rule in ("tls.strict", "waivers.current")] == [
        True,
        True,
    ]


def test_every_rule_has_an_id_of_its_own_a_reason_and_a_way_out() -> None:
    assert len({one.id for one in RULES}) == len(RULES)
    assert all(one.why and one.fix for one in RULES)
    tested = {row[0] for row in TABLE} | {"waivers.current", "secrets.age", "limits.invite", "limits.post"}
    assert {one.id for one in RULES} <= tested


def test_the_page_is_made_from_the_rules() -> None:
    assert (ROOT / "docs" / "policies.md").read_text() == reference()
