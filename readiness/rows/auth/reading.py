"""What cookies and mails say: pure functions of text that a platform sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from core.site import Reply

_MOST_SECONDS = 10**11
_LINK = re.compile(r"https?://[^\s\"'<>]{1,2000}")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "thirty": 30, "twenty-four": 24, "forty-eight": 48}
_UNITS = {"minute": 60, "min": 60, "hour": 3600, "hr": 3600, "h": 3600, "day": 86400, "week": 604800}
_LASTS = re.compile(
    rf"\b(\d{{1,6}}|{'|'.join(_NUMBERS)})[ \u00a0-]?(minute|min|hour|hr|h|day|week)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cookie:
    """One Set-Cookie (RFC 6265bis 5.6); attributes' names in lower case, "" for one without a value."""

    name: str
    value: str
    attributes: dict[str, str]

    def lasts(self, now: datetime) -> timedelta | None:
        """How long the browser keeps it: Max-Age before Expires; None where it goes when the browser is closed."""
        age, expires = self.attributes.get("max-age"), self.attributes.get("expires")
        if age is not None and re.fullmatch(r"-?\d+", age):
            return timedelta(seconds=max(0, min(int(age[:14]), _MOST_SECONDS)))
        if expires is None:
            return None
        try:
            ends = parsedate_to_datetime(expires)
        except (ValueError, TypeError, OverflowError):
            return None
        return max(timedelta(0), (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - now)


def cookies_of(reply: Reply) -> list[Cookie]:
    """What ``reply`` sets, in order; what has no name is left out, as browsers do."""
    found = (_cookie(line) for line in reply.all("Set-Cookie"))
    return [cookie for cookie in found if cookie.name]


def _cookie(line: str) -> Cookie:
    pair, *rest = line.split(";")
    name, equals, value = pair.partition("=")
    attributes = {}
    for one in rest:
        key, _, text = one.partition("=")
        attributes[key.strip().lower()] = text.strip()
    return Cookie(name.strip() if equals else "", value.strip().strip('"'), attributes)


def session_of(cookies: Sequence[Cookie], name: str) -> Cookie | None:
    """The session's cookie out of those that a login set: the one called ``name``, else the most likely one."""
    kept = [cookie for cookie in cookies if cookie.value]
    likely = re.compile(r"sess|sid|auth|token", re.IGNORECASE)
    called = [cookie for cookie in kept if cookie.name == name]
    return next(iter(called or [cookie for cookie in kept if likely.search(cookie.name)] or kept), None)


def link_in(text: str, token: str) -> str:
    """The mail's link that carries ``token``; "" without one."""
    return next((link.rstrip(".,;)") for link in _LINK.findall(text) if token in link), "")


def belongs(link: str, zone: str) -> bool:
    """Whether ``link`` leads to the zone itself, by HTTPS."""
    parts = urlsplit(link)
    name = (parts.hostname or "").lower()
    return parts.scheme == "https" and (name == zone or name.endswith("." + zone))


def stated_lifetime(text: str) -> timedelta | None:
    """How long the mail says that its link works: the shortest time that it names; None where it names none."""
    times = [
        int(number) * _UNITS[unit.lower()] if number.isdecimal() else _NUMBERS[number.lower()] * _UNITS[unit.lower()]
        for number, unit in _LASTS.findall(_LINK.sub(" ", text))
    ]
    return timedelta(seconds=min(times)) if times else None


def in_words(span: timedelta) -> str:
    """``14 days``, ``30 minutes``, ``90 s``."""
    seconds = int(span.total_seconds())
    for word, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if (seconds >= 2 * size and seconds % size == 0) or seconds == size:
            count = seconds // size
            return f"{count} {word if count != 1 else word[:-1]}"
    return f"{seconds} s"
