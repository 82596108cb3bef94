"""The way in a real browser: all of it, and each thing that only a browser shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.browser import Chromium
from readiness.check import Outcome, Result
from readiness.rows import auth
from readiness.rows.auth import journey
from tests.unit.readiness.auth.site import served
from tests.unit.readiness.fakes import make_target, results_of
from tests.unit.readiness.platform import ZONE, Platform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="scripts/setup installs Chromium"),
]
PROBE = next(probe for probe in auth.PROBES if probe.run is journey.way)
FAULTS = {
    "token-in-referrer": ("auth.no-token-in-referrer", "tells other sites its address"),
    "third-party": ("auth.no-third-party-on-token-pages", "/verify loads from counter.example; /reset loads from"),
    "token-stays": ("auth.token-leaves-the-address", "keeps the used token"),
    "token-stored": ("auth.no-secret-in-web-storage", "localStorage holds a secret"),
    "cookie-no-httponly": ("auth.no-secret-in-web-storage", "document.cookie holds a secret"),
    "cached-for-back": ("auth.nothing-left-after-logout", "/api/auth/me shows check-browser"),
    "paste-refused": ("auth.password-fields", "/signup refuses what is pasted"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pki")


def _walked(faults: set[str], folder: Path) -> tuple[dict[str, Result], Platform, list[str]]:
    platform = Platform(faults)
    with served(platform, folder) as edge:
        target = make_target(platform, browser=Chromium(edge, [f"app.{ZONE}"]))
        told = results_of(PROBE, target)
        left = target.people.leave()
    return told, platform, left


def test_a_platform_without_a_fault_is_walked_to_the_end(folder: Path) -> None:
    told, platform, left = _walked(set(), folder)
    assert {one.outcome for one in told.values()} == {Outcome.PASS}, [one.summary for one in told.values()]
    assert told["auth.browser-journey"].summary == "11 of 11 steps were walked"
    assert (left, platform.users) == ([], {})


def test_what_only_a_browser_shows_is_told(folder: Path) -> None:
    told, _platform, _left = _walked(set(FAULTS), folder)
    assert told["auth.browser-journey"].outcome is Outcome.PASS, told["auth.browser-journey"].summary
    for check, says in FAULTS.values():
        assert told[check].outcome is Outcome.FAIL, told[check].summary
        assert says in told[check].summary


def test_a_way_that_ends_early_is_told_with_its_step_and_nothing_after_it_passes(folder: Path) -> None:
    told, _platform, left = _walked({"no-way-out"}, folder)
    journey_result = told.pop("auth.browser-journey")
    assert journey_result.outcome is Outcome.FAIL
    assert journey_result.summary.startswith("log out: there is nothing to press for it on /")
    assert {one.outcome for one in told.values()} == {Outcome.CANNOT_TELL}
    assert left == []
