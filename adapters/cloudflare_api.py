"""Cloudflare's API v4, read: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/.

Reading twice is as good as once, so whatever may pass is tried again: 429 (after what ``Retry-After`` says), 5xx, a
timeout, an answer that is cut short. A list whose pages do not add up to what the API says there is, is read anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import LiveError
from core.secret import Secret
from core.terminal import clean

_PER_PAGE = 100
_MOST_PAGES = 1000
_MOST_RETRY_AFTER = 60.0
_PASSING = (408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524)


class CloudflareApi:
    """Fulfils :class:`core.ports.LiveApi`."""

    def __init__(
        self,
        base: str,
        token: Secret,
        *,
        attempts: int = 5,
        seconds: float = 30.0,
        pause: float = 0.5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``base`` ends in ``/client/v4``. Each request is tried ``attempts`` times, ``seconds`` each.

        Before try n it waits ``pause`` × 2ⁿ s, or what the API asks for, up to a minute.
        """
        self._base, self._token = base.rstrip("/"), token
        self._attempts, self._seconds, self._pause, self._sleep = attempts, seconds, pause, sleep

    def get(self, path: str) -> Mapping[str, Any] | None:
        """One object; None for 404."""
        found = self._envelope(path, {})
        result = None if found is None else found.get("result")
        return result if isinstance(result, dict) else None

    def items(self, path: str, query: Mapping[str, str] | None = None) -> list[Mapping[str, Any]]:
        """Every item of a collection; none for 404."""
        seen = total = 0
        for attempt in range(self._attempts):
            items, total = self._pages(path, query or {})
            if len(items) == total:
                return items
            seen = len(items)
            self._wait(attempt, 0)
        raise LiveError(
            f"{self._host} gave {seen} of the {total} items of {path}, {self._attempts} times: run this again"
        )

    def _pages(self, path: str, query: Mapping[str, str]) -> tuple[list[Mapping[str, Any]], int]:
        items: list[Mapping[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            found = self._envelope(path, {**query, "page": str(page), "per_page": str(_PER_PAGE)})
            result = [] if found is None else found.get("result") or []
            if not isinstance(result, list):
                raise LiveError(f"{self._host} answers {path} with something else than a list")
            items += [item for item in result if isinstance(item, dict)]
            info = (found or {}).get("result_info") or {}
            total = info.get("total_count")
            if page >= int(info.get("total_pages") or 1):
                # A collection that is never cut into pages has no count.
                return items, total if isinstance(total, int) else len(items)
        raise LiveError(f"{self._host} has over {_MOST_PAGES * _PER_PAGE} items at {path}")

    def _envelope(self, path: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        reason = ""
        for attempt in range(self._attempts):
            status, asked, found, reason = self._once(path, query)
            if found is not None:
                return found
            if status == 404:
                return None
            if status and status not in _PASSING:
                break
            if attempt + 1 < self._attempts:
                self._wait(attempt, asked)
        raise LiveError(f"GET {path}: {self._host} {reason}")

    def _once(self, path: str, query: Mapping[str, str]) -> tuple[int, float, dict[str, Any] | None, str]:
        """Status (0 without a whole answer), seconds to wait, the envelope of a success, and why there is none."""
        import requests

        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            answer = requests.get(
                self._base + path,
                params=dict(query),
                headers=headers,
                # With none of its own, requests looks for a login in ~/.netrc.
                auth=lambda request: request,
                timeout=(min(5.0, self._seconds), self._seconds),
                allow_redirects=False,
            )
            found = answer.json() if answer.headers.get("Content-Type", "").startswith("application/json") else None
        except requests.exceptions.Timeout:
            return 0, 0, None, f"did not answer within {self._seconds:g} s, {self._attempts} times: try again"
        except requests.exceptions.JSONDecodeError:
            return 0, 0, None, "cut its answer short each time: try again"
        except requests.exceptions.RequestException as error:
            return 0, 0, None, f"cannot be reached ({type(error).__name__}): is the network up?"
        except UnicodeError:
            return 1, 0, None, "was not asked: the token has characters that no token has"
        if isinstance(found, dict) and answer.ok and found.get("success") is True:
            return answer.status_code, 0, found, ""
        return answer.status_code, _asked(answer.headers.get("Retry-After", "")), None, _why(answer.status_code, found)

    def _wait(self, attempt: int, asked: float) -> None:
        self._sleep(min(asked, _MOST_RETRY_AFTER) if asked else self._pause * 2**attempt)

    @property
    def _host(self) -> str:
        return urlsplit(self._base).hostname or "nowhere"


def _asked(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() else 0.0


def _why(status: int, found: Any) -> str:
    errors = found.get("errors") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    said = clean(str(first.get("message", "")))[:160]
    hint = {401: "; is the token right?", 403: "; the token may not read this", 429: "; wait a few minutes"}
    return f"answers {status}" + (f" ({said})" if said else "") + hint.get(status, "")
