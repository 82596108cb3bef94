"""Headers, as the checks get them and as browsers do."""

from __future__ import annotations

from collections.abc import Mapping

from core.site import Reply
from readiness.check import Outcome
from readiness.rows.headers.pages import pages
from tests.unit.readiness.scripted import reply, target_of

GOOD = {
    "Content_Security_Policy": "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Strict_Transport_Security": "max-age=63072000; includeSubDomains",
    "X_Content_Type_Options": "nosniff",
    "Referrer_Policy": "no-referrer",
    "Cross_Origin_Opener_Policy": "same-origin",
    "Permissions_Policy": "geolocation=()",
    "Content_Type": "text/html; charset=utf-8",
}


def outcomes(to_browsers: Mapping[str, str]) -> dict[str, Outcome]:
    def answer(_method: str, _url: str, headers: Mapping[str, str]) -> Reply:
        return reply(200, "<!doctype html>", **(to_browsers if "Chrome" in headers.get("User-Agent", "") else GOOD))

    return {result.check.id: result.outcome for result in pages(target_of(answer))}


def test_who_gives_browsers_less_than_the_checks_is_found() -> None:
    assert outcomes(GOOD)["headers.csp"] is Outcome.PASS
    less = outcomes({name: value for name, value in GOOD.items() if name == "Content_Type"})
    wrong = {"headers.csp", "headers.hsts", "headers.frames", "headers.referrer-policy", "headers.isolation"}
    assert {check for check, outcome in less.items() if outcome is Outcome.FAIL} >= wrong
