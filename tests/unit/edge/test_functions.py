"""What each function gives, by the examples of Cloudflare's documentation ("Functions") and at the edges of each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import Expression, Request
from edge.encoding import decode_base64, encode_base64, lookup_json_integer, lookup_json_string
from edge.evaluate import compile_value
from edge.replacing import regex_replace, wildcard_replace
from edge.truth import CannotTell

NOW = 1_484_063_900
BODY = (
    b'{"company":"cloudflare","version":2,"float":42.0,"yes":true,'
    b'"deep":[{"name":"b"},{"id":356}],"big":9223372036854775808}'
)
REQUEST = Request(
    "POST",
    "https://www.example.org/a/File.html?order=desc&country=GB&order=asc",
    [("X-Categories", "groceries,,electronics"), ("X-Code", "MTIzYWJj"), ("X-Space", " a b ")],
    BODY,
    {"ip.src": "113.10.0.2", "cf.threat_score": 5, "is_jwt_valid": {"known": True}},
    NOW,
)


def value(text: str, request: Request = REQUEST) -> object:
    return compile_value(text)(request)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bit_slice(http.host, 0, 8)", ord("w")),
        ("bit_slice(http.host, 4, 12)", 0x77),
        ("bit_slice(http.host, 0, 32)", int.from_bytes(b"www.")),
        ("bit_slice(http.host, 0, 33)", None),
        ("bit_slice(http.host, 8, 8)", None),
        ("bit_slice(http.host, 900, 901)", None),
        ("cidr(ip.src, 24, 24)", "113.10.0.0"),
        ("cidr6(ip.src, 24)", "113.10.0.2"),
        ('coalesce(http.request.headers["none"][0], http.request.headers["x-code"][0], "z")', b"MTIzYWJj"),
        ('coalesce(http.request.headers["none"][0], "z")', b"z"),
        ('concat("a", http.request.method, "b")', b"aPOSTb"),
        ('concat(http.request.headers["x-code"], http.request.headers["x-space"])', [b"MTIzYWJj", b" a b "]),
        # As wirefilter has it: nothing joined to nothing is not there, and no empty text.
        ('concat(http.request.headers["none"][0], http.request.headers["nil"][0])', None),
        ('concat(http.request.headers["none"][0], "a")', b"a"),
        ('contains(http.host, "example")', True),
        ('decode_base64(http.request.headers["x-code"][0])', b"123abc"),
        ("decode_base64(http.host)", None),
        ("encode_base64(http.request.method)", b"UE9TVA"),
        ('encode_base64(http.request.method, "p")', b"UE9TVA=="),
        ('encode_base64("hello world", "u")', b"aGVsbG8gd29ybGQ"),
        ('ends_with(http.request.uri.path, ".html")', True),
        ('has_value(http.request.uri.args["order"], "asc")', True),
        ('ip_in_range(ip.src, "113.10.0.0/16")', True),
        ('ip_in_range(ip.src, "113.11.0.0/16")', False),
        ('ip_in_range(ip.src, "2001:db8::/32")', False),
        ('ip_in_range(ip.src, "nonsense")', None),
        ('is_jwt_valid("known")', True),
        ('join(http.request.uri.args["order"], "+")', b"desc+asc"),
        ('join(http.request.uri.args["country"], "+")', b"GB"),
        ('join(http.request.uri.args["none"], "+")', None),
        ("len(http.host)", 15),
        ('len(http.request.uri.args["order"])', 2),
        ('lookup_json_integer(http.request.body.raw, "version")', 2),
        ('lookup_json_integer(http.request.body.raw, "deep", 1, "id")', 356),
        ('lookup_json_integer(http.request.body.raw, "float")', None),
        ('lookup_json_integer(http.request.body.raw, "yes")', None),
        ('lookup_json_integer(http.request.body.raw, "big")', None),
        ('lookup_json_string(http.request.body.raw, "company")', b"cloudflare"),
        ('lookup_json_string(http.request.body.raw, "deep", 0, "name")', b"b"),
        ('lookup_json_string(http.request.body.raw, "deep", 7, "name")', None),
        ('lookup_json_string(http.request.body.raw, "version")', None),
        ('lookup_json_string(http.host, "a")', None),
        ('regex_replace(http.request.uri.path, "^/a/(.*)$", "/b/${1}")', b"/b/File.html"),
        ('remove_bytes(http.host, "\\x2e\\x77")', b"exampleorg"),
        ('remove_query_args(http.request.uri.query, "order")', b"country=GB"),
        ('remove_query_args(http.request.uri.query, "country")', b"order=desc&order=asc"),
        ('remove_query_args(http.request.uri.query, "none")', b"order=desc&country=GB&order=asc"),
        ("sha256(http.request.method)", hashlib.sha256(b"POST").digest()),
        ("sha512(http.request.method)", hashlib.sha512(b"POST").digest()),
        ('encode_base64(sha256("my-token"), "p")', base64.b64encode(hashlib.sha256(b"my-token").digest())),
        ('split(http.request.headers["x-categories"][0], ",", 64)', [b"groceries", b"", b"electronics"]),
        ('split(http.request.headers["x-categories"][0], ",", 2)', [b"groceries", b",electronics"]),
        ('split(http.request.headers["x-categories"][0], ",", 1)', [b"groceries,,electronics"]),
        ('split(http.request.headers["x-categories"][0], ",", 0)', None),
        ("substring(http.request.method, 1, 3)", b"OS"),
        ("substring(http.request.method, -2)", b"ST"),
        ("to_string(cf.threat_score)", b"5"),
        ("to_string(ssl)", b"true"),
        ("to_string(ip.src)", b"113.10.0.2"),
        ('trim(http.request.headers["x-space"][0])', b"a b"),
        ('trim_start(http.request.headers["x-space"][0])', b"a b "),
        ('trim_end(http.request.headers["x-space"][0])', b" a b"),
        ('wildcard(http.request.uri.path, "/A/*")', True),
        ('wildcard(http.request.uri.path, "/b/*")', False),
        ('wildcard_replace(http.request.uri.path, "/A/*", "/${1}")', b"/File.html"),
        ('wildcard_replace(http.request.uri.path, "/A/*", "/${1}", "s")', b"/a/File.html"),
    ],
)
def test_a_function_gives_what_cloudflare_says(text: str, expected: object) -> None:
    found = value(text)
    assert (str(found) if isinstance(expected, str) else found) == expected


@pytest.mark.parametrize(
    "text",
    [
        "uuidv4(cf.random_seed)",
        'hmac(http.host, "key", "sha256")',
        "hash_in_range(1, 100, http.host)",
        'is_jwt_valid("unknown")',
        'is_jwt_present("unknown")',
        'is_timed_hmac_valid_v0(http.request.uri, "key", 100)',
    ],
)
def test_what_nobody_can_tell_offline_stays_open(text: str) -> None:
    assert isinstance(value(text), CannotTell)


def signed(path: str, at: int, key: bytes = b"mysecretkey", *, safe: bool = False) -> str:
    mac = hmac.digest(key, f"{path}{at}".encode(), "sha256")
    text = base64.urlsafe_b64encode(mac).rstrip(b"=") if safe else quote(base64.b64encode(mac), safe="").encode()
    return f"{path}?verify={at}-{text.decode()}"


@pytest.mark.parametrize(
    ("uri", "flags", "valid"),
    [
        (signed("/download/cat.jpg", NOW - 10), "", True),
        (signed("/download/cat.jpg", NOW - 101), "", False),
        (signed("/download/cat.jpg", NOW - 10, b"other"), "", False),
        (signed("/download/cat.jpg", NOW - 10).replace("cat", "dog"), "", False),
        (signed("/download/cat.jpg", NOW - 10, safe=True), ', "s"', True),
        (signed("/download/cat.jpg", NOW - 10, safe=True)[:-3], ', "s"', False),
        ("/download/cat.jpg", "", False),
        ("/?verify=1484063890-" + "!" * 44, "", False),
        # Ten digits and a hyphen may stand in the message, too: the last ones are the time.
        (signed("/1234567890-a-photograph-of-somebody-or-other.jpg", NOW - 10), "", True),
    ],
)
def test_a_timed_hmac_is_checked(uri: str, flags: str, valid: bool) -> None:
    request = Request("GET", f"https://downloads.example.com{uri}", at=NOW)
    text = f'is_timed_hmac_valid_v0("mysecretkey", http.request.uri, 100, http.request.timestamp.sec, 8{flags})'
    assert Expression.parse(text).matches(request) is valid
    assert Expression.parse(text).matches(Request("GET", f"https://a.example{uri}")) is None


@pytest.mark.parametrize(
    ("source", "pattern", "replacement", "expected"),
    [
        (b"/foo/bar", b"/bar$", b"/baz", b"/foo/baz"),
        (b"/x", b"^/y$", b"/mumble", b"/x"),
        (b"/foo", b"^/FOO$", b"/x", b"/foo"),
        (b"/a/a", b"/a", b"/b", b"/b/a"),
        (b"/b", b"^/b$", b"/b$$", b"/b$"),
        (b"/foo/a/path", b"^/foo/([^/]*)/(.*)$", b"/bar/${2}/${1}", b"/bar/path/a"),
        (b"/a", b"(x)?/a", b"<${1}${8}>", b"<>"),
    ],
)
def test_regular_expressions_replace_the_first_match(
    source: bytes, pattern: bytes, replacement: bytes, expected: bytes
) -> None:
    assert regex_replace(source, pattern, replacement) == expected


@pytest.mark.parametrize(
    ("source", "pattern", "replacement", "expected"),
    [
        (
            b"https://apps.example.com/calendar/admin?expand=true",
            b"https://*.example.com/*/*",
            b"https://example.com/${1}/${2}/${3}",
            b"https://example.com/apps/calendar/admin?expand=true",
        ),
        (
            b"https://example.com/applications/app1",
            b"/applications/*",
            b"/apps/${1}",
            b"https://example.com/applications/app1",
        ),
        (b"/calendar", b"/*", b"/apps/${1}", b"/apps/calendar"),
        (b"/apps/calendar/login", b"/apps/*/login", b"/${1}/login", b"/calendar/login"),
        (b"/a/b/c", b"/*/*", b"${2}-${1}", b"b/c-a"),
        (b"/a*b", rb"/a\*b", b"star", b"star"),
        (b"/a\nb", b"/a*b", b"[${1}]", b"[\n]"),
    ],
)
def test_stars_are_as_short_as_can_be(source: bytes, pattern: bytes, replacement: bytes, expected: bytes) -> None:
    assert wildcard_replace(source, pattern, replacement) == expected


@pytest.mark.parametrize(
    ("sent", "options", "expected"),
    [
        ("a%2Bb+c", "", b"a+b c"),
        ("%252e", "", b"%2e"),
        ("%252e", "r", b"."),
        ("%u0041", "", b"%u0041"),
        ("%u2601", "u", b"\xe2\x98\x81"),
        ("%u002B%u002541", "u", b"+%41"),
        ("%u002541", "ur", b"A"),
        ("%zz%4", "r", b"%zz%4"),
    ],
)
def test_what_an_escape_stands_for_is_decoded_again_only_if_asked(sent: str, options: str, expected: bytes) -> None:
    request = Request("GET", f"https://a.example/?{sent}")
    assert value(f'url_decode(raw.http.request.uri.query, "{options}")', request) == expected


@given(st.binary(max_size=40), st.sampled_from([b"", b"u", b"p", b"up"]))
def test_base64_comes_back(text: bytes, flags: bytes) -> None:
    encoded = encode_base64(text, flags)
    assert (b"=" in encoded) is (b"p" in flags and len(text) % 3 != 0)
    assert decode_base64(encoded.replace(b"-", b"+").replace(b"_", b"/")) == text


@given(st.binary(max_size=60), st.lists(st.binary(max_size=3) | st.integers(-2, 3), min_size=1, max_size=3))
def test_no_document_and_no_key_make_a_look_up_fail(document: bytes, keys: list[bytes | int]) -> None:
    lookup_json_string(document, *keys)
    lookup_json_integer(document, *keys)


@given(
    st.recursive(
        st.text(max_size=3) | st.integers(-5, 5), lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3)
    )
)
def test_a_look_up_finds_what_is_there(document: object) -> None:
    found, keys = document, []
    while isinstance(found, dict) and found:
        name = sorted(found)[0]
        keys.append(name.encode())
        found = found[name]
    if keys and isinstance(found, str):
        assert lookup_json_string(json.dumps(document).encode(), *keys) == found.encode()
    elif keys and isinstance(found, int):
        assert lookup_json_integer(json.dumps(document).encode(), *keys) == found
