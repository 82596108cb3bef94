"""What a page's markup says that headers do not: its scripts, and its ``http-equiv``."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_MOST = 2000


@dataclass(frozen=True)
class Script:
    """``<script src>``."""

    src: str
    integrity: str


@dataclass(frozen=True)
class Page:
    """Of the markup, up to :data:`_MOST` of each kind. ``equivalents`` are pairs of lower-case name and value."""

    scripts: tuple[Script, ...] = ()
    inline_scripts: int = 0
    assets: tuple[str, ...] = ()
    """Addresses of style sheets, scripts, images and fonts, as they stand."""
    equivalents: tuple[tuple[str, str], ...] = ()

    def equivalent(self, name: str) -> list[str]:
        """The values of ``http-equiv=name``."""
        return [value for key, value in self.equivalents if key == name]


def read(markup: str) -> Page:
    """Never raises: what is no markup has nothing in it."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return Page(
        tuple(reader.scripts[:_MOST]),
        reader.inline,
        tuple(dict.fromkeys(reader.assets[:_MOST])),
        tuple(reader.equivalents[:_MOST]),
    )


@dataclass
class _Found:
    scripts: list[Script] = field(default_factory=list)
    inline: int = 0
    assets: list[str] = field(default_factory=list)
    equivalents: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser, _Found):
    def __init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        _Found.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: (value or "").strip() for name, value in reversed(attrs)}
        if tag == "script" and has.get("src"):
            self.scripts.append(Script(has["src"], has.get("integrity", "")))
        elif tag == "script":
            self.inline += 1
        elif tag == "meta" and "http-equiv" in has:
            self.equivalents.append((has["http-equiv"].lower(), has.get("content", "")))
        if tag in ("script", "img") and has.get("src"):
            self.assets.append(has["src"])
        elif tag == "link" and has.get("href") and _loads(has.get("rel", "")):
            self.assets.append(has["href"])


def _loads(rel: str) -> bool:
    return bool({"stylesheet", "icon", "preload", "modulepreload"} & set(rel.lower().split()))
