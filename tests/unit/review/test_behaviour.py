"""Requests whose fate a change alters."""

from __future__ import annotations

from typing import Any

from review.assess import Review
from tests.unit.review.tables import a, limit, reviewed, rule, ruleset, setting, step

WAF, LIMIT, CACHE = "http_request_firewall_custom", "http_ratelimit", "http_request_cache_settings"
ADMIN = '(lower(http.request.uri.path) eq "/admin" or starts_with(lower(http.request.uri.path), "/admin/"))'
OFFICE = "not ip.src in {203.0.113.0/24}"


def changed(phase: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Review:
    web = a("app.example.com")
    return reviewed(
        step("Ruleset", "rules", ruleset(phase, *before), ruleset(phase, *after)),
        step("DnsRecord", "app", web, web),
    )


def fates(made: Review, direction: str) -> list[str]:
    return [
        f"{one.before} → {one.after}: {' '.join(one.examples)}"
        for one in made.behaviour.changes
        if one.direction == direction
    ]


def test_a_path_that_is_stopped_no_more_is_named() -> None:
    made = changed(WAF, [rule("admin", ADMIN)], [rule("admin", 'http.request.uri.path eq "/admin"')])
    (told,) = fates(made, "weaker")
    assert told.startswith("blocked (admin) → passes: ")
    assert "https://app.example.com/admin/x1" in told
    assert [one.direction for one in made.findings if one.rule == "rule.expression"] == ["weaker"]
    assert made.status == 2


def test_requests_are_tried_where_visitors_are_and_not_on_a_name_that_leads_there() -> None:
    leads = rule("canonical", 'http.host eq "example.com"', "redirect")
    leads |= {"actionParameters": {"fromValue": {"targetUrl": {"value": "https://www.example.com"}}}}
    redirects = ruleset("http_request_dynamic_redirect", leads)
    apex, www = a("example.com"), a("www.example.com")
    made = reviewed(
        step("DnsRecord", "apex", apex, apex),
        step("DnsRecord", "www", www, www),
        step("Ruleset", "redirects", redirects, redirects),
        step("Ruleset", "waf", ruleset(WAF, rule("admin", ADMIN)), ruleset(WAF, rule("admin", "ssl and not ssl"))),
    )
    assert "https://www.example.com/admin" in fates(made, "weaker")[0]


def test_an_expression_that_stops_more_strengthens() -> None:
    made = changed(WAF, [rule("admin", 'http.request.uri.path eq "/admin"')], [rule("admin", ADMIN)])
    assert fates(made, "weaker") == []
    assert "passes → blocked (admin)" in fates(made, "stronger")[0]
    assert made.status == 0


def test_an_address_that_is_let_in_is_found_by_the_literal_that_names_it() -> None:
    wider = "not ip.src in {203.0.113.0/24 192.0.2.0/24}"
    made = changed(WAF, [rule("admin", f"{ADMIN} and {OFFICE}")], [rule("admin", f"{ADMIN} and {wider}")])
    (told,) = fates(made, "weaker")
    assert "with ip.src 192.0.2.1" in told


def test_space_outside_of_strings_changes_nothing() -> None:
    made = changed(WAF, [rule("admin", ADMIN)], [rule("admin", ADMIN.replace(" or ", "\n  or "))])
    assert made.status == 0
    assert not made.behaviour.changes


def test_an_expression_that_no_request_settles_is_not_called_safe() -> None:
    before, after = (f'cf.bot_management.ja3_hash eq "{digest}"' for digest in ("aa", "bb"))
    made = changed(WAF, [rule("bots", before)], [rule("bots", after)])
    assert [one.direction for one in made.findings if one.rule == "rule.expression"] != ["stronger"]
    assert made.status == 2


def test_a_rule_and_a_limit_may_change_together_whatever_the_rule_names() -> None:
    leaked = 'cf.waf.credential_check.password_leaked and ip.src.country in {"AQ"}'
    made = reviewed(
        step("DnsRecord", "app", a("app.example.com"), a("app.example.com")),
        step("Ruleset", "waf", ruleset(WAF), ruleset(WAF, rule("leaked", leaked))),
        step("Ruleset", "limits", ruleset(LIMIT, limit("login", 5)), ruleset(LIMIT, limit("login", 50))),
    )
    assert [one.rule for one in made.findings if one.direction == "weaker"] == ["behaviour", "rule.limit"]
    assert not any("password_ " in text for one in made.behaviour.changes for text in one.examples)


def test_a_literal_that_no_field_can_have_makes_no_burst() -> None:
    odd = 'ip.src.country eq "AQ" and cf.bot_management.ja4 eq "x" and cf.waf.score eq 1 and cf.no_such.field eq "y"'
    made = reviewed(
        step("DnsRecord", "app", a("app.example.com"), a("app.example.com")),
        step("DnsRecord", "odd", a("a b/c.example.com"), a("a b/c.example.com")),
        step("Ruleset", "waf", ruleset(WAF), ruleset(WAF, rule("odd", odd))),
        step("Ruleset", "limits", ruleset(LIMIT, limit("login", 5)), ruleset(LIMIT, limit("login", 50))),
    )
    assert made.status == 2


def test_a_higher_limit_is_shown_by_a_burst() -> None:
    made = changed(LIMIT, [limit("login", 10)], [limit("login", 100)])
    (told,) = fates(made, "weaker")
    assert told == (
        "blocked (login) from request 11 on → blocked (login) from request 101 on: "
        "301 × POST https://app.example.com/login in a minute"
    )


def test_a_private_page_that_may_be_cached_is_weaker() -> None:
    cached = rule("all", "true", "set_cache_settings", actionParameters={"cache": True})
    made = changed(CACHE, [], [cached])
    assert any("api/auth/login" in told for told in fates(made, "weaker"))


def test_http_that_is_led_to_https_no_more_is_weaker() -> None:
    web, other = a("app.example.com"), a("www.example.com")
    made = reviewed(
        step("ZoneSetting", "always_use_https", setting("always_use_https", "on"), setting("always_use_https", "off")),
        step("DnsRecord", "app", web, web),
        step("DnsRecord", "www", other, other),
    )
    assert any("http://www.example.com" in told for told in fates(made, "weaker"))


def test_what_is_not_known_of_the_zone_is_said_and_not_guessed() -> None:
    made = reviewed(
        step("Ruleset", "rules", ruleset(WAF, rule("admin", ADMIN)), ruleset(WAF)),
        step("DnsRecord", "x", a("x.example.com"), a("x.example.com", "192.0.2.7")),
    )
    assert made.behaviour.not_tried == ""
    from review.reading import preview_from
    from tests.unit.review.tables import document

    hidden = document(step("Ruleset", "r", ruleset(WAF, rule("admin", ADMIN)), ruleset(WAF))) | {
        "changeSummary": {"same": 9}
    }
    assert not preview_from(hidden).complete
