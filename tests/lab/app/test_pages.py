"""The whole way of a stranger by the pages alone: forms as a browser without script sends them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import httpx
import pytest

from tests.lab.app.conftest import PASSWORD, Member, Platform, Running


@pytest.fixture(scope="module")
def v1(platform: Platform) -> Iterator[Running]:
    assert platform.migrate("v1").returncode == 0
    with platform.running("v1") as running:
        yield running


async def _send(client: httpx.AsyncClient, path: str, status: int, **fields: str) -> httpx.Response:
    answer = await client.post(path, data=fields)
    assert answer.status_code == status, answer.text
    assert status == 303 or answer.headers["content-type"].startswith("text/html")
    return answer


async def _look(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


async def test_a_stranger_signs_up_proves_the_address_and_posts(v1: Running) -> None:
    async with v1.client() as client:
        ann = Member(client, f"{secrets.token_hex(6)}@example.test")
        assert "Password: " in (await _send(client, "/signup", 422, email=ann.email, name="A", password="short")).text
        await _send(client, "/signup", 200, email=ann.email, name="<b>Ann</b>", password=PASSWORD)
        token = await ann.mailed("verify")
        shown = await client.get(f"/verify?token={token}")
        assert shown.headers["referrer-policy"] == "no-referrer"
        await _send(client, "/login", 401, email=ann.email, password="not the right one")
        signed_in = await _send(client, "/login", 303, email=ann.email, password=PASSWORD)
        client.headers["Cookie"] = signed_in.headers["set-cookie"].partition(";")[0]
        # Looking at the link has proven nothing.
        assert "once more" in await _look(client, "/")
        await _look(client, "/orgs", 403)
        await _send(client, "/verify", 200, token=token)
        await _send(client, "/verify", 404, token=token)
        org = (await _send(client, "/orgs", 303, name="<script>Org")).headers["location"]
        space = (await _send(client, f"{org}/spaces", 303, name="General")).headers["location"]
        await _send(client, f"{org}/spaces", 409, name="General")
        await _send(client, space, 303, body="<img src=x onerror=alert(1)>")
        page = await _look(client, space)
        assert "&lt;img src=x" in page
        assert "&lt;b&gt;Ann" in page
        assert not re.search(r"<(script|img|b)\b", page)
        await _look(client, org)
        await _look(client, "/admin", 404)
        await _look(client, f"/orgs/{secrets.token_hex(16)}", 404)
        await _look(client, "/orgs/none", 404)
        await _send(client, "/logout", 303)
        assert (await client.get(space)).headers["location"] == "/login"


async def test_a_forgotten_password_is_set_anew_by_the_pages(v1: Running) -> None:
    async with v1.member() as ann, v1.client() as client:
        known = (await _send(client, "/reset", 200, email=ann.email)).content
        unknown = (await _send(client, "/reset", 200, email=f"{secrets.token_hex(6)}@example.test")).content
        assert known == unknown
        token = await ann.mailed("reset")
        answer = await client.get(f"/reset?token={token}")
        assert (answer.headers["referrer-policy"], token in answer.text) == ("no-referrer", True)
        again = await _send(client, "/reset/confirm", 422, token=token, password="password1234")
        assert "among the first" in again.text
        await _send(client, "/reset/confirm", 200, token=token, password="a new and good one")
        await ann.get("/api/auth/me", 401)
        await _send(client, "/login", 303, email=ann.email, password="a new and good one")


async def test_the_style_is_small_and_may_be_kept(v1: Running) -> None:
    async with v1.client() as client:
        style = re.search(r'href="(/static/[^"]+)"', await _look(client, "/"))
        assert style
        answer = await client.get(style[1], headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert int(answer.headers["content-length"]) < 2500
        assert (await client.get(style[1], headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
