"""What a person does in a browser, and what can be seen there that no answer shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.errors import CheckError
from readiness.check import Picture
from readiness.rows.auth.reading import belongs

# A name that nobody can have (RFC 6761): what asks for it is answered here and goes nowhere.
ELSEWHERE = "https://elsewhere.invalid/"
MILLISECONDS = 10_000
_LINK_AWAY = """(url) => {
  const link = document.createElement('a');
  link.href = url; link.textContent = 'elsewhere'; link.id = 'launch-ready-elsewhere';
  link.style = 'position:fixed;top:0;left:0;z-index:2147483647';
  document.body.append(link);
}"""
_STORED = """async () => {
  const all = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage}), document.cookie];
  for (const {name} of indexedDB.databases ? await indexedDB.databases() : []) {
    const db = await new Promise((done, no) => {
      const open = indexedDB.open(name); open.onsuccess = () => done(open.result); open.onerror = no;
    });
    for (const store of db.objectStoreNames) {
      const rows = await new Promise((done, no) => {
        const get = db.transaction(store).objectStore(store).getAll();
        get.onsuccess = () => done(get.result); get.onerror = no;
      });
      all.push(JSON.stringify(rows));
    }
    db.close();
  }
  return all;
}"""
_PLACES = ("localStorage", "sessionStorage", "document.cookie")
_FIELDS = {
    "email": "input[type=email], input[name*=mail i]",
    "password": "input[type=password]",
    "name": "input[name=name], input[autocomplete=name]",
}
_BUTTON = "button:not([type=button]), input[type=submit]"
LOG_OUT = (
    "form[action*=logout i] button, form[action*=signout i] button, a[href*=logout i], "
    "button:text-matches('(log|sign) ?out', 'i'), a:text-matches('(log|sign) ?out', 'i')"
)


@dataclass
class Walk:
    """One person's page. ``zone`` is the site's own domain: what pages ask for out of it is noted in ``foreign``."""

    page: Any
    zone: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(MILLISECONDS)
        self.page.context.on("request", self._note)

    def _note(self, request: Any) -> None:
        if not _own(request.url, self.zone) and not request.url.startswith(ELSEWHERE):
            self.foreign.append(request.url)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let no request out of the zone meanwhile. The browser has no cache then, as Playwright has it."""
        context = self.page.context

        def foreign(url: str) -> bool:
            return not _own(url, self.zone)

        context.route(foreign, _turned_away)
        try:
            yield
        finally:
            context.unroute(foreign, _turned_away)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Do ``what``. Raises :class:`CheckError` that says what stood in the way."""
        from playwright.sync_api import Error

        try:
            yield
        except (Error, CheckError) as error:
            why = str(error).splitlines()[0]
            self.steps.append((what, why))
            self.picture(f"Stopped: {what}")
            raise CheckError(f"{what}: {why}") from None
        self.steps.append((what, f"done, at {urlsplit(self.page.url).path}"))

    def open(self, url: str) -> int:
        """Go there; returns the status."""
        answer = self.page.goto(url, wait_until="load")
        return int(answer.status) if answer else 0

    def reopen(self, url: str) -> int:
        """Go there and ask anew for what the browser may have kept; returns the status."""
        self.open(url)
        answer = self.page.reload(wait_until="load")
        return int(answer.status) if answer else 0

    def fill(self, **values: str) -> Any:
        """Fill in the form that has a field for each of ``values``; returns it. Raises :class:`CheckError`.

        Without values it is the form with a token in it, where there is one.
        """
        forms = self.page.locator("form").all()
        if not values:
            forms.sort(key=lambda form: not form.locator("input[type=hidden]").count())
        for form in forms:
            if all(form.locator(_FIELDS[kind]).count() for kind in values if kind != "name"):
                for kind, value in values.items():
                    for one in form.locator(_FIELDS[kind]).all():
                        one.fill(value)
                return form
        raise CheckError(f"no form on {urlsplit(self.page.url).path} has a field for {' and '.join(values) or 'it'}")

    def send(self, form: Any) -> int:
        """Press the form's button; returns the status of what was sent. Raises :class:`CheckError` for a refusal."""
        with self.page.expect_response(lambda answer: answer.request.method not in ("GET", "HEAD")) as got:
            form.locator(_BUTTON).first.click()
        status = int(got.value.status)
        self.page.wait_for_load_state("load")
        if status >= 400:
            raise CheckError(f"the form of {urlsplit(got.value.url).path} is answered {status}")
        return status

    def press(self, selector: str) -> None:
        """Press the first of what ``selector`` finds. Raises :class:`CheckError` where there is none."""
        if not (found := self.page.locator(selector)).count():
            raise CheckError(f"there is nothing to press for it on {urlsplit(self.page.url).path}")
        found.first.click()
        self.page.wait_for_load_state("load")

    def stored(self) -> dict[str, str]:
        """What scripts of this page could read, by where it stands."""
        told = self.page.evaluate(_STORED)
        names = [*_PLACES, *(f"IndexedDB {number}" for number in range(1, len(told)))]
        return dict(zip(names, told, strict=False))

    def referrer_elsewhere(self, url: str) -> str:
        """What another site is told in Referer by a link on the page ``url``, opened in a tab of its own."""
        tab = self.page.context.new_page()
        try:
            tab.goto(url, wait_until="load")
            tab.evaluate(_LINK_AWAY, ELSEWHERE)
            tab.click("#launch-ready-elsewhere")
            tab.wait_for_url(ELSEWHERE)
            return str(tab.evaluate("document.referrer"))
        finally:
            tab.close()

    def seen_going_back(self, to: str, words: Iterable[str], most: int = 6) -> list[str]:
        """Which of ``words`` a page shows on the way back to ``to`` by the back button, and the page's path."""
        from playwright.sync_api import Error

        shown = []
        for _ in range(most):
            try:
                self.page.go_back(wait_until="load")
            except Error as error:
                if "ERR_CACHE_MISS" not in str(error):
                    raise
                # What a form was answered is not kept, nor asked for again: the browser shows that it has nothing.
                break
            text = self.page.content()
            shown += [f"{urlsplit(self.page.url).path} shows {word}" for word in words if word in text]
            if self.page.url in (to, "about:blank"):
                break
        return shown

    def picture(self, title: str) -> None:
        """Keep what the page looks like, where it can be drawn."""
        from playwright.sync_api import Error

        path = urlsplit(self.page.url).path
        try:
            self.page.bring_to_front()
            data = self.page.screenshot(type="jpeg", quality=50)
            self.pictures.append(Picture(title, "image/jpeg", data, f"The page {path}, titled {self.page.title()}"))
        except Error as error:
            self.steps.append((f"a picture of {path}", str(error).splitlines()[0]))


def _turned_away(route: Any) -> None:
    if route.request.url.startswith(ELSEWHERE):
        route.fulfill(status=200, content_type="text/html", body="<title>elsewhere</title>")
    else:
        route.abort()


def _own(url: str, zone: str) -> bool:
    scheme = urlsplit(url).scheme
    return scheme not in ("http", "https") or belongs("https" + url[len(scheme) :], zone)
