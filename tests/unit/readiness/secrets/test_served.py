"""The site as a visitor walks it: what pages load, maps that are named or guessed, files that only look served."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.site import Reply
from readiness.check import Outcome
from readiness.rows.secrets.served import Crawl, stray_files

ORIGIN = "https://app.community.test"
HTML = (("content-type", "text/html; charset=utf-8"),)


class _Site:
    """Answers what it has, and 404."""

    def __init__(self, pages: dict[str, Reply]) -> None:
        self._pages = pages
        self.asked: list[str] = []

    def ask(self, _method: str, url: str, **_options: Any) -> Reply:
        """By path and query."""
        self.asked.append(url)
        return self._pages.get(url.removeprefix(ORIGIN), Reply(404))


def _crawled(pages: dict[str, Reply]) -> tuple[Crawl, _Site]:
    site: Any = _Site(pages)
    crawl = Crawl(site, ORIGIN, ("/",))
    crawl.run()
    return crawl, site


def test_all_that_a_page_loads_is_read_and_nobody_else_is_asked() -> None:
    page = b'<script src="/a.js?v=1"></script><link href="/b.css"><a href="/next"><script src="https://cdn.test/x.js">'
    crawl, site = _crawled(
        {
            "/": Reply(200, HTML, page),
            "/next": Reply(200, HTML, b'<script src="/c.js"></script><a href="/third">'),
            "/a.js?v=1": Reply(200, (), b'import("./d.js")'),
        }
    )
    asked = {url.removeprefix(ORIGIN) for url in site.asked}
    assert {"/a.js?v=1", "/b.css", "/c.js", "/d.js", "/a.js.map"} <= asked
    assert "/third" not in asked
    assert not [url for url in site.asked if not url.startswith(ORIGIN)]
    assert crawl.left == 0


@pytest.mark.parametrize(
    "script",
    [
        Reply(200, (), b"a\n//# sourceMappingURL=a.js.map"),
        Reply(200, (("SourceMap", "/a.js.map"),), b"a"),
        Reply(200, (), b"a"),
    ],
    ids=["comment", "header", "guessed"],
)
def test_a_map_is_asked_for(script: Reply) -> None:
    _, site = _crawled({"/": Reply(200, HTML, b'<script src="/a.js"></script>'), "/a.js": script})
    assert f"{ORIGIN}/a.js.map" in site.asked


def test_a_map_inside_of_a_script_is_one() -> None:
    script = Reply(200, (), b"a\n//# sourceMappingURL=data:application/json;base64,e30=")
    crawl, _ = _crawled({"/": Reply(200, HTML, b'<script src="/a.js"></script>'), "/a.js": script})
    assert crawl.maps


def test_a_site_without_end_is_left_and_told() -> None:
    class _Endless:
        def ask(self, _method: str, url: str, **_options: Any) -> Reply:
            number = len(url)
            links = "".join(f'<script src="/{number}-{at}.js"></script>' for at in range(200))
            return Reply(200, HTML, links.encode())

    endless: Any = _Endless()
    crawl = Crawl(endless, ORIGIN, ("/",))
    crawl.run()
    assert len(crawl.replies) == 80
    assert crawl.left > 0


def _stray(pages: dict[str, Reply], default: Reply) -> Any:
    site = SimpleNamespace(ask=lambda _method, url, **_options: pages.get(url.removeprefix(ORIGIN), default))
    settings = SimpleNamespace(dns=SimpleNamespace(web=("app",)), zone=SimpleNamespace(name="community.test"))
    target: Any = SimpleNamespace(visitor=lambda: site, settings=settings)
    return next(iter(stray_files(target)))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/.env", b"APP_ENV=production\nDB_PASSWORD=x\n"),
        ("/.git/HEAD", b"ref: refs/heads/main\n"),
        ("/backup.zip", b"PK\x03\x04rest"),
        ("/backup.sql", b"-- PostgreSQL database dump\n"),
    ],
)
def test_a_stray_file_is_told(path: str, body: bytes) -> None:
    result = _stray({path: Reply(200, (), body)}, Reply(404))
    assert result.outcome is Outcome.FAIL
    assert path in result.summary


def test_a_site_that_answers_everything_with_its_page_serves_none() -> None:
    assert _stray({}, Reply(200, HTML, b"<!doctype html><title>Home</title>")).outcome is Outcome.PASS


def test_a_site_that_does_not_answer_cannot_be_told() -> None:
    assert _stray({}, Reply(0, reason="it hangs")).outcome is Outcome.CANNOT_TELL
