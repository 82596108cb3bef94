"""The Observatory's score: by hand on three sets of headers, each rule of the table, and hostile markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.rows.headers import csp, page
from readiness.rows.headers.fields import cookie_of, max_age
from readiness.rows.headers.observatory import Seen, score
from readiness.rows.headers.observatory_table import TABLE

SITE = "app.community.test"
FOREIGN = "https://elsewhere.test"
TWO_STEPS = (f"http://{SITE}/", f"https://{SITE}/")
HTML = ("Content-Type", "text/html; charset=utf-8")


def seen(
    *headers: tuple[str, str],
    markup: str = "",
    cors: tuple[tuple[str, str], ...] = (),
    route: tuple[str, ...] = TWO_STEPS,
    verified: bool = True,
) -> Seen:
    return Seen(Reply(200, (HTML, *headers), markup.encode()), Reply(200, cors), FOREIGN, route, SITE, verified)


def result(test: str, one: Seen) -> str:
    return next(mark.result for mark in score(one).marks if mark.test == test)


def test_a_strict_site_by_hand() -> None:
    # 100 − 0, which is 90 or more, so + 10 (CSP) + 5 (Referrer-Policy) + 5 (frame-ancestors) + 5 (cookie) = 125.
    strict = seen(
        ("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Set-Cookie", "__Host-session=x; Path=/; Secure; HttpOnly; SameSite=Lax"),
    )
    assert (score(strict).points, score(strict).grade) == (125, "A+")


def test_a_bare_site_by_hand() -> None:
    # 100 − 25 (no CSP) − 20 (no redirect) − 20 (no HSTS) − 5 (no nosniff) − 20 (no X-Frame-Options) = 10.
    bare = seen(route=(f"http://{SITE}/",))
    assert (score(bare).points, score(bare).grade) == (10, "F")


def test_a_site_on_its_way_by_hand() -> None:
    # 100 − 20 ('unsafe-inline') − 10 (HSTS of five minutes) = 70: no bonus for Referrer-Policy, nor for CORP.
    halfway = seen(
        ("Content-Security-Policy", "default-src 'self'; script-src 'self' 'unsafe-inline'"),
        ("Strict-Transport-Security", "max-age=300"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    )
    assert (score(halfway).points, score(halfway).grade) == (70, "B")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("default-src 'none'", "no-unsafe-default-src-none"),
        ("default-src 'self'", "no-unsafe"),
        ("default-src 'self'; style-src 'unsafe-inline'", "unsafe-inline-in-style-src-only"),
        ("default-src 'self'; img-src http://x.test", "insecure-scheme-in-passive-content-only"),
        ("default-src 'self'; connect-src http://x.test", "insecure-scheme"),
        ("default-src 'self'; script-src 'self' 'unsafe-eval'", "unsafe-eval"),
        ("img-src 'self'", "unsafe-inline"),
        ("default-src 'self'; script-src data:", "unsafe-inline"),
        ("default-src 'self'; object-src https:", "unsafe-inline"),
        ("default-src 'self'; script-src 'nonce-a' 'unsafe-inline'", "no-unsafe"),
        ("default-src 'self'; script-src 'nonce-a' 'strict-dynamic' https:", "no-unsafe"),
        ("DEFAULT-SRC 'SELF'", "no-unsafe"),
        ("default-src 'self', script-src 'unsafe-inline'; img-src *", "unsafe-inline"),
    ],
)
def test_a_policy_is_read_as_browsers_do(policy: str, expected: str) -> None:
    found = result("Content-Security-Policy", seen(("Content-Security-Policy", policy)))
    assert found == f"csp-implemented-with-{expected}"


@pytest.mark.parametrize("policy", ["x", "default-src 'self'; default-src *", "script-src 'strict-dynamic'"])
def test_a_policy_that_is_none_is_said_to_be_none(policy: str) -> None:
    found = result("Content-Security-Policy", seen(("Content-Security-Policy", policy)))
    assert found == "csp-header-invalid"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("session=x", "session-without-secure-flag"),
        ("session=x; Secure", "session-without-httponly-flag"),
        ("theme=x; Secure", "secure-with-httponly-sessions"),
        ("theme=x; Secure; SameSite=None", "secure-with-httponly-sessions-and-samesite"),
        ("theme=x; SameSite=None; Secure=1;", "secure-with-httponly-sessions-and-samesite"),
        ("theme=x; Secure; SameSite=Odd", "samesite-flag-invalid"),
        ("csrf=x; Secure", "anticsrf-without-samesite-flag"),
    ],
)
def test_a_cookie_is_read_by_its_attributes(line: str, expected: str) -> None:
    assert result("Cookies", seen(("Set-Cookie", line))) == f"cookies-{expected}"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ((), "not-needed-no-http"),
        (("http://a.test/", "https://a.test/", "https://b.test/"), "to-https"),
        (("http://a.test/", "https://b.test/"), "off-host-from-http"),
        (("http://a.test/", "http://b.test/", "https://b.test/"), "not-to-https-on-initial-redirection"),
        (("http://a.test/", "http://a.test/b"), "not-to-https"),
    ],
)
def test_a_route_is_judged_by_its_first_step(route: tuple[str, ...], expected: str) -> None:
    assert result("Redirection", seen(route=route)) == f"redirection-{expected}"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("", "not-implemented-but-no-scripts-loaded"),
        ("<script src=/a.js></script>", "not-implemented-but-all-scripts-loaded-from-secure-origin"),
        (
            "<script src=https://static.community.test/a.js>",
            "not-implemented-but-all-scripts-loaded-from-secure-origin",
        ),
        ("<script src=https://x.test/a.js>", "not-implemented-but-external-scripts-loaded-securely"),
        ("<script src=//x.test/a.js>", "not-implemented-and-external-scripts-not-loaded-securely"),
        ("<script src=https://x.test/a.js integrity=sha384-a>", "implemented-and-external-scripts-loaded-securely"),
        ("<script src=https://[ integrity=sha384-a>", "implemented-and-external-scripts-loaded-securely"),
    ],
)
def test_scripts_of_others_want_integrity(markup: str, expected: str) -> None:
    assert result("Subresource integrity", seen(markup=markup)) == f"sri-{expected}"


@pytest.mark.parametrize(
    ("cors", "expected"),
    [
        ((), "not-implemented"),
        ((("Access-Control-Allow-Origin", "*"),), "implemented-with-public-access"),
        ((("Access-Control-Allow-Origin", FOREIGN),), "implemented-with-restricted-access"),
        (
            (("Access-Control-Allow-Origin", FOREIGN), ("Access-Control-Allow-Credentials", "true")),
            "implemented-with-universal-access",
        ),
    ],
)
def test_an_origin_that_is_let_in_with_credentials_costs_the_most(
    cors: tuple[tuple[str, str], ...], expected: str
) -> None:
    assert result("CORS", seen(cors=cors)) == f"cross-origin-resource-sharing-{expected}"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("max-age=1", 1), ('max-age="31536000"', 31536000), ("nonsense", -1), ("max-age=1; max-age=2", -1)],
)
def test_the_age_of_hsts(value: str, seconds: int) -> None:
    assert max_age(Reply(200, (("Strict-Transport-Security", value),))) == seconds


def test_a_certificate_that_does_not_hold_makes_hsts_nothing() -> None:
    assert result("Strict-Transport-Security", seen(verified=False)) == "hsts-invalid-cert"


_HEADERS = st.sampled_from(
    [
        *("Content-Security-Policy", "Set-Cookie", "Referrer-Policy", "Strict-Transport-Security"),
        *("X-Content-Type-Options", "X-Frame-Options", "Cross-Origin-Resource-Policy", "Content-Type"),
    ]
)


@given(
    st.lists(st.tuples(_HEADERS, st.text(max_size=60)), max_size=8),
    st.text(max_size=200),
    st.lists(st.sampled_from(["http://a.test/", "https://a.test/", "https://b.test/"]), max_size=4),
)
def test_whatever_a_site_says_has_a_score_in_the_table(
    headers: list[tuple[str, str]], markup: str, route: list[str]
) -> None:
    found = score(seen(*headers, markup=markup, route=tuple(route)))

    assert 0 <= found.points <= 135
    assert len(found.marks) == 10
    assert all(mark.result in TABLE for mark in found.marks)


@given(st.text(max_size=300))
def test_markup_of_any_kind_is_read(markup: str) -> None:
    assert isinstance(page.read(markup), page.Page)


def test_markup_names_what_it_loads() -> None:
    found = page.read(
        '<link rel="stylesheet" href="/a.css"><link rel=canonical href=/no><script>x</script><img src=/b.png>'
        '<meta http-equiv="Content-Security-Policy" content="img-src *"><script src=/c.js integrity=sha384-d></script>'
    )
    assert found.assets == ("/a.css", "/b.png", "/c.js")
    assert found.inline_scripts == 1
    assert found.scripts == (page.Script("/c.js", "sha384-d"),)
    assert found.equivalent("content-security-policy") == ["img-src *"]


def test_what_several_policies_allow_is_what_each_allows() -> None:
    policy = csp.policy_of(["img-src a.test b.test", "img-src b.test c.test, object-src 'none'"])
    assert policy == {"img-src": frozenset({"b.test"}), "object-src": frozenset({"'none'"})}


def test_a_cookie_has_a_name_and_attributes() -> None:
    assert cookie_of("a=b=c; Path=/; SECURE; Max-Age=5") == ("a", {"path": "/", "secure": "", "max-age": "5"})
