"""HTTP to Cloudflare's API v4: the envelope, pages, errors, and what is tried again."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from core.loopback import require_loopback_url
from core.secret import Secret
from lab.engine.providers import ProviderError

_TIMEOUT = (5.0, 30.0)
_PAGE = 100
_TRANSIENT = (429, 500, 502, 503, 504)
# Every PATCH and PUT of this provider says what the values shall be, so that twice does what once does.
_IDEMPOTENT = frozenset({"GET", "PUT", "PATCH", "DELETE"})


class ApiError(ProviderError):
    """The API refused or did not answer. ``status`` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0, *, uncertain: bool = False) -> None:
        """Take the sentence that is shown, and the status."""
        super().__init__(message, uncertain=uncertain or status >= 500)
        self.status = status


class _Retry(Retry):
    """What is tried again: 429 says that nothing was done, so it is for every method."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == requests.codes.too_many_requests or super().is_retry(method, status_code, has_retry_after)


class Client:
    """Calls one API with one token. Safe to share between threads: each call is a request of its own."""

    def __init__(self, base_url: str, token: Secret, attempts: int = 5, pause: float = 0.2) -> None:
        """``base_url`` ends in ``/client/v4`` and has to be on loopback.

        A refused connection and an answer of 429 are tried ``attempts`` times whatever the method (nothing was done),
        an answer of 5xx, one that is cut short and none at all only where the method is idempotent; before try n the
        client waits ``pause`` × 2ⁿ seconds, or what ``Retry-After`` says up to 10 s.
        """
        self._base = require_loopback_url(base_url).rstrip("/")
        self._attempts = attempts
        self._session = requests.Session()
        # The environment's proxies would take the call, token and all, off this machine.
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token.reveal()}"
        retry = _Retry(
            total=attempts - 1,
            status_forcelist=_TRANSIENT,
            allowed_methods=_IDEMPOTENT,
            backoff_factor=pause,
            retry_after_max=10,
            raise_on_status=False,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry, pool_maxsize=32))

    def call(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> Any:
        """The ``result`` of one call. Raises :class:`ApiError` with Cloudflare's codes and messages."""
        return self._envelope(method, path, body, query).get("result")

    def pages(self, path: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a collection, all pages of it."""
        items: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self._envelope("GET", path, None, {**(query or {}), "page": page, "per_page": _PAGE})
            items += answer.get("result") or []
            info = answer.get("result_info") or {}
            if page >= int(info.get("total_pages") or 1):
                return items
            page += 1

    def _envelope(self, method: str, path: str, body: Any, query: dict[str, Any] | None) -> dict[str, Any]:
        try:
            answer = self._answer(method, path, body, query)
        except requests.RequestException as error:
            refused = "refused" in str(error)
            reason = "refused the connection" if refused else f"did not answer ({type(error).__name__})"
            message = f"Cloudflare's API at {self._base} {reason}: is the lab up (`invoke lab.up`)?"
            raise ApiError(message, uncertain=not refused) from None
        if answer.status_code == requests.codes.no_content:
            return {}
        try:
            envelope = answer.json()
        except requests.JSONDecodeError:
            envelope = None
        if not isinstance(envelope, dict):
            raise ApiError(f"{method} {path}: HTTP {answer.status_code} without JSON", answer.status_code)
        if not answer.ok or not envelope.get("success", False):
            raise ApiError(f"{method} {path}: {_reasons(envelope)} (HTTP {answer.status_code})", answer.status_code)
        return envelope

    def _answer(self, method: str, path: str, body: Any, query: dict[str, Any] | None) -> requests.Response:
        """The answer with its body, which the adapter's own retries do not cover."""
        for left in reversed(range(self._attempts)):
            try:
                return self._session.request(
                    method, self._base + path, json=body, params=query, timeout=_TIMEOUT, allow_redirects=False
                )
            except requests.exceptions.ChunkedEncodingError:
                if not left or method not in _IDEMPOTENT:
                    raise
        raise AssertionError("a client makes one attempt at least")


def _reasons(envelope: dict[str, Any]) -> str:
    """``code message`` of each error and of what caused it (``error_chain``)."""
    errors = [error for error in envelope.get("errors") or [] if isinstance(error, dict)]
    chained = [cause for error in errors for cause in error.get("error_chain") or [] if isinstance(cause, dict)]
    reasons = [f"{error.get('code')} {error.get('message')}" for error in [*errors, *chained]]
    return "; ".join(reasons) or "refused without a reason"
