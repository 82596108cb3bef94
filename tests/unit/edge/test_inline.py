"""The rules of a zone as one function say what each says by itself, of any request and with anything left out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge import Expression, Request
from edge.inline import scan_of

CHECKS = (
    "ssl",
    "cf.client.bot",
    "true",
    "false",
    'http.request.method eq "POST"',
    'http.request.method ne "POST"',
    'http.request.method in {"GET" "PUT"}',
    'http.request.uri.path eq "/a/b"',
    'http.request.uri.path ge "/b"',
    'lower(http.request.uri.path) contains "b"',
    'http.request.uri.path wildcard r"/A*"',
    'http.request.uri.path wildcard r"/a*b"',
    'http.request.uri.path wildcard r"*b*"',
    'http.request.uri.path wildcard r"/a*/*b"',
    'http.request.uri.path wildcard r"*"',
    'http.request.uri.path strict wildcard r"/A*B"',
    'http.request.uri.path strict wildcard r"/a/b"',
    'lower(http.request.uri.path) wildcard r"/a*"',
    'upper(http.request.uri.path) contains "B"',
    'starts_with(http.request.uri.path, "/a")',
    'ends_with(lower(http.request.uri.path), "b")',
    'contains(http.request.uri.query, "x")',
    'http.request.uri.query matches "^x=[0-9]+$"',
    'http.user_agent eq ""',
    'http.referer contains "a"',
    'http.host eq "app.community.test"',
    'any(http.request.headers["x-key"][*] eq "a")',
    'all(http.request.headers["x-key"][*] eq "a")',
    'http.request.headers["x-key"][0] ne "a"',
    "len(http.request.uri.path) gt 3",
    "ip.src in {198.51.100.0/24}",
    "cf.threat_score gt 10",
    "cf.threat_score in {1 5..9}",
    'http.request.body.raw contains "a"',
    "ip.src.asnum in $asns",
    'uuidv4(cf.random_seed) eq "a"',
    "http.host eq http.referer",
)
expressions = st.recursive(
    st.sampled_from(CHECKS[:2] + CHECKS[4:]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or", "xor"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=8,
) | st.sampled_from(["true", "false"])
KNOWN = {"ip.src": "198.51.100.9", "cf.threat_score": 5, "cf.client.bot": False, "http.request.uri.path": "/given"}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    path = draw(st.sampled_from(["/", "/a/b", "/A/B", "/a", "/ab", "/a/xb", "/abb?x=12", "/b?x=1&y"]))
    headers = draw(
        st.lists(st.sampled_from([("X-Key", "a"), ("X-Key", "b"), ("Referer", "a"), ("User-Agent", "u")]), max_size=3)
    )
    fields: dict[str, Any] = {name: KNOWN[name] for name in draw(st.sets(st.sampled_from(sorted(KNOWN))))}
    body = draw(st.sampled_from([None, b"", b"a"]))
    method = draw(st.sampled_from(["GET", "POST", "PUT", "get"]))
    scheme = draw(st.sampled_from(["http", "https"]))
    return Request(method, f"{scheme}://app.community.test{path}", headers, body, fields)


@given(st.lists(expressions, max_size=6), requests(), st.data())
def test_both_ways_of_asking_agree(texts: list[str], request: Request, data: st.DataObject) -> None:
    always = data.draw(st.frozensets(st.integers(0, 5)))
    asked = [Expression.parse(text) for text in texts]
    expected = [
        (place, truth)
        for place, one in enumerate(asked)
        if (truth := one.truth(request)) is not False or place in always
    ]
    found = scan_of([one.tree for one in asked], always)(request)
    # What is not known may be named less fully where the answer was settled without it.
    assert [(place, truth if isinstance(truth, bool) else None) for place, truth in found] == [
        (place, truth if isinstance(truth, bool) else None) for place, truth in expected
    ]


@given(
    st.lists(st.text("ab*", max_size=3).filter(lambda part: "*" not in part), min_size=1, max_size=4),
    st.text("ab", max_size=8),
)
def test_wildcards_fit_what_a_regular_expression_fits(parts: list[str], value: str) -> None:
    import re

    from edge.comparing import fitting

    pattern = ".*".join(map(re.escape, parts))
    assert fitting([part.encode() for part in parts])(value.encode()) == (re.fullmatch(pattern, value) is not None)
