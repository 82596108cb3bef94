"""The platform in memory with pages, by HTTPS on loopback: what a browser walks through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.settings.hosts import Edge
from core.site import Reply
from lab.pki import Pki
from tests import own_server
from tests.unit.readiness.platform import ZONE, Platform

_PASSWORD = '<input type="password" name="{name}" autocomplete="{kind}"{more}>'
_FORMS = {
    "/signup": '<input type="email" name="email"><input name="name">'
    + _PASSWORD.format(name="password", kind="new-password", more="{more}"),
    "/login": '<input type="email" name="email">' + _PASSWORD.format(name="password", kind="current-password", more=""),
    "/reset": '<input type="email" name="email">',
    "/verify?": '<input type="hidden" name="token" value="{token}">',
    "/reset?": '<input type="hidden" name="token" value="{token}">'
    + _PASSWORD.format(name="password", kind="new-password", more=""),
}
_CALLS = {
    "/signup": "/api/auth/signup",
    "/login": "/api/auth/login",
    "/reset": "/api/auth/reset",
    "/verify?": "/api/auth/verify",
    "/reset?": "/api/auth/reset/confirm",
    "/logout": "/api/auth/logout",
}


class _Pages(own_server.Answering):
    platform: Platform

    def do_GET(self) -> None:
        """A page, or the API's answer."""
        where = urlsplit(self.path)
        if where.path.startswith("/api/"):
            self._say(self._ask("GET", where.path, b""))
        elif where.path == "/":
            known = "Cookie" in self.headers and "no-way-out" not in self.platform.faults
            self._page(
                "<form action=/logout method=post><button>Log out</button></form>"
                if known
                else "<a href=/login>Log in</a>"
            )
        else:
            self._form(where.path + ("?" if where.query else ""), parse_qs(where.query).get("token", [""])[0])

    def do_POST(self) -> None:
        """A form."""
        where = urlsplit(self.path)
        sent = parse_qs(self.body().decode())
        fields = {name: values[0] for name, values in sent.items()}
        key = where.path + ("?" if "token" in fields else "")
        reply = self._ask("POST", _CALLS[key], json.dumps(fields).encode())
        if reply.status >= 400:
            self._say(reply)
            return
        kept = "token-stays" in self.platform.faults and "token" in fields
        onward = f"/verify/done?token={fields['token']}" if kept else "/"
        self.answer(303, b"", ("Location", onward), *(("Set-Cookie", line) for line in reply.all("Set-Cookie")))

    def _ask(self, method: str, path: str, body: bytes) -> Reply:
        sent = {name: one.value for name, one in SimpleCookie(self.headers.get("Cookie", "")).items()}
        return self.platform.answer(method, f"https://app.{ZONE}{path}", body, {}, sent)

    def _form(self, key: str, token: str) -> None:
        faults = self.platform.faults
        more = " onpaste='return false'" if "paste-refused" in faults else ""
        fields = _FORMS.get(key, "").format(token=token, more=more)
        content = f"<form method=post action='{urlsplit(key).path}'>{fields}<button>Go</button></form>"
        if token and "token-stored" in faults:
            content += f"<script>localStorage.setItem('t', '{token}')</script>"
        if token and "third-party" in faults:
            content += "<img src='https://counter.example/pixel.png'>"
        policy = "unsafe-url" if "token-in-referrer" in faults else "no-referrer"
        self._page(content, ("Referrer-Policy", policy))

    def _page(self, content: str, *fields: tuple[str, str]) -> None:
        page = f"<!doctype html><title>Page</title><body>{content}".encode()
        self.answer(200, page, ("Content-Type", "text/html"), *fields)

    def _say(self, reply: Reply) -> None:
        fields = [(name, value) for name, value in reply.headers if name != "Date"]
        if "cached-for-back" in self.platform.faults:
            fields = [("Cache-Control", "max-age=600"), *((n, v) for n, v in fields if n != "Cache-Control")]
        self.answer(reply.status, reply.body, *fields)


@contextmanager
def served(platform: Platform, folder: Path) -> Iterator[Edge]:
    """The pages, at an address of loopback; the edge that leads to them, with its authority."""
    pki = Pki(folder)
    handler = type("Pages", (_Pages,), {"platform": platform})
    with own_server.served(handler, certificate=pki.edge_certificate(ZONE)) as url:
        yield Edge(address="127.0.0.1", https_port=int(url.rpartition(":")[2]), ca_file=str(pki.edge_ca_file))
