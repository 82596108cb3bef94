"""Access before a path, at the edge: who is sent to log in, who is refused, and what the origin gets of whom."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet
from yarl import URL

from lab.edge.tokens import Tokens
from lab.mail.exchanger import exchanger_session
from lab.place import TEAM, here
from lab.sink.shelf import Shelf

HOST = "app.community.test"
AUD = "a" * 64
SECRET = "the-secret-of-the-token"
TOKEN = {
    "id": "t1",
    "client_id": "c1.access",
    "secret_sha256": hashlib.sha256(SECRET.encode()).hexdigest(),
    "enabled": True,
    "expires_at": "2099-01-01T00:00:00Z",
}
PEOPLE = {
    "id": "people",
    "name": "people",
    "decision": "allow",
    "include": [{"email": {"email": "ada@a.test"}}],
    "exclude": [],
    "require": [],
}
PROGRAMS = {**PEOPLE, "id": "programs", "decision": "non_identity", "include": [{"service_token": {"token_id": "t1"}}]}
APPLICATION = {
    "id": "app",
    "name": "admin",
    "aud": AUD,
    "domain": f"{HOST}/admin",
    "destinations": [{"type": "public", "uri": f"{HOST}/admin"}],
    "policies": [{"id": "people"}, {"id": "programs"}],
    "session_duration": "8h",
    "http_only_cookie_attribute": True,
    "same_site_cookie_attribute": "lax",
    "options_preflight_bypass": False,
}
OWN = {"CF-Access-Client-Id": "c1.access", "CF-Access-Client-Secret": SECRET}


def declare(edge: Any, *, tokens: tuple[dict[str, Any], ...] = (TOKEN,), **more: Any) -> None:
    kept = {"access_apps": [APPLICATION], "access_policies": [PEOPLE, PROGRAMS], "access_tokens": list(tokens)}
    edge.declare(access=kept, **more)


@pytest.fixture
async def reached(edge: Any, serve: Any) -> list[web.BaseRequest]:
    """The requests that came to the origin, which Access stands before."""
    asked: list[web.BaseRequest] = []

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request)
        return web.Response(text="the administrators' page")

    await serve(origin)
    declare(edge)
    return asked


def issued(edge: Any, aud: str = AUD, **claims: Any) -> str:
    """A token of the team's, for who has logged in."""
    return Tokens(edge.pki).issue(aud, {"email": "ada@a.test", **claims}, 60)


async def test_who_has_no_token_is_sent_to_log_in_and_the_origin_hears_nothing(
    client: Any, reached: list[web.BaseRequest]
) -> None:
    for path in ("/admin", "/admin/users?a=1", "//admin", "/x/../admin", "/%61dmin/", "/admin\\x"):
        asked = client.session.get(URL(client.url(path), encoded=True), allow_redirects=False)
        async with asked as answer:
            there = urlsplit(answer.headers["Location"])
            assert (answer.status, there.hostname, there.path) == (302, TEAM, f"/cdn-cgi/access/login/{HOST}")
            assert parse_qs(there.query)["kid"] == [AUD]
            assert answer.headers["Cache-Control"] == "no-store"
    async with client.get("/admin?a=1") as answer:
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_url"] == ["/admin?a=1"]
    assert reached == []
    for path in ("/", "/administration"):
        async with client.get(path) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_no_method_and_no_header_of_the_clients_own_leads_past(
    client: Any, reached: list[web.BaseRequest], method: str
) -> None:
    forged = {"Cf-Access-Jwt-Assertion": "x.y.z", "Cf-Access-Authenticated-User-Email": "ada@a.test"}
    forged |= {"Origin": "https://a.test", "Access-Control-Request-Method": "GET"}
    async with client.session.request(method, client.url("/admin"), headers=forged, allow_redirects=False) as answer:
        assert answer.status == 302
    assert reached == []


