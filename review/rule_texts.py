"""What rules put into answers, and where they lead visitors: response headers, and the targets of redirects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from core.environment import within
from core.resources import is_open
from review.finding import Direction, Finding
from review.show import show

# OWASP's list of headers that keep a browser safe (Secure Headers Project).
_SAFE_HEADERS: Final = frozenset(
    {
        *("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options"),
        *("referrer-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"),
        *("cross-origin-embedder-policy", "content-security-policy-report-only"),
    }
)
# Headers by which a site lets others read its answers (Fetch, "CORS protocol").
_SHARING: Final = ("access-control-allow-origin", "access-control-allow-credentials")
_LOOSE: Final = re.compile(r"'unsafe-[a-z-]+'|(?<![\w.:/*-])\*(?![\w.:/-])|\bdata:", re.IGNORECASE)
_REMOVED: Final = "[removed]"
_TARGET: Final = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)


class Told(Protocol):
    """See :class:`review.rulesets.Told`."""

    @property
    def phase(self) -> str: ...

    @property
    def zones(self) -> frozenset[str]: ...

    def finding(
        self, direction: Direction, rule: str, ref: str, what: str, why: str = "", weight: int = 25
    ) -> Finding: ...


def header_findings(told: Told, ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Finding]:
    """What becomes of the response headers that a rule sets."""
    for name in sorted({*old, *new}):
        before, after = _header(old.get(name)), _header(new.get(name))
        if before != after:
            direction, why = _judged(name.lower(), before, after)
            what = f"{name}: {show(before)} → {show(after)}"
            yield told.finding(direction, "header", ref, what, why, 45 if direction in ("stronger", "neutral") else 28)


def _judged(name: str, before: str | None, after: str | None) -> tuple[Direction, str]:
    if name in _SHARING:
        gone = after in (None, _REMOVED)
        return ("neutral", "") if gone else ("weaker", "pages of other sites may read the answers")
    if name not in _SAFE_HEADERS:
        return "neutral", ""
    if after in (None, _REMOVED):
        return "weaker", "browsers are not told to take care any more"
    came = set(_LOOSE.findall(after or "")) - set(_LOOSE.findall(before or ""))
    # Where there was none, one that allows much is more; one that allows all may stand over another rule's.
    if before in (None, _REMOVED) and "*" not in came:
        return "stronger", ""
    why = f"it allows {' '.join(sorted(came))} now" if came else "whether browsers take less care is not known"
    return "weaker" if came and before not in (None, _REMOVED) else "unclear", why


def _header(found: Any) -> str | None:
    """The value that a header is set to; None where it is left alone."""
    if not isinstance(found, dict) or not found:
        return None
    if found.get("operation") == "remove":
        return _REMOVED
    return show(found.get("value", found.get("expression")), 4096)


def led_out(from_value: Any, zones: frozenset[str]) -> list[str]:
    """The hosts outside of ``zones`` that a redirect's target names; none where no zone is known."""
    target = from_value.get("targetUrl") if isinstance(from_value, dict) else None
    texts = [target.get("value"), target.get("expression")] if isinstance(target, dict) else []
    hosts = [host.lower() for text in texts if isinstance(text, str) and not is_open(text) for host in _hosts(text)]
    return [host for host in dict.fromkeys(hosts) if zones and not within(host, zones)]


def _hosts(text: str) -> list[str]:
    return _TARGET.findall(text)
