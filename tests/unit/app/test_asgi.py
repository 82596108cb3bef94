"""The app over ASGI with its database away: what it answers before and without one."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lab.app.community import app, parts
from lab.app.community.database import open_pool
from lab.app.community.document import PUBLIC
from lab.app.community.sessions import COOKIE
from lab.app.community.settings import SchemaRange, Settings

SIGNED_IN_ROUTES = [
    ("GET", "/api/auth/me"),
    ("GET", "/api/orgs"),
    ("POST", "/api/orgs"),
    ("GET", "/api/orgs/{id}"),
    ("GET", "/api/orgs/{id}/members"),
    ("PATCH", "/api/orgs/{id}/members/{id}"),
    ("DELETE", "/api/orgs/{id}/members/{id}"),
    ("GET", "/api/orgs/{id}/spaces"),
    ("POST", "/api/orgs/{id}/spaces"),
    ("GET", "/api/orgs/{id}/spaces/{id}"),
    ("GET", "/api/orgs/{id}/spaces/{id}/posts"),
    ("POST", "/api/orgs/{id}/spaces/{id}/posts"),
    ("GET", "/api/orgs/{id}/spaces/{id}/pins"),
    ("GET", "/api/orgs/{id}/spaces/{id}/posts/{id}"),
    ("DELETE", "/api/orgs/{id}/spaces/{id}/posts/{id}"),
    ("PUT", "/api/orgs/{id}/spaces/{id}/posts/{id}/pin"),
    ("DELETE", "/api/orgs/{id}/spaces/{id}/posts/{id}/pin"),
    ("POST", "/api/orgs/{id}/spaces/{id}/uploads"),
    ("GET", "/api/orgs/{id}/spaces/{id}/uploads"),
    ("GET", "/api/orgs/{id}/spaces/{id}/uploads/{id}"),
    ("DELETE", "/api/orgs/{id}/spaces/{id}/uploads/{id}"),
    ("GET", "/api/orgs/{id}/spaces/{id}/events"),
    ("POST", "/api/orgs/{id}/invites"),
    ("GET", "/api/orgs/{id}/invites"),
    ("DELETE", "/api/orgs/{id}/invites/{id}"),
    ("POST", "/api/invites/accept"),
    ("DELETE", "/api/auth/me"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/auth/verify/again"),
]
ADMINISTRATORS_ROUTES = [
    ("GET", "/api/admin/users"),
    ("GET", "/api/admin/orgs"),
    ("POST", "/api/admin/test-error"),
]


async def _client(tmp_path: Path, *names: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        f"postgresql://app@/community?host={tmp_path}", b"k" * 32, "9.9.9", "blue", SchemaRange(1, 2, 2)
    )
    application = app.create(settings, open_pool(settings.database_url), names)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="https://app.test") as client,
    ):
        yield client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async for each in _client(tmp_path, "pins"):
        yield each


@pytest.mark.parametrize(("method", "path"), SIGNED_IN_ROUTES)
async def test_nothing_is_shown_to_who_is_not_signed_in(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path.replace("{id}", "9a0dc5ac-7a4c-4fd4-9f4a-6a4c4e3ad111"), json={})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_route_of_the_api_is_public_by_name_or_behind_a_session(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    guarded = {(method, path) for method, path in routes if path not in PUBLIC}
    as_listed = {(method, _unnamed(path)) for method, path in guarded}
    assert as_listed == {*SIGNED_IN_ROUTES, *ADMINISTRATORS_ROUTES}


async def test_the_document_says_of_each_route_how_it_refuses(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert set(document["components"]["schemas"]).isdisjoint({"HTTPValidationError", "ValidationError"})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {status: answer for status, answer in operation["responses"].items() if not status < "3"}
            assert all(set(answer["content"]) == {"application/problem+json"} for answer in errors.values())
            assert ("401" in errors) is (bool(operation["security"]) and "/admin/" not in path) or path in (
                "/api/auth/login",
                "/api/webhooks/billing",
            )
            asked = path.replace("{", "").replace("}", "")
            answer = await client.request(method, asked, content=b"{", headers={"webhook-id": "x"})
            assert answer.status_code < 300 or str(answer.status_code) in errors, (method, path, answer.status_code)


@pytest.mark.parametrize(("method", "path"), ADMINISTRATORS_ROUTES)
async def test_what_administrators_have_is_not_there_for_others(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, json={"marker": "x"})
    assert answer.status_code == 404


def _unnamed(path: str) -> str:
    return "/".join("{id}" if word.startswith("{") else word for word in path.split("/"))


async def test_health_says_why_it_is_not_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "does not answer (FileNotFoundError)"}
    assert answer.json()["release"] == "9.9.9"


async def test_a_database_that_is_away_is_a_503_and_not_a_500(client: httpx.AsyncClient) -> None:
    client.cookies.set(COOKIE, "token")
    answer = await client.get("/api/auth/me")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "The database does not answer."


async def test_version_names_release_colour_and_parts(client: httpx.AsyncClient) -> None:
    assert (await client.get("/version")).json() == {"release": "9.9.9", "colour": "blue", "parts": ["pins"]}


async def test_a_refused_password_is_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/signup", json={"email": "a@b.test", "name": "A", "password": "tooshort"})
    assert answer.status_code == 422
    assert "tooshort" not in answer.text
    assert answer.json()["errors"][0]["at"] == ["body", "password"]


async def test_a_field_that_is_not_offered_is_refused(client: httpx.AsyncClient) -> None:
    form = {"email": "a@b.test", "name": "A", "password": "long enough for this", "role": "owner"}
    answer = await client.post("/api/auth/signup", json=form)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == ["body", "role"]


@pytest.mark.parametrize("seconds", ["-1", "10.5", "nan", "inf", "x"])
async def test_a_slow_request_is_bounded(client: httpx.AsyncClient, seconds: str) -> None:
    assert (await client.get("/api/slow", params={"seconds": seconds})).status_code == 422


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"title": "Not Found", "status": 404, "detail": "Not Found"}


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/auth/signup", content=b" " * 70_000)).status_code == 413


async def test_pages_allow_no_script_and_no_frame(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text


async def test_a_post_from_another_site_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/logout", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


async def test_the_release_with_a_forgotten_index_is_never_healthy(tmp_path: Path) -> None:
    async for client in _client(tmp_path, "search"):
        answer = await client.get("/healthz")
        assert answer.status_code == 503
        assert "the index server does not answer" in answer.json()["checks"]["search"]


async def test_the_release_with_a_leaking_quota_is_healthy_but_fails_after_thirty_requests(tmp_path: Path) -> None:
    async for client in _client(tmp_path, "quota"):
        for _ in range(40):
            await client.get("/healthz")
        statuses = [(await client.get("/version")).status_code for _ in range(32)]
        assert statuses == [200] * 30 + [500] * 2
        # What nobody expected is answered outside of all middleware, and says as much to a browser.
        assert (await client.get("/version")).headers["x-content-type-options"] == "nosniff"


def test_the_tree_has_every_part() -> None:
    assert parts.present() == ("faults", "pins", "quota", "search")