async def test_a_program_passes_by_its_secret_and_the_origin_gets_a_signed_assertion(
    client: Any, edge: Any, reached: list[web.BaseRequest]
) -> None:
    async with client.get("/admin", headers=OWN) as answer:
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"]
    async with client.get("/cdn-cgi/access/certs") as answer:
        keys = KeySet.import_key_set(await answer.json())
    [request] = reached
    claims = jwt.decode(request.headers["Cf-Access-Jwt-Assertion"], keys, algorithms=["RS256"]).claims
    assert (claims["aud"], claims["iss"], claims["common_name"]) == ([AUD], f"https://{TEAM}", "c1.access")
    assert "CF-Access-Client-Secret" not in request.headers
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Max-Age=28800"} <= set(cookie.split("; "))
    # Its cookie holds without the secret, as long as the token does.
    value = {"Cookie": cookie.partition(";")[0]}
    async with client.get("/admin", headers=value) as answer:
        assert answer.status == 200
    declare(edge, tokens=({**TOKEN, "enabled": False},))
    for headers in (value, OWN):
        async with client.get("/admin", headers=headers) as answer:
            assert answer.status in (302, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {**OWN, "CF-Access-Client-Secret": "another"},
        {**OWN, "CF-Access-Client-Id": "nobody.access"},
        {"CF-Access-Client-Id": "c1.access"},
        {**OWN, "CF-Access-Client-Secret": TOKEN["secret_sha256"]},
    ],
)
async def test_a_program_that_is_not_let_in_is_answered_403(
    client: Any, reached: list[web.BaseRequest], headers: dict[str, str]
) -> None:
    async with client.get("/admin", headers=headers) as answer:
        assert (answer.status, answer.headers["CF-Access-Aud"]) == (403, AUD)
        assert "Location" not in answer.headers
    assert reached == []


async def test_who_has_logged_in_passes_with_the_token_itself_and_its_address(
    client: Any, edge: Any, reached: list[web.BaseRequest]
) -> None:
    token = issued(edge)
    for headers in ({"Cookie": f"own=1; CF_Authorization={token}"}, {"cf-access-token": token}):
        async with client.get("/admin", headers=headers) as answer:
            assert (answer.status, "Set-Cookie" in answer.headers) == (200, False)
        assert reached[-1].headers["Cf-Access-Jwt-Assertion"] == token
        assert reached[-1].headers["Cf-Access-Authenticated-User-Email"] == "ada@a.test"


async def test_another_person_another_application_and_another_kind_of_token_do_not(
    client: Any, edge: Any, reached: list[web.BaseRequest]
) -> None:
    cases = {
        issued(edge, email="bob@b.test"): 403,
        issued(edge, aud="b" * 64): 302,
        issued(edge, type="org"): 302,
        issued(edge, iss="https://elsewhere.test"): 302,
        "nonsense": 302,
    }
    for token, status in cases.items():
        async with client.get("/admin", headers={"Cookie": f"CF_Authorization={token}"}) as answer:
            assert answer.status == status, token
    assert reached == []


async def test_the_firewall_goes_before_and_the_cache_after(
    client: Any, edge: Any, reached: list[web.BaseRequest]
) -> None:
    rule = {"id": "r", "ref": "r", "expression": 'http.request.uri.path contains "/admin/secret"', "action": "block"}
    declare(edge, custom=[{**rule, "enabled": True}])
    async with client.get("/admin/secret", headers=OWN) as answer:
        assert (answer.status, "blocked" in await answer.text()) == (403, True)
    for _ in range(2):
        async with client.get("/admin/app.css", headers=OWN) as answer:
            assert answer.status == 200
    client.session.cookie_jar.clear()
    async with client.get("/admin/app.css") as answer:
        assert answer.status == 302
    # The second came from the cache, and the third was kept out all the same.
    assert [each.path for each in reached] == ["/admin/app.css"]


async def test_a_rewrite_that_leads_to_the_application_leads_to_access(
    client: Any, edge: Any, reached: list[web.BaseRequest]
) -> None:
    rewrite = {"uri": {"path": {"value": "/admin"}}}
    rule = {"id": "w", "ref": "w", "expression": 'http.request.uri.path eq "/side"', "action": "rewrite"}
    declare(edge, more={"http_request_transform": [{**rule, "action_parameters": rewrite, "enabled": True}]})
    async with client.get("/side") as answer:
        assert answer.status == 302
    assert reached == []


async def test_a_websocket_is_asked_for_a_token_too(client: Any, reached: list[web.BaseRequest]) -> None:
    shaking = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    async with client.get("/admin/live", headers=shaking) as answer:
        assert answer.status == 302
    assert reached == []


@pytest.fixture
async def mails(edge: Any) -> AsyncIterator[Shelf]:
    """What is sent to anybody."""
    shelf = Shelf()
    address = here().address(9, 2)
    server = await asyncio.get_running_loop().create_server(
        lambda: exchanger_session(shelf, address), address, edge.smtp
    )
    yield shelf
    server.close()


