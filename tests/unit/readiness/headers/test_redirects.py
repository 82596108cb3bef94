"""Redirects: one hop a step, loops and foreign hosts bounded, and places that an address names itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.check import Outcome, Result
from readiness.rows.headers.names import own_names
from readiness.rows.headers.redirects import hops, open_redirects
from readiness.rows.headers.route import MOST_HOPS, followed, leads_to
from tests.unit.readiness.fakes import lab_stack
from tests.unit.readiness.scripted import Scripted, reply, target_of

SITE = "app.community.test"
OWN = frozenset({SITE})
Says = Callable[[str, str, Mapping[str, str]], Reply]


def right(_method: str, url: str, _headers: Mapping[str, str]) -> Reply:
    parts = urlsplit(url)
    rest = url.partition("://")[2].partition("/")[2]
    if parts.scheme == "http":
        return reply(301, Location=f"https://{parts.hostname}/{rest}")
    if parts.hostname != SITE and parts.hostname != "api.community.test" and parts.hostname != "community.test":
        return reply(301, Location=f"https://community.test/{rest}")
    return reply(404)


def found(says: Says) -> dict[str, Result]:
    return {result.check.id.partition(".")[2]: result for result in hops(target_of(says))}


def test_a_hop_to_https_and_a_hop_to_the_place_are_right() -> None:
    assert {result.outcome for result in found(right).values()} == {Outcome.PASS}


def _changed(change: Callable[[str], Reply | None]) -> Says:
    return lambda method, url, headers: change(url) or right(method, url, headers)


@pytest.mark.parametrize(
    ("change", "check", "why"),
    [
        (lambda url: reply(200) if url.startswith("http:") else None, "https-redirect", "leads nowhere"),
        (
            lambda url: reply(301, Location="https://community.test/") if url.startswith("http://www") else None,
            "https-redirect",
            "not to https://www.community.test/",
        ),
        (
            lambda url: reply(302, Location=url.replace("http:", "https:")) if url.startswith("http:") else None,
            "https-redirect",
            "answers 302",
        ),
        (
            lambda url: reply(301, Location="https://community.test/") if url.startswith("https://www.c") else None,
            "canonical",
            "ends at https://community.test/,",
        ),
        (
            lambda url: (
                reply(301, Location=url.replace("old.test", "old.test:443"))
                if url.startswith("https://www.community-old.test/")
                else None
            ),
            "canonical",
            "takes 3 hops",
        ),
        (lambda url: reply(301, Location=url) if url.startswith("https:") else None, "canonical", "in a circle"),
        (lambda url: reply(301, Location=url + "x") if url.startswith("https:") else None, "canonical", "leads on"),
        (
            lambda url: reply(301, Location="https://evil.example/") if url.startswith("https:") else None,
            "canonical",
            "no name of this stack",
        ),
    ],
)
def test_each_wrong_way_is_found(change: Callable[[str], Reply | None], check: str, why: str) -> None:
    result = found(_changed(change))[check]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


def test_nobody_by_http_is_well() -> None:
    refused = Reply(0, reason="the connection was refused")
    result = found(_changed(lambda url: refused if url.startswith("http:") else None))["https-redirect"]
    assert result.outcome is Outcome.PASS


def test_no_host_but_the_stacks_own_is_asked() -> None:
    visitor = Scripted(lambda *_: reply(302, Location="https://evil.example/"))
    route = followed(visitor, f"https://{SITE}/", OWN)
    assert visitor.asked == [f"https://{SITE}/"]
    assert route.urls[-1] == "https://evil.example/"


def test_a_chain_without_end_is_left() -> None:
    visitor = Scripted(lambda _method, url, _headers: reply(302, Location=url + "x"))
    followed(visitor, f"https://{SITE}/", OWN)
    assert len(visitor.asked) <= MOST_HOPS + 1


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("//evil.example/", "https://evil.example/"),
        ("/\\evil.example/", "https://evil.example/"),
        ("\\\\evil.example", "https://evil.example"),
        ("/a\tb\n", "https://app.community.test/ab"),
        ("b?c", "https://app.community.test/b?c"),
        ("https://[", "https://["),
        ("", ""),
    ],
)
def test_a_place_is_read_as_browsers_do(said: str, place: str) -> None:
    assert leads_to(f"https://{SITE}/a", reply(302, Location=said)) == place


@given(st.text(max_size=60))
def test_any_place_is_read(said: str) -> None:
    assert isinstance(leads_to(f"https://{SITE}/", reply(302, Location=said)), str)


@pytest.mark.parametrize("word", ["next", "url", "return_to"])
@pytest.mark.parametrize("status", [302, 200])
def test_a_parameter_that_leads_away_is_found(word: str, status: int) -> None:
    def says(_method: str, url: str, _headers: Mapping[str, str]) -> Reply:
        place = parse_qs(urlsplit(url).query).get(word, ["/"])[0]
        return reply(status, f'<a href="{place}">go</a>' if status == 200 else "", Location=place)

    (result,) = open_redirects(target_of(says))
    assert result.outcome is Outcome.FAIL


def test_a_host_header_that_leads_away_is_found() -> None:
    def says(_method: str, _url: str, headers: Mapping[str, str]) -> Reply:
        return reply(301, Location=f"https://{headers.get('X-Forwarded-Host', SITE)}/")

    (result,) = open_redirects(target_of(says))
    assert result.outcome is Outcome.FAIL


def test_a_platform_that_leads_nowhere_is_well() -> None:
    (result,) = open_redirects(target_of(lambda *_: reply(200)))
    assert result.outcome is Outcome.PASS


def test_the_names_are_the_stacks_web_names_and_no_parked_domain() -> None:
    names = own_names(lab_stack())
    assert {"community.test", SITE, "community-old.test"} <= names
    assert "comunity.test" not in names
