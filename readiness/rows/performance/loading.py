"""One page loaded by Chromium as on a slow phone: what was painted when, what moved, what it weighed.

The method is Lighthouse's "mobile slow 4G" with DevTools throttling: 150 ms and 1.6 Mbit/s of a network come to
562.5 ms a request, 1474.56 kbit/s down and 675 kbit/s up as DevTools counts them, and the processor is 4 times slower
(https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md). Paints and shifts come from the browser's own
PerformanceObserver (W3C Largest Contentful Paint, Layout Instability).
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Any

METHOD = "Lighthouse's mobile slow 4G by DevTools throttling: 562.5 ms a request, 1474.56 kbit/s, processor ×4"
_NETWORK = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1474.56 * 1024 / 8,
    "uploadThroughput": 675 * 1024 / 8,
    "connectionType": "cellular4g",
}
_SLOWER = 4
_LONGEST = 20_000
_QUIET = 500
"""Milliseconds after the load in which late paints and shifts are waited for."""

# Nobody touches the page, and still Chromium says hadRecentInput of each shift in the half second after it took on the
# phone's size: so all shifts count. It runs before the page's own code, and beside its
# Content-Security-Policy: it is the browser's, not the page's.
_OBSERVE = """
(() => {
  const seen = window.__launchReady = {lcp: 0, element: '', cls: 0};
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      seen.lcp = entry.startTime;
      seen.element = entry.element ? entry.element.tagName : '';
    }
  }).observe({type: 'largest-contentful-paint', buffered: true});
  let sum = 0, first = 0, last = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const near = sum && entry.startTime - last < 1000 && entry.startTime - first < 5000;
      sum = near ? sum + entry.value : entry.value;
      if (!near) first = entry.startTime;
      last = entry.startTime;
      seen.cls = Math.max(seen.cls, sum);
    }
  }).observe({type: 'layout-shift', buffered: true});
})();
"""


@dataclass
class Loaded:
    """One load: milliseconds, a score without unit, requests, bytes as transferred, and pictures on the way."""

    lcp: float = 0.0
    element: str = ""
    cls: float = 0.0
    requests: int = 0
    transferred: int = 0
    status: int = 0
    trouble: str = ""
    frames: list[tuple[float, bytes]] = field(default_factory=list, repr=False)


class Loader:
    """Loads pages in ``page`` (Playwright's), with nothing kept between two."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._now = Loaded()
        self._began = 0.0
        self._session.on("Network.requestWillBeSent", self._requested)
        self._session.on("Network.loadingFinished", self._finished)
        self._session.on("Page.screencastFrame", self._framed)
        self._session.send("Network.enable")
        self._session.send("Network.emulateNetworkConditions", _NETWORK)
        self._session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        page.add_init_script(_OBSERVE)

    def load(self, url: str, *, filmed: bool = False) -> Loaded:
        """Load it once. Nothing is raised for what the page does: ``trouble`` says it."""
        from playwright.sync_api import Error

        self._page.goto("about:blank")
        self._session.send("Network.clearBrowserCache")
        self._now, self._began = Loaded(), time.monotonic()
        try:
            if filmed:
                self._film()
            answer = self._page.goto(url, wait_until="load", timeout=_LONGEST)
            self._page.wait_for_timeout(_QUIET)
            self._now.status = answer.status if answer else 0
            seen = self._page.evaluate("window.__launchReady")
        except Error as error:
            self._now.trouble = str(error).splitlines()[0][:200]
            return self._now
        finally:
            if filmed:
                self._session.send("Page.stopScreencast")
        self._now.lcp, self._now.element, self._now.cls = seen["lcp"], seen["element"], seen["cls"]
        return self._now

    def _film(self) -> None:
        how = {"format": "jpeg", "quality": 50, "maxWidth": 240, "maxHeight": 480, "everyNthFrame": 1}
        self._session.send("Page.startScreencast", how)

    def _requested(self, event: Any) -> None:
        if not str(event["request"]["url"]).startswith("data:"):
            self._now.requests += 1

    def _finished(self, event: Any) -> None:
        self._now.transferred += int(event["encodedDataLength"])

    def _framed(self, event: Any) -> None:
        self._now.frames.append((time.monotonic() - self._began, base64.b64decode(event["data"])))
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})
