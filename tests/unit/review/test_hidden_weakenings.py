"""Changes that look like housekeeping and take protection away, and such as are housekeeping."""

from __future__ import annotations

from typing import Any

import pytest

from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from core.resources import UNKNOWN
from review.as_json import as_json
from tests.unit.review.tables import Properties, a, caa, limit, reviewed, rule, ruleset, setting, step, txt

WAF, MANAGED, LIMIT = "http_request_firewall_custom", "http_request_firewall_managed", "http_ratelimit"
HEADERS, CONFIG = "http_response_headers_transform", "http_config_settings"
ADMIN = rule("admin", 'starts_with(lower(http.request.uri.path), "/admin")')
OFFICE = rule("office", "ip.src in {203.0.113.0/24}", "skip", actionParameters={"ruleset": "current"})
# A token that is made with the change: its id is not known, and looks like that of any other.
TOKEN = {"serviceToken": {"tokenId": UNKNOWN}}
ZONE = step("Zone", "example.com", {"name": "example.com"}, {"name": "example.com"})


def skip(expression: str, **parameters: Any) -> Properties:
    return rule("office", expression, "skip", actionParameters=parameters or {"ruleset": "current"})


def headers(ref: str = "h", expression: str = "true", **values: str | None) -> Properties:
    changes = {
        name.replace("_", "-"): {"operation": "remove"} if value is None else {"operation": "set", "value": value}
        for name, value in values.items()
    }
    return rule(ref, expression, "rewrite", actionParameters={"headers": changes})


def config(expression: str = "true", **parameters: Any) -> Properties:
    return rule("c", expression, "set_config", actionParameters=parameters)


def redirect(**target: str) -> Properties:
    value = {"targetUrl": target, "statusCode": 301}
    return rule("r", 'http.host eq "www.example.com"', "redirect", actionParameters={"fromValue": value})


def managed(expression: str = "true", **parameters: Any) -> Properties:
    return rule("m", expression, "execute", actionParameters={"id": "efb7", **parameters})


def cname(content: str) -> Properties:
    return a("app.example.com") | {"type": "CNAME", "content": content}


def dmarc(tags: str) -> Properties:
    return txt("_dmarc.example.com", f"v=DMARC1; {tags}")


def spf(terms: str) -> Properties:
    return txt("example.com", f"v=spf1 {terms}")


def application(**more: Any) -> Properties:
    return {"accountId": "a", "type": "self_hosted", "domain": "example.com/admin", "policies": [{"id": "p1"}]} | more


def alert(*mails: str, checks: tuple[str, ...] = ("c1", "c2")) -> Properties:
    emails = [{"id": mail} for mail in mails]
    return {"enabled": True, "mechanisms": {"emails": emails}, "filters": {"healthCheckIds": list(checks)}}


def worker(kind: str, text: Any) -> Properties:
    return {"content": "…", "bindings": [{"name": "KEY", "type": kind, "text": text}]}


def secret(value: str) -> Properties:
    return {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value}


def rules(phase: str, *listed: Properties) -> Properties:
    return ruleset(phase, *listed)


