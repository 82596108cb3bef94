"""A change on the left, what a reviewer is told of it on the right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.review.tables import a, caa, limit, reviewed, rule, ruleset, setting, step, txt

WAF, LIMIT = "http_request_firewall_custom", "http_ratelimit"
HEADERS = "http_response_headers_transform"
SSL_STRICT, SSL_FULL = setting("ssl", "strict"), setting("ssl", "full")
HSTS = {"enabled": True, "max_age": 31536000, "include_subdomains": True, "preload": False, "nosniff": True}
ACCESS: dict[str, Any] = {
    "accountId": "a",
    "name": "admins",
    "decision": "allow",
    "includes": [{"email": {"email": "a@x"}}],
}


def hsts(**changed: Any) -> dict[str, Any]:
    return setting("security_header", {"strict_transport_security": HSTS | changed})


def skip(**parameters: Any) -> dict[str, Any]:
    return rule("office", "ip.src eq 203.0.113.9", "skip", actionParameters=parameters)


def managed(**overrides: Any) -> dict[str, Any]:
    return rule("cloudflare", "true", "execute", actionParameters={"id": "efb7", "overrides": overrides})


def headers(**values: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): {"operation": "set", "value": value} for name, value in values.items()}
    return rule("security", "true", "rewrite", actionParameters={"headers": named})


TABLE: list[tuple[str, str, dict[str, Any] | None, dict[str, Any] | None, str, str]] = [
    # kind, name, before, after, direction, what the finding says
    ("ZoneSetting", "ssl", SSL_STRICT, SSL_FULL, "weaker", "Full (strict) → Full"),
    ("ZoneSetting", "ssl", SSL_FULL, SSL_STRICT, "stronger", "Full → Full (strict)"),
    ("ZoneSetting", "ssl", SSL_STRICT, None, "weaker", "ssl: is declared no more"),
    ("ZoneSetting", "ssl", SSL_STRICT, setting("ssl", "origin_pull"), "unclear", "origin_pull"),
    (
        "ZoneSetting",
        "min_tls_version",
        setting("min_tls_version", "1.2"),
        setting("min_tls_version", "1.0"),
        "weaker",
        "1.2 → 1.0",
    ),
    ("ZoneSetting", "0rtt", setting("0rtt", "off"), setting("0rtt", "on"), "weaker", "off → on"),
    ("ZoneSetting", "security_header", hsts(), hsts(max_age=300), "weaker", "max_age: 31536000 → 300"),
    ("ZoneSetting", "security_header", hsts(), hsts(enabled=False), "weaker", "enabled: true → false"),
    ("ZoneSetting", "security_header", hsts(preload=False), hsts(preload=True), "stronger", "preload"),
    ("DnsRecord", "app", a("app.example.com"), a("app.example.com", proxied=False), "weaker", "proxied → DNS only"),
    ("DnsRecord", "app", a("app.example.com", proxied=False), a("app.example.com"), "stronger", "DNS only → proxied"),
    ("DnsRecord", "app", a("app.example.com"), None, "outage", "app.example.com: A 192.0.2.1 removed"),
    ("DnsRecord", "app", a("app.example.com"), a("app.example.com", "192.0.2.9"), "neutral", "A 192.0.2.1 → 192.0.2.9"),
    ("DnsRecord", "app", a("app.example.com"), a("api.example.com"), "outage", "app.example.com: A 192.0.2.1 removed"),
    ("DnsRecord", "caa", caa("pki.goog"), None, "weaker", "the last CAA issue, pki.goog, removed"),
    ("DnsRecord", "caa", None, caa("pki.goog"), "stronger", "CAA issue pki.goog added"),
    ("DnsRecord", "caa", caa("pki.goog"), caa("other.example"), "weaker", "pki.goog → issue other.example"),
    ("DnsRecord", "caa", caa("mailto:a@x.example", "iodef"), None, "weaker", "iodef"),
    (
        "DnsRecord",
        "d",
        txt("_dmarc.x", "v=DMARC1; p=reject"),
        txt("_dmarc.x", "v=DMARC1; p=none"),
        "weaker",
        "p: reject → none",
    ),
    (
        "DnsRecord",
        "d",
        txt("_dmarc.x", "v=DMARC1; p=none"),
        txt("_dmarc.x", "v=DMARC1; p=quarantine"),
        "stronger",
        "p: none",
    ),
    (
        "DnsRecord",
        "d",
        txt("_dmarc.x", "v=DMARC1; p=reject"),
        txt("_dmarc.x", "v=DMARC1; p=reject; t=y"),
        "weaker",
        "t: n → y",
    ),
    (
        "DnsRecord",
        "d",
        txt("_dmarc.x", "v=DMARC1; p=reject"),
        txt("_dmarc.x", "v=DMARC1; p=reject; sp=none"),
        "weaker",
        "sp: reject → none",
    ),
    (
        "DnsRecord",
        "d",
        txt("_dmarc.x", "v=DMARC1; p=reject; rua=mailto:a@x"),
        txt("_dmarc.x", "v=DMARC1; p=reject"),
        "weaker",
        "rua",
    ),
    ("DnsRecord", "d", txt("_dmarc.x", "v=DMARC1; p=reject"), None, "weaker", "DMARC removed"),
    ("DnsRecord", "s", txt("x", "v=spf1 mx -all"), txt("x", "v=spf1 mx ~all"), "weaker", "-all → ~all"),
    ("DnsRecord", "s", txt("x", "v=spf1 mx -all"), txt("x", "v=spf1 mx +all"), "weaker", "-all → +all"),
    ("DnsRecord", "s", txt("x", "v=spf1 mx -all"), txt("x", "v=spf1 mx"), "weaker", "-all → ?all"),
    (
        "DnsRecord",
        "s",
        txt("x", "v=spf1 mx -all"),
        txt("x", "v=spf1 mx include:e.example -all"),
        "weaker",
        "+ include:e.example",
    ),
    ("DnsRecord", "s", txt("x", "v=spf1 mx a:b -all"), txt("x", "v=spf1 mx -all"), "stronger", "- a:b"),
    ("DnsRecord", "k", txt("k._domainkey.x", "v=DKIM1; k=rsa; p=AAA"), None, "weaker", "DKIM removed"),
    (
        "DnsRecord",
        "k",
        txt("k._domainkey.x", "v=DKIM1; p=AAA"),
        txt("k._domainkey.x", "v=DKIM1; p="),
        "neutral",
        "revoked",
    ),
    ("DnsRecord", "t", txt("_mta-sts.x", "v=STSv1; id=1"), None, "weaker", "MTA-STS removed"),
    ("DnsRecord", "mx", {"name": "x", "type": "MX", "content": "mail.x"}, None, "outage", "MX mail.x removed"),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("admin"), rule("b")),
        ruleset(WAF, rule("b")),
        "weaker",
        "WAF rule admin: removed: block",
    ),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("b")),
        ruleset(WAF, rule("new"), rule("b")),
        "stronger",
        "WAF rule new: added",
    ),
    ("Ruleset", "waf", ruleset(WAF, rule("b")), ruleset(WAF, rule("b", action="log")), "weaker", "block → log"),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("b")),
        ruleset(WAF, rule("b", action="managed_challenge")),
        "weaker",
        "block → managed_challenge",
    ),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("b", action="js_challenge")),
        ruleset(WAF, rule("b")),
        "stronger",
        "js_challenge → block",
    ),
    ("Ruleset", "waf", ruleset(WAF, rule("b")), ruleset(WAF, rule("b", enabled=False)), "weaker", "turned off"),
    ("Ruleset", "waf", ruleset(WAF, rule("b")), None, "weaker", "the whole ruleset is removed (1 rules)"),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("b")),
        ruleset(WAF, skip(ruleset="current"), rule("b")),
        "weaker",
        "past all rules after it",
    ),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, skip(phases=[LIMIT])),
        ruleset(WAF, skip(phases=[LIMIT, "http_request_sbfm"])),
        "weaker",
        "skips phases",
    ),
    ("Ruleset", "waf", ruleset(WAF, skip(phases=[LIMIT])), ruleset(WAF), "stronger", "rule office: removed: skip"),
    (
        "Ruleset",
        "waf",
        ruleset(WAF, rule("b"), skip(ruleset="current")),
        ruleset(WAF, skip(ruleset="current"), rule("b")),
        "weaker",
        "moved",
    ),
    ("Ruleset", "waf", ruleset(WAF, rule("b"), rule("c")), ruleset(WAF, rule("c"), rule("b")), "neutral", "moved"),
    (
        "Ruleset",
        "rl",
        ruleset(LIMIT, limit("login", 10)),
        ruleset(LIMIT, limit("login", 100)),
        "weaker",
        "10 in 60 s → 100 in 60 s",
    ),
    (
        "Ruleset",
        "rl",
        ruleset(LIMIT, limit("login", 10)),
        ruleset(LIMIT, limit("login", 10, 10)),
        "weaker",
        "10 in 60 s → 10 in 10 s",
    ),
    (
        "Ruleset",
        "rl",
        ruleset(LIMIT, limit("login", 10)),
        ruleset(LIMIT, limit("login", 100, 600)),
        "weaker",
        "100 in 600 s",
    ),
    (
        "Ruleset",
        "rl",
        ruleset(LIMIT, limit("login", 10)),
        ruleset(LIMIT, limit("login", 10, mitigationTimeout=10)),
        "weaker",
        "mitigationTimeout",
    ),
    (
        "Ruleset",
        "rl",
        ruleset(LIMIT, limit("l", 10)),
        ruleset(LIMIT, limit("l", 10, characteristics=["cf.colo.id", "ip.src", "http.user_agent"])),
        "weaker",
        "characteristics",
    ),
    (
        "Ruleset",
        "m",
        ruleset("http_request_firewall_managed", managed()),
        ruleset("http_request_firewall_managed", managed(action="log")),
        "weaker",
        "override of all action",
    ),
    (
        "Ruleset",
        "m",
        ruleset("http_request_firewall_managed", managed()),
        ruleset("http_request_firewall_managed", managed(rules=[{"id": "r1", "enabled": False}])),
        "weaker",
        "override of rules r1 enabled",
    ),
    (
        "Ruleset",
        "c",
        ruleset("http_config_settings"),
        ruleset("http_config_settings", rule("old", "true", "set_config", actionParameters={"ssl": "flexible"})),
        "weaker",
        "ssl: nothing → flexible",
    ),
    (
        "Ruleset",
        "h",
        ruleset(HEADERS, headers(x_frame_options="DENY")),
        ruleset(HEADERS, headers()),
        "weaker",
        "x-frame-options: DENY → nothing",
    ),
    (
        "Ruleset",
        "h",
        ruleset(HEADERS, headers(content_security_policy="default-src 'self'")),
        ruleset(HEADERS, headers(content_security_policy="default-src 'self' 'unsafe-inline'")),
        "weaker",
        "unsafe-inline",
    ),
    ("ZeroTrustAccessPolicy", "admins", ACCESS, ACCESS | {"decision": "bypass"}, "weaker", "decision: allow → bypass"),
    (
        "ZeroTrustAccessPolicy",
        "admins",
        ACCESS,
        ACCESS | {"includes": [*ACCESS["includes"], {"everyone": {}}]},
        "weaker",
        "includes",
    ),
    (
        "ZeroTrustAccessPolicy",
        "admins",
        ACCESS | {"sessionDuration": "8h"},
        ACCESS | {"sessionDuration": "24h"},
        "weaker",
        "8h → 24h",
    ),
    ("ZeroTrustAccessApplication", "admin", {"domain": "x/admin"}, None, "weaker", "deleted"),
    ("NotificationPolicy", "down", {"enabled": True}, {"enabled": False}, "weaker", "enabled: true → false"),
    ("NotificationPolicy", "down", {"enabled": True}, None, "weaker", "deleted"),
    ("Healthcheck", "home", {"address": "x"}, None, "weaker", "deleted"),
    ("SecretsStoreSecret", "K", {"scopes": ["workers"]}, {"scopes": ["ai_gateway", "workers"]}, "weaker", "scopes"),
    ("SecretsStoreSecret", "K", {"scopes": ["workers"]}, None, "outage", "deleted"),
    ("Zone", "example.com", {"name": "example.com"}, None, "outage", "deleted"),
    ("ZoneDnssec", "dnssec", {"status": "active"}, {"status": "disabled"}, "weaker", "active → disabled"),
]


@pytest.mark.parametrize(
    ("kind", "name", "before", "after", "direction", "said"), TABLE, ids=lambda value: str(value)[:40]
)
def test_a_change_is_told_for_what_it_is(
    kind: str, name: str, before: dict[str, Any] | None, after: dict[str, Any] | None, direction: str, said: str
) -> None:
    made = reviewed(step(kind, name, before, after))
    told = [one for one in made.findings if one.direction == direction]
    assert any(said in f"{one.what} {one.why}" for one in told), [
        (one.direction, one.what, one.why) for one in made.findings
    ]
    assert made.status == (2 if direction in ("weaker", "outage", "unclear") else 0), [
        one.what for one in made.findings if one.stops
    ]
