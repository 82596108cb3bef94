"""Request cases: what a file may say, what holds and what does not, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import SettingsError
from core.resources import Resource
from core.settings.platform import Platform
from edge.cases.read import Cases, read_cases
from edge.cases.run import Against, Result, run_cases
from edge.cases.traced import compared
from edge.request import Request
from edge.zones import Zone, zone_of, zones_of

CLIENTS = {"visitor": {"ip.src": "198.51.100.23"}}


def rule(ref: str, expression: str, action: str = "block", **more: Any) -> dict[str, Any]:
    return {"ref": ref, "expression": expression, "action": action, **more}


LIMIT = {"characteristics": ["cf.colo.id", "ip.src"], "period": 60, "requests_per_period": 3, "mitigation_timeout": 600}
RULESETS: dict[str, Any] = {
    "http_request_firewall_custom": [
        rule("admin", 'starts_with(http.request.uri.path, "/admin") and not ip.src in {203.0.113.0/24}'),
        rule("country", 'http.request.uri.path eq "/far" and ip.src.country eq "AQ"'),
    ],
    "http_ratelimit": [rule("login", 'http.request.uri.path eq "/api/auth/login"', ratelimit=LIMIT)],
    "http_request_firewall_managed": [rule("managed", "true", "execute", action_parameters={"id": "efb7"})],
    "http_request_cache_settings": [
        rule(
            "assets",
            'starts_with(http.request.uri.path, "/static/")',
            "set_cache_settings",
            action_parameters={"cache": True},
        )
    ],
    "http_response_headers_transform": [
        rule("nosniff", "true", "rewrite", action_parameters={"headers": {"X-A": {"operation": "set", "value": "1"}}})
    ],
}


def write(root: Path, document: Any, name: str = "some.yaml") -> None:
    folder = root / "stacks" / "requests"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(document if isinstance(document, str) else yaml.safe_dump(document))


def case(url: str = "https://app.{zone}/", name: str = "one", **more: Any) -> dict[str, Any]:
    request = {"url": url, **more.pop("request", {})}
    return {"name": name, "why": "because", "request": request, "expect": {"action": "pass"}, **more}


def read(root: Path, *cases: dict[str, Any]) -> Cases:
    write(root, {"clients": CLIENTS, "cases": list(cases)})
    return read_cases(root)


def against(plan: str = "business") -> Against:
    zone = Zone("community.test", rulesets=RULESETS, settings={"always_use_https": "on"})
    zone.proxied = {"app.community.test", "*.wild.community.test"}
    return Against("lab", plan, "community.test", {"community.test": zone}, Platform())


def run(root: Path, given: dict[str, Any]) -> Result:
    (result,) = run_cases(read(root, given), against())
    return result


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (case(), None),
        (case("https://app.{zone}{admin}", expect={"action": "block", "rule": "admin", "status": 403}), None),
        (case("https://app.{zone}{admin}"), "the action is block"),
        (
            case("https://app.{zone}{admin}", expect={"action": "block", "rule": "other"}),
            "the rule is admin, and not other",
        ),
        (case("https://app.{zone}{admin}", expect={"action": "any_challenge"}), "the action is block"),
        (case("https://app.{zone}{admin}", expect={"action": "stop"}), None),
        (case("https://app.{zone}{admin}", request={"fields": {"ip.src": "203.0.113.7"}}), None),
        (case("https://app.{zone}/far"), "cannot tell"),
        (case("https://app.{zone}/far", request={"fields": {"ip.src.country": "NL"}}), None),
        (case("http://app.{zone}/a", expect={"action": "redirect", "location": "https://app.{zone}/a"}), None),
        (case("http://app.{zone}/a", expect={"action": "redirect", "location": "https://app.{zone}/b"}), "it leads to"),
        (case("https://mail.{zone}/"), "mail.community.test has no proxied record"),
        (case("https://elsewhere.example/"), "elsewhere.example has no proxied record"),
        (case("https://x.wild.{zone}/"), None),
        (case(expect={"action": "pass", "managed": True, "response_headers": ["x-a"]}), None),
        (case(expect={"action": "pass", "managed": False}), "a managed ruleset sees it"),
        (case(expect={"action": "pass", "response_headers": ["X-B"]}), "no rule sets X-B"),
        (case("https://app.{zone}{static:a.css}", expect={"action": "pass", "cached": True}), None),
        (case("https://app.{zone}/", expect={"action": "pass", "cached": True}), "cache rules say nothing"),
    ],
)
def test_a_case_holds_or_says_why_not(tmp_path: Path, given: dict[str, Any], reason: str | None) -> None:
    result = run(tmp_path, given)
    assert result.skipped == ""
    assert (result.reasons == ()) is (reason is None), result.reasons
    assert reason is None or any(reason in one for one in result.reasons)
    assert result.where == "stacks/requests/some.yaml:2"


@pytest.mark.parametrize(
    ("burst", "expect", "reason"),
    [
        ({"requests": 10}, {"action": "block", "rule": "login", "at_least": 3, "at_most": 3}, None),
        ({"requests": 10}, {"action": "block", "at_least": 4}, "3 pass first, and at least 4 must"),
        ({"requests": 10}, {"action": "block", "at_most": 2}, "3 pass first, and at most 2 may"),
        ({"requests": 10}, {"action": "pass"}, "the action is block"),
        ({"requests": 3}, {"action": "pass"}, None),
        ({"requests": 10, "every": 60}, {"action": "pass"}, None),
        ({"requests": 9, "addresses": 3}, {"action": "pass"}, None),
        ({"requests": 6, "clients": ["visitor", "other"]}, {"action": "pass"}, None),
        ({"requests": 8, "clients": ["visitor", "other"]}, {"action": "block", "at_least": 6, "at_most": 6}, None),
    ],
)
def test_a_burst_is_judged_by_its_first_request_that_is_stopped(
    tmp_path: Path, burst: dict[str, Any], expect: dict[str, Any], reason: str | None
) -> None:
    write(tmp_path, {"clients": {"other": {"ip.src": "192.0.2.1"}}}, "clients.yaml")
    result = run(tmp_path, case("https://app.{zone}{login}", burst=burst, expect=expect))
    assert (result.reasons == ()) is (reason is None), result.reasons
    assert reason is None or any(reason in one for one in result.reasons)


def test_a_case_can_be_for_some_stacks_and_plans(tmp_path: Path) -> None:
    cases = read(
        tmp_path, case(name="a", stacks=["other"]), case(name="b", plans=["free"]), case(name="c", plans=["business"])
    )
    assert [one.skipped for one in run_cases(cases, against())] == ["for other", "for the plan free", ""]
    assert [one.skipped for one in run_cases(cases, against("free"))][1] == ""


def test_a_path_that_the_platform_does_not_have_is_said(tmp_path: Path) -> None:
    (result,) = run_cases(read(tmp_path, case("https://app.{zone}{no_such}")), against())
    assert result.skipped == "{no_such}: the platform of the stack lab has no such path"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"cases": [case(nmae="x")]}, "some.yaml:"),
        ({"clients": CLIENTS, "cases": [case() | {"nmae": "x"}]}, "did you mean name"),
        ({"clients": CLIENTS, "cases": [case("ftp://x")]}, "cases[0].request.url"),
        ({"clients": CLIENTS, "cases": [case(expect={"action": "blok"})]}, "cases[0].expect.action"),
        ({"clients": CLIENTS, "cases": [case(request={"client": "visitro"})]}, "did you mean visitor"),
        ({"clients": CLIENTS, "cases": [case(request={"fields": {"cf.threat_scor": 1}})]}, "there is no field"),
        (
            {"clients": CLIENTS, "cases": [case(request={"fields": {"cf.threat_score": "a"}})]},
            "must be of type Integer",
        ),
        ({"clients": {"visitor": {"ip.src": "1.2.3"}}}, "some.yaml:3: the field ip.src is '1.2.3'"),
        ({"clients": CLIENTS, "cases": [case(), case()]}, "stands at stacks/requests/some.yaml:2 already"),
        (
            {"clients": CLIENTS, "cases": [case(expect={"action": "block", "at_least": 1})]},
            "at_least and at_most are for",
        ),
        ({"clients": CLIENTS, "cases": [case(request={"body": "", "body_bytes": 1})]}, "body or body_bytes"),
        ("cases: [", "is not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, document: Any, said: str) -> None:
    write(tmp_path, document)
    with pytest.raises(SettingsError) as error:
        read_cases(tmp_path)
    assert said in str(error.value)
    assert "some.yaml" in str(error.value)


def test_one_case_is_found_by_its_name(tmp_path: Path) -> None:
    cases = read(tmp_path, case(name="login-burst"), case(name="other"))
    assert [one.name for one in cases.only("other").cases] == ["other"]
    with pytest.raises(SettingsError, match="did you mean login-burst"):
        cases.only("login-brust")


def test_zones_are_made_of_declared_resources() -> None:
    def made(kind: str, urn: str, zone: str = "", **properties: Any) -> Resource:
        return Resource(f"cloudflare:index:{kind}", urn, urn, properties, zone=zone)

    zones = zones_of(
        [
            made("Zone", "z1", name="community.test"),
            made("Zone", "z2", name="old.community.test"),
            made("Ruleset", "r", "z1", phase="http_ratelimit", rules=[{"ref": "a", "actionParameters": {"id": "b"}}]),
            made("ZoneSetting", "s", "z2", settingId="ssl", value="strict"),
            made("DnsRecord", "d", "z1", name="App.community.test", proxied=True),
            made("DnsRecord", "e", "z1", name="mail.community.test", proxied=False),
            made("Ruleset", "x", "of-another", phase="http_ratelimit"),
        ]
    )
    assert zones["community.test"].rulesets == {"http_ratelimit": [{"ref": "a", "action_parameters": {"id": "b"}}]}
    assert zones["community.test"].proxied == {"app.community.test"}
    assert zones["old.community.test"].settings == {"ssl": "strict"}
    assert zone_of(zones, "x.old.community.test") is zones["old.community.test"]
    assert zone_of(zones, "else.example") is None


def test_a_rule_that_nobody_declares_and_trace_shows_is_a_difference() -> None:
    declared: dict[str, Any] = {
        "http_request_firewall_custom": [{"ref": "admin", "expression": "not ssl", "action": "block"}]
    }
    against = Against("lab", "business", "a.test", {"a.test": Zone("a.test", rulesets=declared)}, Platform())
    matched = [
        {"type": "rule", "step_name": "id-admin", "matched": False},
        {"type": "rule", "step_name": "id-hand", "matched": True, "action": "skip"},
        {"type": "rule", "step_name": "id-idle", "matched": False},
        {"type": "rule", "step_name": "managed", "matched": True, "trace": [{"type": "rule", "step_name": "theirs"}]},
    ]
    refs = {"id-admin": "admin", "id-hand": "by-hand", "id-idle": "idle"}
    answer = {"trace": [{"type": "phase", "trace": [{"type": "ruleset", "trace": matched}]}]}
    count, found = compared(Request("GET", "https://a.test/"), against, answer, refs)
    assert (count, [str(one) for one in found]) == (1, ["rule by-hand: declared by nobody, and matched by Trace"])
