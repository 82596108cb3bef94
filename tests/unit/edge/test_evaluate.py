"""What expressions say of requests: operators, absent values, and what cannot be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.evaluate import compile_expression
from edge.request import Request
from edge.syntax import ExpressionError
from edge.truth import CannotTell, Truth, cannot_tell, conjunction, disjunction, negate, parity

REQUEST = Request(
    method="POST",
    url="https://app.community.test/api/Posts.json?tag=a&tag=b%20c&empty=",
    fields={"ip.src": "192.0.2.7", "http.request.version": "HTTP/1.1"},
    headers=(("User-Agent", "curl/8"), ("X-Key", "one"), ("x-key", "Two"), ("Cookie", "session=abc; theme=dark")),
    at=1_700_000_000.5,
)
UNKNOWN = "ip.src.country"


def say(text: str, request: Request = REQUEST) -> Truth:
    return compile_expression(text)(request)


@pytest.mark.parametrize(
    "text",
    [
        "ssl",
        "not not ssl",
        'http.request.method eq "POST"',
        'http.host ne "www.community.test"',
        'http.host gt "app" and http.host lt "b"',
        'http.host ge "app.community.test" and http.host le "app.community.test"',
        'http.host contains "community"',
        'http.host contains ""',
        'http.request.uri.path eq "/api/Posts.json"',
        'http.request.uri.path.extension eq "json"',
        'http.request.uri.query contains "tag=a"',
        'http.request.full_uri eq "https://app.community.test/api/Posts.json?tag=a&tag=b%20c&empty="',
        'http.request.uri.args["tag"][1] eq "b%20c"',
        'http.request.uri.args["empty"][0] eq ""',
        'any(url_decode(http.request.uri.args["tag"][*])[*] eq "b c")',
        'http.request.cookies["session"][0] eq "abc"',
        'http.user_agent eq "curl/8" and http.referer eq ""',
        'http.request.headers["x-key"][1] eq "Two"',
        'any(http.request.headers["x-key"][*] eq "Two")',
        'all(lower(http.request.headers["x-key"][*])[*] in {"one" "two"})',
        'any(http.request.headers[*][*] eq "curl/8")',
        'any(starts_with(http.request.headers["x-key"][*], "T"))',
        'any((http.request.headers.names[*] eq "x-key" and http.request.headers.values[*] eq "one"))',
        'len(http.request.headers["x-key"]) eq 2 and len(http.host) eq 18',
        'has_key(http.request.headers, "x-key") and has_value(http.request.headers["x-key"], "one")',
        'lower(http.request.uri.path) eq "/api/posts.json" and upper(http.request.method) eq "POST"',
        'starts_with(http.request.uri.path, "/api/") and ends_with(http.request.uri.path, ".json")',
        'concat(http.host, ":", to_string(cf.edge.server_port)) eq "app.community.test:443"',
        'substring(http.host, 0, 3) eq "app" and substring(http.host, -4) eq "test"',
        'remove_bytes(http.user_agent, "/8") eq "curl"',
        r'http.host matches "^app\.[a-z]+\.test$"',
        r'http.host ~ r"(?i)^APP\."',
        'http.host wildcard "*.COMMUNITY.*"',
        'not http.host strict wildcard "*.COMMUNITY.*"',
        'http.host strict wildcard "app.*"',
        'not http.host wildcard "*.community"',
        "ip.src in {192.0.2.0/24}",
        "ip.src in {10.0.0.0/8 192.0.2.1..192.0.2.9}",
        "not ip.src in {::/0}",
        "ip.src ne ::1 and not ip.src gt ::1",
        "cidr(ip.src, 24, 64) eq 192.0.2.0 and cidr6(ip.src, 8) eq 192.0.2.7",
        'any(not http.request.headers["x-key"][*] eq "one")',
        'http.request.uri.args["tag"][0x0] eq "a"',
        'raw.http.request.uri.args["tag"][0] eq "a" and raw.http.request.uri.query contains "tag"',
        "cf.edge.server_port in {80 440..450} and cf.edge.server_port bitwise_and 1",
        "http.request.timestamp.sec eq 1700000000 and http.request.timestamp.msec eq 500",
        'http.request.method in {"PUT" "POST"} xor http.host eq "other"',
        "not (ssl xor ssl xor not ssl)",
    ],
)
def test_true_of_the_request(text: str) -> None:
    assert say(text) is True
    assert say(f"not ({text})") is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('http.request.headers["no"][0] eq "a"', False),
        ('http.request.headers["no"][0] ne "a"', True),
        ('http.request.headers["x-key"][9] eq "one"', False),
        ('not http.request.headers["no"][0] eq "a"', True),
        ('any(http.request.headers["no"][*] ne "a")', False),
        ('all(http.request.headers["no"][*] eq "a")', True),
        ('any(starts_with(http.request.headers["no"][*], "a"))', False),
        ('all(starts_with(http.request.headers["no"][*], "a"))', False),
        ('lower(http.request.headers["no"][0]) eq ""', False),
        ('concat(http.request.headers["no"][0], "a") eq "a"', True),
        ('len(http.request.headers["no"]) gt 0', False),
        ('http.request.cookies["no"][0] contains ""', False),
    ],
)
def test_what_is_known_to_be_absent_is_as_at_cloudflare(text: str, expected: bool) -> None:
    assert say(text) is expected


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ('ip.src.country eq "DE"', {UNKNOWN}),
        ('ip.src.country ne "DE"', {UNKNOWN}),
        ('not ip.src.country in {"DE"}', {UNKNOWN}),
        ("cf.threat_score gt 10", {"cf.threat_score"}),
        ('ssl and ip.src.country eq "DE"', {UNKNOWN}),
        ('not ssl or ip.src.country eq "DE" or cf.client.bot', {UNKNOWN, "cf.client.bot"}),
        ("ssl xor cf.client.bot", {"cf.client.bot"}),
        ('lower(ip.src.country) eq "de"', {UNKNOWN}),
        ("starts_with(http.host, ip.src.country)", {UNKNOWN}),
        ('any(http.request.body.form["a"][*] eq "b")', {"http.request.body.form"}),
        (
            'any((http.request.headers.names[*] eq "a" or http.request.body.form.names[*] eq "a"))',
            {"http.request.body.form.names"},
        ),
        ("ip.src in $office", {"$office"}),
        ("http.response.code eq 403", {"http.response.code"}),
    ],
)
def test_what_is_not_known_is_never_guessed(text: str, reasons: set[str]) -> None:
    assert say(text) == cannot_tell(*reasons)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('not ssl and ip.src.country eq "DE"', False),
        ('ip.src.country eq "DE" and not ssl', False),
        ("ssl or cf.client.bot", True),
        ("cf.client.bot or ssl", True),
        ('any(http.request.headers["no"][*] in $list)', False),
    ],
)
def test_what_is_not_known_does_not_matter_where_the_rest_decides(text: str, expected: bool) -> None:
    assert say(text) is expected


def test_a_request_that_knows_more_is_decided() -> None:
    known = REQUEST.knowing({"ip.geoip.country": "DE", "http.response.code": 403, "cf.tls_version": "TLSv1.3"})
    assert say('ip.src.country eq "DE" and ip.geoip.country in {"DE"}', known) is True
    assert say('http.response.code eq 403 and cf.tls_version eq "TLSv1.3"', known) is True


def test_url_decode_goes_on_if_told_to() -> None:
    request = Request("GET", "https://app.community.test/%2561+b%u0041")
    assert say('url_decode(raw.http.request.uri.path) eq "/%61 b%u0041"', request) is True
    assert say('url_decode(raw.http.request.uri.path, "r") eq "/a b%u0041"', request) is True
    assert say('url_decode(raw.http.request.uri.path, "ru") eq "/a bA"', request) is True


truths = st.sampled_from([True, False, cannot_tell("a"), cannot_tell("b")])


def possible(truth: Truth) -> set[bool]:
    return {True, False} if isinstance(truth, CannotTell) else {truth}


@given(st.lists(truths, min_size=1, max_size=4))
def test_no_answer_is_sharper_or_vaguer_than_what_can_be_known(many: list[Truth]) -> None:
    """An open answer is given if, and only if, filling in what is unknown could make it either."""
    worlds: list[list[bool]] = [[]]
    for one in many:
        worlds = [[*world, value] for world in worlds for value in possible(one)]
    assert possible(conjunction(many)) == {all(world) for world in worlds}
    assert possible(disjunction(many)) == {any(world) for world in worlds}
    assert possible(parity(many)) == {sum(world) % 2 == 1 for world in worlds}
    assert possible(negate(many[0])) == {not value for value in possible(many[0])}


def test_an_open_question_cannot_be_taken_for_an_answer() -> None:
    with pytest.raises(TypeError):
        bool(cannot_tell("a"))


@pytest.mark.parametrize(
    ("pattern", "agent", "found"),
    [
        (r"^\s$", b"\x0b", True),
        (r"^[\s]$", b"\x0b", True),
        (r"^[^\s]$", b"\x0b", False),
        (r"^\S$", b"\x0b", False),
        (r"^[\S]$", b"\x0b", False),
        (r"^[\Sx]$", b"\xff", True),
        (r"^a\\s$", b"a\\s", True),
        (r"^[]\s]+$", b"]\x0b", True),
        (r"^[^]\s]$", b"]", False),
        ("^é+$", "éé".encode(), True),
        ("^é{2}$", "éé".encode(), True),
        ("^[^a]$", "é".encode(), False),
        (r"^\xe9$", b"\xe9", True),
        ("(?i)^É$", "é".encode(), False),
        (r"^\w$", "é".encode(), False),
        ("^a$", b"a\n", False),
    ],
)
def test_a_pattern_is_read_octet_by_octet_as_rusts_regex_crate_does(pattern: str, agent: bytes, found: bool) -> None:
    sent = Request("GET", "https://a.example/", [("user-agent", agent.decode("utf-8", "surrogateescape"))])
    assert say(f'http.user_agent matches r#"{pattern}"#', sent) is found


@pytest.mark.parametrize("pattern", [r"\x{e9}", r"(?u)\p{Hangul}+", r"[a-z&&[^b]]", r"\pL"])
def test_a_pattern_that_is_read_otherwise_here_is_not_evaluated(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        say(f'http.host matches r"{pattern}"')
