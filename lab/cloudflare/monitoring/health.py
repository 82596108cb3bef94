"""How a health check stands, from one probe to the next. Pure.

Source: https://developers.cloudflare.com/api/resources/healthchecks/ (``consecutive_fails`` and its like).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.cloudflare.store import Json

UNKNOWN, HEALTHY, UNHEALTHY = "unknown", "healthy", "unhealthy"


@dataclass(frozen=True)
class Health:
    """``reason`` is why the last probe failed ("" if it did not); the counts are of probes in a row."""

    status: str = UNKNOWN
    reason: str = ""
    fails: int = 0
    successes: int = 0

    def after(self, reason: str, check: Json) -> Health:
        """How it stands after one more probe, which failed for ``reason``, or succeeded if that is empty."""
        if reason:
            found = replace(self, reason=reason, fails=self.fails + 1, successes=0)
            return replace(found, status=UNHEALTHY) if found.fails >= check["consecutive_fails"] else found
        found = replace(self, reason="", successes=self.successes + 1, fails=0)
        return replace(found, status=HEALTHY) if found.successes >= check["consecutive_successes"] else found

    def shown(self) -> Json:
        """What the API says of it: a reason only of what is unhealthy."""
        return {"status": self.status, "failure_reason": self.reason if self.status == UNHEALTHY else ""}


def is_news(before: Health, now: Health) -> bool:
    """Whether somebody is told: of a change, but not of the first good news."""
    return before.status != now.status and (before.status, now.status) != (UNKNOWN, HEALTHY)
