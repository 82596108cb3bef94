"""A visitor by HTTP: paced, bounded in time and bytes, from an address of its own, with names looked up as told."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from http.cookiejar import Cookie
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from adapters.bounded_http import BoundedAdapter, Deadline, TooLongError, Way
from core.site import Reply

MOST_BYTES = 8 * 1024 * 1024
_MOST_AROUND = 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_WAIT = 15.0
_AGENT = "launch-ready-check/1"
# RFC 6265 section 6.1 asks for so much at least, and browsers keep no more.
_MOST_COOKIE = 4096
_MOST_COOKIES = 180
_VISIBLE = re.compile(r"[!-~]+")


class Turns(Protocol):
    """Who says when a host may be asked."""

    def wait(self, host: str) -> None:
        """Come back when it may."""
        ...


class HttpVisitor:
    """Fulfils :class:`core.site.Visitor`."""

    def __init__(self, way: Way, turns: Turns, most_bytes: int = MOST_BYTES) -> None:
        self._session = _Session()
        self._session.trust_env = False
        self._session.verify = (way.ca_file or True) if way.known else False
        self._session.cert = way.certificate
        self._turns = turns
        self._most = most_bytes
        self._deadline = Deadline()
        adapter = BoundedAdapter(way, self._deadline, most_bytes + _MOST_AROUND)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @property
    def cookies(self) -> dict[str, str]:
        """By name."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def set_cookie(self, name: str, value: str, host: str) -> None:
        """Have one."""
        self._session.cookies.set(name, value, domain=host, path="/", secure=True)

    def forget_cookies(self) -> None:
        """Have none."""
        self._session.cookies.clear()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        json: Any = None,
        patient: bool = False,
        timeout: float = 10.0,
    ) -> Reply:
        """One request, or two if ``patient``. Method and path go out as they are given, odd ones too."""
        reply = self._once(method, url, headers or {}, body, json, timeout)
        if patient and reply.status == 429:
            time.sleep(_asked_to_wait(reply))
            reply = self._once(method, url, headers or {}, body, json, timeout)
        return reply

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes],
        json: Any,
        timeout: float,
    ) -> Reply:
        self._turns.wait(_host(url))
        began = time.monotonic()
        self._deadline.begin(timeout)
        try:
            asked = self._prepared(method, url, {"User-Agent": _AGENT, **headers}, body or None, json)
            with self._session.send(asked, timeout=timeout, allow_redirects=False, stream=True) as answer:
                content, why = self._read(answer, timeout)
        except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            return Reply(0, seconds=time.monotonic() - began, reason=_why(error, timeout))
        self._drop_cookies()
        fields = tuple((name, value) for name, value in answer.raw.headers.items())
        return Reply(answer.status_code, fields, content, time.monotonic() - began, why, bool(why))

    def _prepared(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, json: Any
    ) -> requests.PreparedRequest:
        asked = requests.Request(method, url, headers=headers, data=body, json=json, auth=lambda made: made)
        request = self._session.prepare_request(asked)
        # It has made the method upper case and taken dots out of the path: a check may be about just these.
        request.method = method
        bare = url.partition("#")[0]
        if _VISIBLE.fullmatch(bare):
            request.url = bare
        return request

    def _read(self, answer: requests.Response, timeout: float) -> tuple[bytes, str]:
        """What is read of the body, decompressed, and why no more of it was."""
        data = bytearray()
        try:
            while piece := answer.raw.read1(_PIECE, decode_content=True):
                data += piece
                if len(data) > self._most:
                    return bytes(data[: self._most]), f"the body: longer than {self._most} bytes"
        except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            return bytes(data), f"the body: {_why(error, timeout)}"
        return bytes(data), ""

    def _drop_cookies(self) -> None:
        """What no browser would keep."""
        jar = self._session.cookies
        cookies: list[Cookie] = list(jar)  # type: ignore[arg-type]  # its stubs take it for the names alone
        for number, cookie in enumerate(cookies):
            if number >= _MOST_COOKIES or len(cookie.name) + len(cookie.value or "") > _MOST_COOKIE:
                jar.clear(cookie.domain, cookie.path, cookie.name)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: to know where the next request would go, ``requests`` reads the whole of a redirect's body."""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _asked_to_wait(reply: Reply) -> float:
    text = reply.header("Retry-After")
    return min(float(text), _LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,9}", text) else 1.0


def _why(error: Exception, timeout: float) -> str:
    reason: BaseException | None = error
    while reason is not None:
        match reason:
            case ssl.SSLCertVerificationError():
                return f"its certificate does not hold: {reason.verify_message}"
            case requests.Timeout() | TimeoutError():
                return f"no answer within {timeout:g} s"
            case ConnectionRefusedError():
                return "the connection was refused"
            case TooLongError():
                return str(reason)
            case ssl.SSLError():
                return f"TLS failed: {reason.reason or type(reason).__name__}"
            case http.client.RemoteDisconnected() | ConnectionResetError():
                return "it closed the connection"
            case http.client.IncompleteRead():
                return "it broke off before its end"
            case http.client.HTTPException():
                return f"what it answers is no HTTP ({type(reason).__name__})"
        reason = reason.__cause__ or reason.__context__
    return f"no answer ({type(error).__name__})"
