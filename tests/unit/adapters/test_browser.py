"""Chromium goes where the stack's edge is, believes its authority for its names, and keeps nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.browser import Chromium
from core.errors import CheckError
from core.settings.hosts import Edge
from lab.pki import Pki
from tests.unit.readiness.auth.site import served
from tests.unit.readiness.platform import ZONE, Platform

NAME = f"app.{ZONE}"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="scripts/setup installs Chromium")
def test_a_page_is_the_edge_s_by_its_authority_and_other_names_lead_nowhere(tmp_path: Path) -> None:
    from playwright.sync_api import Error

    with served(Platform(), tmp_path) as edge:
        browser = Chromium(edge, [NAME])
        with browser.page(mobile=True) as page:
            answer = page.goto(f"https://{NAME}/login")
            assert (answer.status, page.title()) == (200, "Page")
            assert "Android" in page.evaluate("navigator.userAgent")
            page.evaluate("localStorage.setItem('kept', '1')")
            with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
                page.goto("https://www.example.com/")
        with browser.page() as page:
            page.goto(f"https://{NAME}/login")
            assert page.evaluate("localStorage.getItem('kept')") is None
            agent = page.evaluate("navigator.userAgent")
            assert "Android" not in agent
            assert "Headless" not in agent


def test_a_certificate_of_another_authority_is_not_believed(tmp_path: Path) -> None:
    with served(Platform(), tmp_path / "one") as edge:
        other = edge.model_copy(update={"ca_file": str(Pki(tmp_path / "other").edge_ca_file)})
        with pytest.raises(CheckError, match=f"{NAME} shows no certificate of "), Chromium(other, [NAME]).page():
            pass


def test_an_edge_that_does_not_answer_is_told(tmp_path: Path) -> None:
    edge = Edge(address="127.0.0.1", https_port=1, ca_file=str(Pki(tmp_path).edge_ca_file))
    with pytest.raises(CheckError, match="ConnectionRefusedError"), Chromium(edge, [NAME]).page():
        pass


def test_without_chromium_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CheckError, match="run scripts/setup"), Chromium().page():
        pass
