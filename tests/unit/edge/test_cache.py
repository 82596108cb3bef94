"""What the lab's edge keeps, for how long, and what a purge drops."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from lab.cloudflare.snapshot import Purge
from lab.edge.cache import MAX_BODY, Cache, Rules


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def put(cache: Cache, url: str, body: bytes = b"a", seconds: float = 60, *pairs: tuple[str, str]) -> None:
    entry = cache.entry(200, CIMultiDict(pairs), body, seconds, url)
    cache.keep(url, "gzip", entry, cache.generation)


def purge(**what: Any) -> Purge:
    return Purge(id="p", purged_on="now", everything=what.pop("everything", False), **what)


@pytest.mark.parametrize(
    ("settings", "method", "target", "sent", "status"),
    [
        ({}, "GET", "/a.css", (), None),
        ({}, "GET", "/a.css?x=1", (), None),
        ({}, "GET", "/css", (), "DYNAMIC"),
        ({}, "GET", "/", (), "DYNAMIC"),
        ({}, "POST", "/a.css", (), "DYNAMIC"),
        ({"cache": True}, "GET", "/page", (), None),
        ({"cache": True}, "HEAD", "/page", (), None),
        ({"cache": True}, "POST", "/page", (), "DYNAMIC"),
        ({"cache": False}, "GET", "/a.css", (), "BYPASS"),
        ({"cache": True}, "GET", "/page", (("Range", "bytes=0-1"),), "BYPASS"),
        ({"cache": True}, "GET", "/page", (("Authorization", "Bearer x"),), "BYPASS"),
        ({"cache": True, "cache_key": {"custom_key": {"header": {"include": ["x"]}}}}, "GET", "/page", (), "BYPASS"),
        (
            {"cache": True, "cache_key": {"custom_key": {"query_string": {"exclude": {"all": True}}}}},
            "GET",
            "/",
            (),
            None,
        ),
    ],
)
def test_which_requests_the_cache_has_a_part_in(
    settings: dict[str, Any], method: str, target: str, sent: tuple[tuple[str, str], ...], status: str | None
) -> None:
    assert Rules.of(settings).status_without_looking(method, target, headers(*sent)) == status


@pytest.mark.parametrize(
    ("settings", "status", "answered", "seconds"),
    [
        ({}, 200, (), 7200),
        ({}, 404, (), 180),
        ({}, 500, (), 0),
        ({}, 206, (), 0),
        ({}, 200, (("Cache-Control", "max-age=30"),), 30),
        ({}, 200, (("Cache-Control", "max-age=30, s-maxage=90"),), 90),
        ({}, 200, (("Cache-Control", 'max-age="30"'),), 30),
        ({}, 200, (("Cache-Control", "max-age=-5"),), 0),
        ({}, 200, (("Cache-Control", "private, max-age=30"),), 0),
        ({}, 200, (("Cache-Control", "no-store"),), 0),
        ({}, 500, (("Cache-Control", "max-age=30"),), 0),
        ({}, 200, (("Set-Cookie", "a=b"), ("Cache-Control", "max-age=30")), 0),
        ({}, 200, (("Vary", "Accept-Encoding"),), 7200),
        ({}, 200, (("Vary", "Cookie"),), 0),
        ({}, 200, (("Vary", "*"),), 0),
        ({"mode": "override_origin", "default": 600}, 200, (("Cache-Control", "no-store"),), 600),
        ({"mode": "override_origin", "default": 600}, 200, (("Set-Cookie", "a=b"),), 0),
        ({"mode": "override_origin", "default": 600}, 503, (), 0),
        ({"mode": "bypass_by_default"}, 200, (), 0),
        ({"mode": "bypass_by_default"}, 200, (("Cache-Control", "max-age=30"),), 30),
        ({"status_code_ttl": [{"status_code": 404, "value": 5}]}, 404, (), 5),
        ({"status_code_ttl": [{"status_code_range": {"from": 500}, "value": 0}]}, 500, (), 0),
        ({"status_code_ttl": [{"status_code_range": {"to": 299}, "value": -1}]}, 200, (), 0),
    ],
)
def test_for_how_long_an_answer_is_kept(
    settings: dict[str, Any], status: int, answered: tuple[tuple[str, str], ...], seconds: float
) -> None:
    assert Rules.of({"cache": True, "edge_ttl": settings}).seconds_at_edge(status, headers(*answered)) == seconds


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "max-age=5"),
        ({"mode": "override_origin", "default": 60}, "max-age=60"),
        ({"mode": "bypass"}, "no-store"),
        ({"mode": "bypass_by_default"}, "max-age=5"),
    ],
)
def test_for_how_long_a_browser_may_keep_it(settings: dict[str, Any], said: str) -> None:
    answer = CIMultiDict({"Cache-Control": "max-age=5"})
    Rules.of({"browser_ttl": settings}).for_browser(answer)
    assert answer["Cache-Control"] == said


def test_an_answer_is_found_until_it_is_old() -> None:
    clock = Clock()
    cache = Cache(clock)
    put(cache, "https://a.test/x", b"body", 60)
    entry, status = cache.find("https://a.test/x", "br")
    assert entry is not None
    assert (entry.body, status) == (b"body", "HIT")
    clock.now += 59
    assert cache.age(entry) == 59
    clock.now += 1
    assert cache.find("https://a.test/x", "")[1] == "EXPIRED"
    assert cache.find("https://a.test/x", "")[1] == "MISS"


def test_what_varies_by_its_encoding_is_kept_for_each() -> None:
    cache = Cache(Clock())
    put(cache, "https://a.test/x", b"zipped", 60, ("Vary", "Accept-Encoding"))
    assert cache.find("https://a.test/x", "gzip")[1] == "HIT"
    assert cache.find("https://a.test/x", "")[1] == "MISS"


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ({"everything": True}, []),
        ({"files": ["https://a.test/x?q=1"]}, ["https://a.test/x", "https://b.a.test/y/z"]),
        ({"hosts": ["b.a.test"]}, ["https://a.test/x", "https://a.test/x?q=1"]),
        ({"tags": ["Red"]}, ["https://a.test/x", "https://b.a.test/y/z"]),
        ({"prefixes": ["b.a.test/y"]}, ["https://a.test/x", "https://a.test/x?q=1"]),
        ({"prefixes": ["b.a.test/y/"]}, ["https://a.test/x", "https://a.test/x?q=1"]),
        ({"prefixes": ["b.a.test/yy"]}, ["https://a.test/x", "https://a.test/x?q=1", "https://b.a.test/y/z"]),
        ({"files": ["https://a.test/"]}, ["https://a.test/x", "https://a.test/x?q=1", "https://b.a.test/y/z"]),
    ],
)
def test_a_purge_drops_what_it_names(what: dict[str, Any], left: list[str]) -> None:
    cache = Cache(Clock())
    put(cache, "https://a.test/x")
    put(cache, "https://a.test/x?q=1", b"a", 60, ("Cache-Tag", "red, blue"))
    put(cache, "https://b.a.test/y/z")
    cache.purge(purge(**what), "other.test")
    assert len(cache) == 3
    cache.purge(purge(**what), "a.test")
    urls = ["https://a.test/x", "https://a.test/x?q=1", "https://b.a.test/y/z"]
    assert [url for url in urls if cache.find(url, "")[1] == "HIT"] == left


def test_what_was_asked_for_before_a_purge_does_not_come_in_after_it() -> None:
    cache = Cache(Clock())
    before = cache.generation
    cache.purge(purge(everything=True), "a.test")
    cache.keep("https://a.test/x", "", cache.entry(200, CIMultiDict(), b"old", 60, "https://a.test/x"), before)
    assert len(cache) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=40))
def test_it_never_holds_more_than_it_may(puts: list[tuple[int, int]]) -> None:
    cache = Cache(Clock(), max_entries=4, max_bytes=60)
    for number, size in puts:
        put(cache, f"https://a.test/{number}", bytes(size))
        held = [entry for n in range(10) if (entry := cache.find(f"https://a.test/{n}", "")[0])]
        assert len(held) == len(cache) <= 4
        assert sum(len(entry.body) for entry in held) <= 60
        assert cache.find(f"https://a.test/{number}", "")[1] == "HIT"


def test_a_long_answer_is_not_kept() -> None:
    cache = Cache(Clock())
    put(cache, "https://a.test/x", bytes(MAX_BODY + 1))
    assert len(cache) == 0