DANGEROUS: list[tuple[str, str, Properties | None, Properties | None, str, str]] = [
    # what, kind, before, after, direction, what the finding says
    ("skip put first", "Ruleset", rules(WAF, ADMIN, OFFICE), rules(WAF, OFFICE, ADMIN), "weaker", "now comes before"),
    (
        "a skip that got an or",
        "Ruleset",
        rules(WAF, OFFICE, ADMIN),
        rules(WAF, skip('ip.src in {203.0.113.0/24} or http.user_agent contains "x"'), ADMIN),
        "weaker",
        "where ip.src",
    ),
    (
        "a skip of the office that got half of the world",
        "Ruleset",
        rules(WAF, OFFICE, ADMIN),
        rules(WAF, skip("ip.src in {203.0.0.0/8}"), ADMIN),
        "weaker",
        "203.0.0.0/8",
    ),
    ("a skip turned on", "Ruleset", rules(WAF, OFFICE | {"enabled": False}), rules(WAF, OFFICE), "weaker", "turned on"),
    (
        "a block that got an and",
        "Ruleset",
        rules(WAF, ADMIN),
        rules(WAF, rule("admin", f'{ADMIN["expression"]} and http.request.method eq "POST"')),
        "weaker",
        "POST",
    ),
    (
        "a rule renamed, and weaker",
        "Ruleset",
        rules(WAF, ADMIN),
        rules(WAF, ADMIN | {"ref": "admin-2", "action": "log"}),
        "weaker",
        "removed: block",
    ),
    (
        "another characteristic",
        "Ruleset",
        rules(LIMIT, limit("login", 5)),
        rules(LIMIT, limit("login", 5, characteristics=["cf.colo.id", "cf.unique_visitor_id"])),
        "weaker",
        "characteristics",
    ),
    (
        "what the cache answers",
        "Ruleset",
        rules(LIMIT, limit("login", 5)),
        rules(LIMIT, limit("login", 5, requestsToOrigin=True)),
        "unclear",
        "requestsToOrigin",
    ),
    (
        "a counting expression",
        "Ruleset",
        rules(LIMIT, limit("login", 5)),
        rules(LIMIT, limit("login", 5, countingExpression="http.response.code eq 418")),
        "unclear",
        "418",
    ),
    (
        "a managed version held",
        "Ruleset",
        rules(MANAGED, managed()),
        rules(MANAGED, managed(version="1")),
        "unclear",
        "version",
    ),
    (
        "managed rules for one host",
        "Ruleset",
        rules(MANAGED, managed()),
        rules(MANAGED, managed('http.host eq "x"')),
        "unclear",
        'http.host eq "x"',
    ),
    ("Flexible for all", "Ruleset", None, rules(CONFIG, config(ssl="flexible")), "weaker", "ssl: nothing → flexible"),
    (
        "a config rule for more",
        "Ruleset",
        rules(CONFIG, config('http.host eq "s"', ssl="full")),
        rules(CONFIG, config(ssl="full")),
        "unclear",
        "where true",
    ),
    (
        "a config rule turned on",
        "Ruleset",
        rules(CONFIG, config(ssl="full") | {"enabled": False}),
        rules(CONFIG, config(ssl="full")),
        "weaker",
        "ssl: nothing → full",
    ),
    (
        "an origin rule",
        "Ruleset",
        None,
        rules("http_request_origin", rule("o", "true", "route", actionParameters={"origin": {"host": "evil.test"}})),
        "unclear",
        "evil.test",
    ),
    (
        "a request header",
        "Ruleset",
        None,
        rules("http_request_late_transform", headers(x_admin="1")),
        "unclear",
        "x-admin",
    ),
    ("a redirect out", "Ruleset", None, rules("http_request_dynamic_redirect", redirect(value="https://evil.test/")),
     "unclear", "to evil.test"),
    (
        "a redirect that leads out now",
        "Ruleset",
        rules("http_request_dynamic_redirect", redirect(value="https://example.com/")),
        rules(
            "http_request_dynamic_redirect",
            redirect(expression='concat("https://example.com.evil.test", http.request.uri.path)'),
        ),
        "unclear",
        "to example.com.evil.test",
    ),
    (
        "a cache key without the session",
        "Ruleset",
        rules("http_request_cache_settings", rule("k", "true", "set_cache_settings", actionParameters={"cacheKey": 1})),
        rules("http_request_cache_settings", rule("k", "true", "set_cache_settings", actionParameters={})),
        "unclear",
        "cacheKey",
    ),
    ("a header removed", "Ruleset", None, rules(HEADERS, headers(x_frame_options=None)), "weaker", "care"),
    ("answers for every site", "Ruleset", None, rules(HEADERS, headers(access_control_allow_origin="*")), "weaker",
     "other sites"),
    ("a loose policy by a new rule", "Ruleset", None, rules(HEADERS, headers(content_security_policy="default-src *")),
     "unclear", "it allows *"),
    (
        "headers for one host",
        "Ruleset",
        rules(HEADERS, headers(x_frame_options="DENY")),
        rules(HEADERS, headers(expression='http.host eq "a"', x_frame_options="DENY")),
        "unclear",
        'http.host eq "a"',
    ),
    ("DMARC for a tenth", "DnsRecord", dmarc("p=reject"), dmarc("p=reject; pct=10"), "weaker", "pct: 100 → 10"),
    ("DMARC reports elsewhere", "DnsRecord", dmarc("p=reject; rua=mailto:a@x"), dmarc("p=reject; rua=mailto:b@y"),
     "weaker", "without mailto:a@x"),
    ("DMARC under another name", "DnsRecord", dmarc("p=reject"), dmarc("p=reject") | {"name": "_dmarcs.example.com"},
     "weaker", "_dmarc.example.com: DMARC removed"),
    ("SPF with all first", "DnsRecord", spf("mx a -all"), spf("-all mx a"), "unclear", "another order"),
    ("SPF for a cloud", "DnsRecord", spf("mx -all"), spf("mx include:e.test -all"), "weaker", "include:e.test"),
    ("CAA of another name", "DnsRecord", caa("pki.goog"), caa("pki.goog") | {"name": "sub.example.com"}, "weaker",
     "example.com: the last CAA issue"),
    ("a name out of the zones", "DnsRecord", cname("o.example.com"), cname("evil.test"), "unclear", "evil.test"),
    ("a mail server more", "DnsRecord", None, {"name": "example.com", "type": "MX", "content": "evil.test"}, "unclear",
     "mail, links to reset"),
    ("a subdomain handed over", "DnsRecord", None, {"name": "s.example.com", "type": "NS", "content": "evil.test"},
     "unclear", "every name below"),
    ("a name in other letters", "DnsRecord", None, a("\u0430pp.example.com"), "unclear", "letter by letter"),
    ("the same in punycode", "DnsRecord", None, a("xn--pp-6kc.example.com"), "unclear", r"\u0430pp.example.com"),
    ("TLS by default", "ZoneSetting", setting("min_tls_version", "1.2"), None, "weaker", "declared no more"),
    ("other ciphers", "ZoneSetting", setting("ciphers", ["A"]), setting("ciphers", ["A", "OLD"]), "unclear", "ciphers"),
    ("a new setting", "ZoneSetting", setting("tomorrow", "on"), setting("tomorrow", "off"), "unclear", "on → off"),
    ("one more way in", "ZeroTrustAccessApplication", application(), application(policies=[{"id": "p1"}, {"id": "p2"}]),
     "unclear", "policies"),
    ("Access before less", "ZeroTrustAccessApplication", application(), application(domain="example.com/admin/x"),
     "unclear", "domain"),
    ("a policy for all", "ZeroTrustAccessPolicy", None, {"decision": "allow", "includes": [{"everyone": {}}]}, "weaker",
     "everyone"),
    ("a policy that asks nobody", "ZeroTrustAccessPolicy", None, {"decision": "bypass"}, "weaker", "not asked"),
    ("a program more", "ZeroTrustAccessPolicy", {"includes": [TOKEN]}, {"includes": [TOKEN, TOKEN]}, "weaker",
     "includes"),
    ("another MTA-STS policy", "DnsRecord", txt("_mta-sts.x", "v=STSv1; id=1"), txt("_mta-sts.x", "v=STSv1; id=2"),
     "unclear", "still say enforce"),
    ("somebody told no more", "NotificationPolicy", alert("a@x", "b@x"), alert("a@x", "c@x"), "weaker", "without b@x"),
    ("a check left out", "NotificationPolicy", alert("a@x"), alert("a@x", checks=("c1",)), "weaker", "without c2"),
    ("alerts elsewhere", "NotificationPolicyWebhooks", {"url": "https://a.x"}, {"url": "https://evil.test"}, "unclear",
     "url"),
    ("a check of another page", "Healthcheck", {"httpConfig": {"path": "/health"}}, {"httpConfig": {"path": "/"}},
     "unclear", "httpConfig"),
    ("a reader of a secret", "AwsSecret", {"tags": {"readers": "on-call- qa"}},
     {"tags": {"readers": "on-call- qa- bob"}}, "weaker", "readers: with bob"),
    ("a secret in the clear", "WorkersScript", worker("secret_text", secret("one")), worker("plain_text", "hunter2"),
     "weaker", "bindings[KEY].text: was a secret"),
    ("code before the site", "WorkersRoute", None, {"pattern": "example.com/*", "script": "s"}, "unclear", "code"),
    ("an address more on a list", "ListItem", None, {"ip": "0.0.0.0/0"}, "unclear", "list"),
    ("what nobody knows here", "AccessRule", None, {"mode": "whitelist"}, "unclear", "AccessRule"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "kind", "before", "after", "direction", "said"), DANGEROUS, ids=[row[0] for row in DANGEROUS]
)
def test_a_dangerous_change_stops_a_review(
    what: str, kind: str, before: Properties | None, after: Properties | None, direction: str, said: str
) -> None:
    made = reviewed(ZONE, step(kind, what, before, after))
    assert made.status == 2
    told = [f"{one.what} {one.why}" for one in made.findings if one.direction == direction]
    assert any(said in text for text in told), [(one.direction, one.what, one.why) for one in made.findings]
    assert "hunter2" not in str(as_json(made))


