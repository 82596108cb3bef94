"""A page loaded in Chromium as on a slow phone: what it paints, what moves, what it weighs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from adapters.browser import Chromium
from readiness.rows.performance.loading import Loader
from tests.own_server import Answering, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(90),
    pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium comes with scripts/setup, not with --python"),
]
STILL = "<!doctype html><meta name=viewport content='width=device-width'><h1>Still</h1>"
MOVING = (
    f"{STILL}<p>{'Some words. ' * 60}</p><script>requestAnimationFrame(() => setTimeout(() => {{"
    "const b = document.createElement('div'); b.style.height = '300px'; document.body.prepend(b)}, 60))</script>"
)


class Site(Answering):
    def do_GET(self) -> None:
        body = {"/still": STILL, "/moving": MOVING}.get(self.path, "").encode()
        self.answer(200 if body else 404, body, ("Content-Type", "text/html"))


@pytest.fixture
def site() -> Iterator[str]:
    with served(Site) as url:
        yield url


def test_paints_shifts_bytes_and_pictures(site: str) -> None:
    with Chromium().page(mobile=True) as page:
        loader = Loader(page)
        still = loader.load(f"{site}/still", filmed=True)
        moving = loader.load(f"{site}/moving")
        nobody = loader.load("http://127.0.0.1:9/")

    # A request takes 562.5 ms on such a phone, whatever the machine.
    assert still.lcp > 500
    assert (still.status, still.element, still.cls, still.trouble) == (200, "H1", 0, "")
    assert still.transferred >= len(STILL)
    assert still.frames
    # On a phone's screen 300 of 640 pixels are a lot.
    assert moving.cls > 0.2
    assert nobody.trouble
