"""One JSON request to somebody else's API: bounded, over HTTPS, to nowhere but there; no secret in what goes wrong.

``requests`` is imported by whoever sends: a release without markers does not wait for it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.errors import AfterError, LabError
from core.loopback import require_loopback_url
from core.secret import Secret
from core.terminal import clean

_AGENT = "launch-ready/1"
_WORD = re.compile(r"[a-z0-9_ .-]{1,60}", re.IGNORECASE)


@dataclass(frozen=True)
class Answered:
    """A status, and the JSON that came with it, if any did."""

    status: int
    document: Any = None
    text: str = ""

    @property
    def words(self) -> str:
        """Why it was refused, as far as it says so: an API's own message, or a short plain word."""
        found = self.document
        if isinstance(found, dict):
            errors = found.get("errors")
            first = errors[0] if isinstance(errors, list) and errors else found
            said = first.get("message") or first.get("detail") if isinstance(first, dict) else first
            return clean(str(said))[:160] if said else ""
        return self.text if _WORD.fullmatch(self.text) else ""


@dataclass(frozen=True)
class Client:
    """Sends to one address. ``seconds`` is all that one request may take, its answer read."""

    url: Secret
    headers: Mapping[str, Secret] = field(default_factory=dict)
    seconds: float = 5.0
    most_bytes: int = 256 * 1024
    """What of an answer is read."""

    @property
    def host(self) -> str:
        """The one part of the address that a message may name."""
        return urlsplit(self.url.reveal()).hostname or "nowhere"

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        """POST JSON. Raises :class:`AfterError` for an answer that is no 2xx, or none in time."""
        return self.send("POST", path, body, headers)

    def get(self, path: str) -> Answered:
        """GET. Raises :class:`AfterError` as :meth:`post` does."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answered:
        """One request; a redirect is not followed, for the token would go where nobody said."""
        answered = self._answered(method, _checked(self.url.reveal()) + path, body, headers or {})
        if not 200 <= answered.status < 300:
            words = self._struck(answered.words)
            raise AfterError(f"{self.host} answers {answered.status}" + (f": {words}" if words else ""))
        return answered

    def _answered(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        import requests

        ends = time.monotonic() + self.seconds
        sent = {"User-Agent": _AGENT, "Content-Type": "application/json", **headers}
        sent |= {name: value.reveal() for name, value in self.headers.items()}
        try:
            with requests.request(
                method,
                url,
                data=body,
                headers=sent,
                # With none of its own, requests looks for a login in ~/.netrc.
                auth=lambda request: request,
                timeout=self.seconds,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return _read(answer, ends, self.most_bytes)
        except requests.exceptions.RequestException as error:
            # Its own words hold the whole address.
            raise AfterError(f"{self.host} {_why(error, self.seconds)}") from None
        except UnicodeError:
            raise AfterError(f"the token for {self.host} has characters that no token has") from None

    def _struck(self, words: str) -> str:
        # A token stands behind its scheme ("Bearer …"), and an API may repeat it alone.
        words_sent = [word for value in self.headers.values() for word in value.reveal().split()]
        secrets = [self.url.reveal(), urlsplit(self.url.reveal()).path, *words_sent]
        return "" if any(len(secret) > 4 and secret in words for secret in secrets) else words


def _checked(url: str) -> str:
    """HTTPS, or HTTP to this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and parts.username is None:
        return url
    try:
        return require_loopback_url(url)
    except LabError:
        raise AfterError("the address is no https:// one: set it anew") from None


def _read(answer: Any, ends: float, most: int) -> Answered:
    data = bytearray()
    for piece in answer.iter_content(8192):
        data += piece
        if len(data) > most or time.monotonic() > ends:
            break
    text = bytes(data).decode("utf-8", "replace")
    try:
        return Answered(answer.status_code, json.loads(text), text.strip())
    except ValueError:
        return Answered(answer.status_code, None, text.strip())


def _why(error: Exception, seconds: float) -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that does not hold"
    if isinstance(error, requests.exceptions.Timeout):
        return f"did not answer within {seconds:g} s"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "cannot be reached"
    return f"could not be asked ({type(error).__name__})"