HARMLESS: list[tuple[str, str, Properties | None, Properties | None]] = [
    ("a rule renamed", "Ruleset", rules(WAF, ADMIN), rules(WAF, ADMIN | {"ref": "admin-2", "description": "x"})),
    ("two blocks the other way round", "Ruleset", rules(WAF, ADMIN, rule("b")), rules(WAF, rule("b"), ADMIN)),
    (
        "a skip of another phase put first",
        "Ruleset",
        rules(WAF, ADMIN, skip("ip.src eq 203.0.113.9", phases=[LIMIT])),
        rules(WAF, skip("ip.src eq 203.0.113.9", phases=[LIMIT]), ADMIN),
    ),
    ("space in an expression", "Ruleset", rules(WAF, rule("b", "ssl  and\nssl")), rules(WAF, rule("b", "ssl and ssl"))),
    ("a lower limit", "Ruleset", rules(LIMIT, limit("l", 9)), rules(LIMIT, limit("l", 5))),
    ("a redirect within", "Ruleset", None, rules("http_request_dynamic_redirect", redirect(value="https://example.com/"))),
    (
        "a policy where there was none",
        "Ruleset",
        None,
        rules(HEADERS, headers(content_security_policy="default-src 'self'; img-src 'self' data:")),
    ),
    ("a safe header more", "Ruleset", None, rules(HEADERS, headers(x_frame_options="DENY"))),
    ("a header of no matter", "Ruleset", None, rules(HEADERS, headers(x_release="5"))),
    ("a record more", "DnsRecord", None, a("new.example.com")),
    ("another TTL", "DnsRecord", cname("o.example.com") | {"ttl": 300}, cname("o.example.com") | {"ttl": 60}),
    ("no mail at all", "DnsRecord", None, {"name": "x.example.com", "type": "MX", "content": ".", "priority": 0}),
    ("DMARC for more of the mail", "DnsRecord", dmarc("p=reject; pct=10"), dmarc("p=reject")),
    ("one more gets reports", "DnsRecord", dmarc("p=reject; rua=mailto:a@x"),
     dmarc("p=reject; rua=mailto:a@x,mailto:b@x")),
    ("brotli", "ZoneSetting", setting("brotli", "on"), setting("brotli", "off")),
    ("one more is told", "NotificationPolicy", alert("a@x"), alert("a@x", "b@x")),
    ("one more check", "NotificationPolicy", alert("a@x", checks=("c1",)), alert("a@x")),
    ("another wording", "NotificationPolicy", alert("a@x"), alert("a@x") | {"description": "new"}),
    ("a reader less", "AwsSecret", {"tags": {"readers": "releases, bob"}}, {"tags": {"readers": "releases"}}),
    ("another owner", "AwsSecret", {"tags": {"owner": "a"}}, {"tags": {"owner": "b"}}),
    ("the provider's own code", "AwsSecret", {"__provider": "old"}, {"__provider": "new"}),
    ("a pool's other host", "LoadBalancerPool", {"origins": [{"address": "192.0.2.1"}]},
     {"origins": [{"address": "192.0.2.2"}]}),
    ("a provider", "pulumi:providers:cloudflare", None, {"version": "6"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "kind", "before", "after"), HARMLESS, ids=[row[0] for row in HARMLESS])
def test_a_harmless_change_stops_none(
    what: str, kind: str, before: Properties | None, after: Properties | None
) -> None:
    changed = step(kind, what, before, after)
    for side in ("oldState", "newState"):
        if kind.startswith("pulumi:") and side in changed:
            changed[side]["type"] = kind
    made = reviewed(ZONE, changed)
    assert made.status == 0, [(one.direction, one.what, one.why) for one in made.findings if one.stops]


def test_a_setting_of_a_zone_beside_is_told_with_its_zone() -> None:
    changed = step("ZoneSetting", "old.example.com/ssl", setting("ssl", "strict"), setting("ssl", "full"))
    (one,) = reviewed(ZONE, changed).findings
    assert (one.rule, one.subject) == ("setting.ssl", "old.example.com/ssl")
    assert one.what == "old.example.com/ssl: Full (strict) → Full"


def test_an_output_of_the_stack_that_is_a_secret_no_more_is_told_and_not_shown() -> None:
    changed = step("Stack", "launch-ready-lab", {}, {})
    for side, outputs in (("oldState", {"key": secret("one"), "zone": "x"}), ("newState", {"key": "hunter2"})):
        changed[side] |= {"type": "pulumi:pulumi:Stack", "custom": False, "outputs": outputs}
    made = reviewed(ZONE, changed)
    (one,) = made.findings
    assert (one.direction, one.what) == (
        "weaker",
        "Stack launch-ready-lab key: was a secret, and is in the clear now",
    )
    assert "hunter2" not in str(as_json(made))


def test_a_stack_that_is_all_new_leads_nothing_away_from_anybody() -> None:
    made = reviewed(
        step("Zone", "example.com", None, {"name": "example.com"}),
        step("DnsRecord", "mx", None, {"name": "example.com", "type": "MX", "content": "mx.hosting.test"}),
        step("DnsRecord", "docs", None, cname("docs.hosting.test")),
        step("DnsRecord", "idn", None, a("xn--mnchen-3ya.example.com")),
        step(
            "Ruleset", "r", None, rules("http_request_dynamic_redirect", redirect(value="https://docs.hosting.test/"))
        ),
    )
    assert made.status == 0, [(one.direction, one.what, one.why) for one in made.findings if one.stops]


def test_a_skip_of_single_managed_rules_names_them() -> None:
    one_rule = skip("ip.src eq 203.0.113.9", rules={"efb7": ["r1", "r2"]})
    made = reviewed(ZONE, step("Ruleset", "m", rules(MANAGED, managed()), rules(MANAGED, one_rule, managed())))
    assert [one.why for one in made.findings if one.rule == "rule.skip"] == ["it takes requests past efb7/r1, efb7/r2"]
