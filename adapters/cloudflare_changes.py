"""Cloudflare's API v4, written to: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/.

Nothing is tried again: a request whose answer was lost may have been done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import LiveError
from core.secret import Secret
from core.terminal import clean


class CloudflareChanges:
    """Fulfils :class:`core.ports.LiveChanges`. ``base`` ends in ``/client/v4``; each request has ``seconds``."""

    def __init__(self, base: str, token: Secret, *, seconds: float = 15.0) -> None:
        self._base, self._token, self._seconds = base.rstrip("/"), token, seconds

    def make(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """POST."""
        return self._asked("POST", path, body)

    def change(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """PATCH."""
        return self._asked("PATCH", path, body)

    def remove(self, path: str) -> None:
        """DELETE."""
        self._asked("DELETE", path, None)

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        import requests

        host = urlsplit(self._base).hostname or "nowhere"
        try:
            answer = requests.request(
                method,
                self._base + path,
                json=body,
                headers={"Authorization": f"Bearer {self._token.reveal()}"},
                # With none of its own, requests looks for a login in ~/.netrc.
                auth=lambda request: request,
                timeout=self._seconds,
                allow_redirects=False,
            )
            found = answer.json()
        except (requests.exceptions.RequestException, ValueError) as error:
            raise LiveError(f"{method} {path}: {host} gave no answer ({type(error).__name__})") from None
        if method == "DELETE" and answer.status_code == 404:
            return {}
        if not isinstance(found, dict) or found.get("success") is not True:
            raise LiveError(f"{method} {path}: {host} answers {answer.status_code}{_why(found)}")
        result = found.get("result")
        return result if isinstance(result, dict) else {}


def _why(found: Any) -> str:
    errors = found.get("errors") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    said = clean(str(first.get("message", "")))[:160]
    return f" ({said})" if said else ""
