"""The pages in a real browser: readable by everybody, on a phone, in the dark, by keyboard and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from adapters.browser import Chromium
from readiness.handover.html import as_html as handover_page
from readiness.report.html import as_html
from tests.unit.readiness.test_handover import made
from tests.unit.readiness.test_reports import HOSTILE, WAIVER, report

pytestmark = pytest.mark.slow

PAGES = {"report": as_html(report(waivers=(WAIVER,), before="pass")), "handover": handover_page(made(HOSTILE))}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with Chromium().page() as page:
        yield page


@pytest.fixture(params=list(PAGES))
def page(browser: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    file = tmp_path / "page.html"
    file.write_text(PAGES[request.param], encoding="utf-8")
    browser.set_viewport_size({"width": 1200, "height": 900})
    browser.emulate_media(color_scheme="light", media="screen")
    browser.goto(file.as_uri())
    return browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["impact"], [node["html"] for node in each["nodes"]][:2]) for each in found] == []


def test_a_phone_shows_it_without_scrolling_sideways(page: Any) -> None:
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_nothing_hostile_runs_and_nothing_is_fetched(page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.reload()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.scripts.length") == 0


def test_the_rows_are_reached_and_opened_by_keyboard(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGES["report"], encoding="utf-8")
    browser.goto(file.as_uri())
    browser.keyboard.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip"
    browser.evaluate("document.querySelector('details.pass summary').focus()")
    browser.keyboard.press("Enter")
    assert browser.evaluate("document.querySelector('details.pass').open")


def test_paper_shows_what_is_folded(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGES["report"], encoding="utf-8")
    browser.goto(file.as_uri())
    folded = "document.querySelector('details.pass .inside p').checkVisibility({contentVisibilityAuto: true})"
    assert not browser.evaluate(folded)
    browser.emulate_media(media="print")
    assert browser.evaluate("document.querySelector('details.pass .inside p').getBoundingClientRect().height") > 0