class Browser:
    """Somebody who follows redirections, at the ports that the edge has here."""

    def __init__(self, client: Any) -> None:
        self._client, self.login = client, ""

    async def ask(self, method: str, url: str, **more: Any) -> tuple[int, str, str]:
        """The status, the page, and where it leads."""
        there = urlsplit(url)
        local = self._client.url(f"{there.path}?{there.query}", host=there.hostname or "")
        asked = self._client.session.request(method, URL(local, encoded=True), allow_redirects=False, **more)
        async with asked as answer:
            return answer.status, await answer.text(), answer.headers.get("Location", "")

    async def begin(self, email: str) -> dict[str, str]:
        """Ask for the administrators' page and be sent to log in; the fields of the form for the code."""
        _, _, self.login = await self.ask("GET", f"https://{HOST}/admin?a=1")
        status, page, _ = await self.ask("GET", self.login)
        assert (status, 'name="email"' in page) == (200, True)
        status, page, _ = await self.ask("POST", self.login, data={"email": email})
        nonce = re.search(r'name="nonce" value="([^"]+)"', page)
        assert nonce
        return {"nonce": nonce[1]}


def code_in(mails: Shelf) -> str:
    [mail] = mails.items()
    found = re.search(r"Your code is ([0-9]{6})", mail["text"])
    assert found
    return found[1]


async def test_who_has_the_mailbox_logs_in_by_a_code_and_is_led_back(
    client: Any, edge: Any, reached: list[web.BaseRequest], mails: Shelf
) -> None:
    browser = Browser(client)
    form = await browser.begin("ada@a.test")
    assert mails.items()[0]["rcpt_tos"] == ["ada@a.test"]
    status, _, there = await browser.ask("POST", browser.login, data={**form, "code": code_in(mails)})
    assert (status, urlsplit(there).hostname, urlsplit(there).path) == (303, HOST, "/cdn-cgi/access/authorized")
    assert await browser.ask("GET", there) == (302, "", f"https://{HOST}/admin?a=1")
    assert reached == []
    # aiohttp keeps cookies by name and not by port.
    assert (await browser.ask("GET", f"https://{HOST}/admin?a=1"))[:2] == (200, "the administrators' page")
    assert reached[0].headers["Cf-Access-Authenticated-User-Email"] == "ada@a.test"
    # The code was for one login.
    assert (await browser.ask("POST", browser.login, data={**form, "code": code_in(mails)}))[0] == 403


async def test_who_is_not_let_in_is_told_the_same_and_sent_nothing(
    client: Any, reached: list[web.BaseRequest], mails: Shelf
) -> None:
    browser = Browser(client)
    form = await browser.begin("bob@b.test")
    assert mails.items() == []
    for code in ("", "000000"):
        assert (await browser.ask("POST", browser.login, data={**form, "code": code}))[0] == 403
    assert reached == []


async def test_a_code_cannot_be_guessed(client: Any, reached: list[web.BaseRequest], mails: Shelf) -> None:
    browser = Browser(client)
    form = await browser.begin("ada@a.test")
    right = code_in(mails)
    wrong = "000000" if right != "000000" else "000001"
    for code in (wrong, wrong, wrong, right):
        assert (await browser.ask("POST", browser.login, data={**form, "code": code}))[0] == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/cdn-cgi/access/login/{HOST}?kid={AUD}&redirect_url=%2Fadmin", 200),
        (f"/cdn-cgi/access/login/{HOST}?kid={AUD}&redirect_url=%2Felsewhere", 404),
        (f"/cdn-cgi/access/login/{HOST}?kid={AUD}&redirect_url=https:%2F%2Fevil.test%2F", 404),
        (f"/cdn-cgi/access/login/{HOST}?kid={AUD}&redirect_url=%2Fadmin%0d%0aX:1", 404),
        (f"/cdn-cgi/access/login/evil.test?kid={AUD}&redirect_url=%2Fadmin", 404),
        (f"/cdn-cgi/access/login/{HOST}?kid=other&redirect_url=%2Fadmin", 404),
        ("/", 404),
    ],
)
async def test_a_login_leads_back_to_its_own_application_alone(
    client: Any, reached: list[web.BaseRequest], path: str, status: int
) -> None:
    assert (await Browser(client).ask("GET", f"https://{TEAM}{path}"))[0] == status


async def test_no_other_token_becomes_a_cookie(client: Any, edge: Any, reached: list[web.BaseRequest]) -> None:
    for token in (issued(edge), issued(edge, aud="b" * 64, type="org"), "x.y.z", ""):
        there = f"https://{HOST}/cdn-cgi/access/authorized?token={token}&redirect_url=%2Fadmin"
        assert (await Browser(client).ask("GET", there))[0] == 403
