"""Pages looked at in a real browser, as somebody who is signed in: what runs there, and what was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import CheckError
from readiness.people import Person
from readiness.rows.inputs.payloads import ATTRIBUTE
from readiness.target import Target

_MILLISECONDS = 8000
_PUT_IN = (
    "mark => [...document.querySelectorAll('*')].filter(one => one.getAttribute('{0}') === mark"
    " || (one.protocol === 'javascript:' && one.href.includes(mark))).map(one => one.localName)"
).replace("{0}", ATTRIBUTE)


@dataclass(frozen=True)
class Visited:
    """One page. ``wrong`` says what ran or was put in; "" for nothing."""

    page: str
    status: int
    wrong: str


def visit(target: Target, person: Person, pages: Sequence[str], mark: str) -> list[Visited] | str:
    """Look at ``pages`` as ``person``; or why there is nothing to look with."""
    if target.browser is None:
        return "there is no browser to look with: apt-get install chromium"
    try:
        with target.browser.page() as page:
            sign_in(page, target, person)
            return [_look(page, target.url(path), path, mark) for path in pages]
    except CheckError as error:
        return str(error)


def sign_in(page: Any, target: Target, person: Person) -> None:
    """Give the page's browser the person's cookies."""
    cookies = [
        {"name": name, "value": value, "url": target.origin, "secure": True, "httpOnly": True}
        for name, value in person.visitor.cookies.items()
    ]
    page.context.add_cookies(cookies)


def _look(page: Any, url: str, path: str, mark: str) -> Visited:
    from playwright.sync_api import Error

    dialogs: list[str] = []

    def closed(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", closed)
    try:
        answer = page.goto(url, timeout=_MILLISECONDS, wait_until="load")
        found = page.evaluate(_PUT_IN, mark)
    except Error as error:
        if "Download is starting" in str(error):
            return Visited(path, 0, "")
        raise CheckError(f"Chromium could not open {path}: {str(error).splitlines()[0][:200]}") from None
    finally:
        page.remove_listener("dialog", closed)
    wrong = [f"the payload became {', '.join(sorted(set(found)))}"] if found else []
    wrong += ["it ran: a dialog opened"] if dialogs else []
    return Visited(path, answer.status if answer else 0, "; ".join(wrong))
