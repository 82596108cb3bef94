"""A request's parts as Cloudflare names them, and URL normalisation (Cloudflare, "URL normalization examples")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.request import Request, extension, normalise_path


def request(target: str, *headers: tuple[str, str]) -> Request:
    return Request("GET", f"https://www.example.com{target}", headers)


@pytest.mark.parametrize(
    ("sent", "normal"),
    [
        ("/hello", "/hello"),
        ("/%68ello", "/hello"),
        ("//api///login", "/api/login"),
        ("/a\\b", "/a/b"),
        ("/a/../b/./c", "/b/c"),
        ("/../../etc", "/etc"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/%2e%2E/x", "/x"),
        ("/a%2fb", "/a%2Fb"),
        ("/100%", "/100%"),
        ("/é", "/%C3%A9"),
        ("/a b", "/a%20b"),
    ],
)
def test_a_path_is_normalised_before_rules_see_it(sent: str, normal: str) -> None:
    assert request(sent).path == normal.encode()
    assert request(sent).raw_path == sent.encode()


@given(st.binary(max_size=30).map(lambda tail: b"/" + tail))
def test_normalising_twice_changes_nothing_more(path: bytes) -> None:
    once = normalise_path(path)
    assert once.startswith(b"/")
    assert b"//" not in once
    assert normalise_path(once) == once


def test_names_of_cookies_are_decoded_and_values_are_not() -> None:
    # Cloudflare's documentation of http.request.cookies: names are URL-decoded, and then those that are alike merged.
    seen = request("/", ("Cookie", "%73ession=a%20b; session=c+d; a+b=1"))
    assert seen.cookies == {b"session": [b"a%20b", b"c+d"], b"a+b": [b"1"]}


def test_headers_cookies_and_arguments_keep_every_value() -> None:
    seen = request(
        "/a/File.TAR.GZ?x=1&y&x=2%20&=z",
        ("Accept", "a"),
        ("ACCEPT", "b"),
        ("Cookie", "s=1; t=2"),
        ("Cookie", "s=3"),
    )
    assert seen.header_map[b"accept"] == [b"a", b"b"]
    assert seen.cookies == {b"s": [b"1", b"3"], b"t": [b"2"]}
    assert seen.arguments == {b"x": [b"1", b"2%20"], b"y": [b""], b"": [b"z"]}
    assert extension(seen.path) == b"gz"
    assert extension(b"/v1.2/none") == b""
    assert seen.uri == b"/a/File.TAR.GZ?x=1&y&x=2%20&=z"
    assert seen.full_uri(seen.uri).startswith(b"https://www.example.com/a/")


def test_octets_that_are_not_text_stay_what_they_were() -> None:
    assert request("/", ("X", b"\xff".decode("utf-8", "surrogateescape"))).header_map[b"x"] == [b"\xff"]
