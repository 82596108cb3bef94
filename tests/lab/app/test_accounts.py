"""Accounts on the real database, with mail that arrives: proven, reset, changed, removed, limited."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from standardwebhooks import Webhook

from lab.app.community.accounts import remove
from lab.app.community.sessions import User
from lab.place import here
from tests.lab.app.conftest import PASSWORD, WEBHOOK_KEY, Member, Platform, Running

ADMIN = "admin@community.test"
OTHER = "another good password"


@pytest.fixture(scope="module")
def v1(platform: Platform) -> Iterator[Running]:
    assert platform.migrate("v1").returncode == 0
    with platform.running("v1") as running:
        yield running


def _stranger(client: httpx.AsyncClient) -> Member:
    return Member(client, f"{secrets.token_hex(6)}@example.test")


def _form(member: Member, password: str = PASSWORD) -> dict[str, str]:
    return {"email": member.email, "name": "Somebody", "password": password}


async def test_an_account_can_do_nothing_before_its_address_is_proven(v1: Running) -> None:
    async with v1.client() as client:
        ann = _stranger(client)
        await ann.send("POST", "/api/auth/signup", 202, **_form(ann))
        first = await ann.mailed("verify")
        await ann.log_in()
        assert (await ann.get("/api/auth/me"))["verified"] is False
        refused = await ann.send("POST", "/api/orgs", 403, name="Org")
        assert "Prove your address first" in refused["detail"]
        await ann.send("POST", "/api/auth/verify/again", 202)
        again = await ann.mailed("verify", 2)
        await ann.send("POST", "/api/auth/verify", 404, token=first)
        await ann.send("POST", "/api/auth/verify", 204, token=again)
        await ann.send("POST", "/api/auth/verify", 404, token=again)
        await ann.send("POST", "/api/auth/verify/again", 409)
        assert (await ann.get("/api/auth/me"))["verified"] is True
        await ann.org()


async def test_whoever_signs_up_last_is_who_the_mail_is_for(v1: Running) -> None:
    async with v1.client() as client:
        squatter = _stranger(client)
        await squatter.send("POST", "/api/auth/signup", 202, **_form(squatter, OTHER))
        planted = await squatter.mailed("verify")
        await squatter.log_in(OTHER)
        await squatter.send("POST", "/api/auth/signup", 202, **_form(squatter))
        await squatter.get("/api/auth/me", 401)
        await squatter.send("POST", "/api/auth/verify", 404, token=planted)
        await squatter.send("POST", "/api/auth/verify", 204, token=await squatter.mailed("verify", 2))
        await squatter.send("POST", "/api/auth/login", 401, email=squatter.email, password=OTHER)
        await squatter.log_in()


async def test_an_address_with_an_account_gets_another_mail_and_the_same_answer(v1: Running) -> None:
    async with v1.member() as ann, v1.client() as client:
        taken = await client.post("/api/auth/signup", json=_form(ann, OTHER))
        free = await client.post("/api/auth/signup", json=_form(_stranger(client)))
        assert (taken.status_code, taken.content) == (free.status_code, free.content)
        texts = await ann.letters(lambda texts: len(texts) >= 2)
        assert "which has one" in texts[1]
        assert "token=" not in texts[1]
        await ann.log_in()


async def test_a_reset_works_once_and_ends_every_session(v1: Running) -> None:
    async with v1.member() as ann, ann.elsewhere(v1) as elsewhere, v1.client() as client:
        mallory = Member(client, ann.email)
        for _ in range(2):
            await mallory.send("POST", "/api/auth/reset", 202, email=ann.email)
        older, newer = await ann.mailed("reset"), await ann.mailed("reset", 2)
        spent = [token for token in (older, newer) if await _open(client, token)]
        assert len(spent) == 1, "a newer one ends the older"
        await ann.get("/api/auth/me", 401)
        await elsewhere.get("/api/auth/me", 401)
        assert not await _open(client, spent[0])
        await ann.send("POST", "/api/auth/login", 401, email=ann.email, password=PASSWORD)
        await ann.log_in(OTHER)
        assert any("was changed" in text for text in await ann.letters(lambda texts: "was changed" in texts[-1]))


async def _open(client: httpx.AsyncClient, token: str) -> bool:
    answer = await client.post("/api/auth/reset/confirm", json={"token": token, "password": OTHER})
    assert answer.status_code in (204, 404)
    return answer.status_code == 204


async def test_tokens_end_by_themselves(v1: Running, platform: Platform) -> None:
    async with v1.client() as client:
        ann = _stranger(client)
        await ann.send("POST", "/api/auth/signup", 202, **_form(ann))
        await ann.send("POST", "/api/auth/reset", 202, email=ann.email)
        verify, reset = await ann.mailed("verify"), await ann.mailed("reset")
        # A token does what it was mailed for and nothing else.
        await ann.send("POST", "/api/auth/verify", 404, token=reset)
        await platform.execute("UPDATE account_tokens SET expires_at = now() - interval '1 second'")
        await ann.send("POST", "/api/auth/verify", 404, token=verify)
        assert not await _open(client, reset)


async def test_a_changed_password_ends_the_other_sessions(v1: Running) -> None:
    async with v1.member() as ann, ann.elsewhere(v1) as elsewhere:
        await ann.send("POST", "/api/auth/password", 403, current="not the right one", new=OTHER)
        await ann.send("POST", "/api/auth/password", 204, current=PASSWORD, new=OTHER)
        await ann.get("/api/auth/me")
        await elsewhere.get("/api/auth/me", 401)


async def test_a_session_that_is_not_used_ends(v1: Running, platform: Platform) -> None:
    async with v1.member() as ann:
        await platform.execute("UPDATE sessions SET seen_at = now() - interval '11 hours'")
        await ann.get("/api/auth/me")
        await platform.execute("UPDATE sessions SET seen_at = seen_at - interval '11 hours'")
        await ann.get("/api/auth/me")
        await platform.execute("UPDATE sessions SET seen_at = now() - interval '12 hours 1 minute'")
        await ann.get("/api/auth/me", 401)


async def test_logging_in_ends_the_session_that_the_browser_had(v1: Running) -> None:
    async with v1.member() as ann:
        before = ann.client.headers["Cookie"]
        await ann.log_in()
        ann.client.headers["Cookie"], now = before, ann.client.headers["Cookie"]
        await ann.get("/api/auth/me", 401)
        ann.client.headers["Cookie"] = now
        await ann.get("/api/auth/me")


async def test_who_leaves_takes_what_is_their_own_and_leaves_what_is_others(v1: Running) -> None:
    async with v1.member() as ann, v1.member() as bob:
        shared, alone = await ann.org(), await ann.org()
        space = await ann.space(shared)
        await bob.join(await ann.invite(shared))
        await bob.post(space, "mine")
        await ann.post(space)
        await ann.send("DELETE", "/api/auth/me", 403, password="not the right one")
        await ann.send("DELETE", "/api/auth/me", 204, password=PASSWORD)
        await ann.get("/api/auth/me", 401)
        assert (await bob.get(shared))["role"] == "owner"
        assert [post["body"] for post in (await bob.get(f"{space}/posts"))["items"]] == ["mine"]
        await bob.get(alone, 404)


async def test_all_of_an_organisation_may_leave_at_once(v1: Running, platform: Platform) -> None:
    del v1
    async with asyncpg.create_pool(platform.environment["DATABASE_URL"], min_size=5, max_size=5) as pool:
        for _ in range(12):
            org = await pool.fetchval("INSERT INTO orgs (name) VALUES ('all go') RETURNING id")
            users = [await _with_role(pool, org, role) for role in ("owner", "member", "member", "member", "member")]
            left = await asyncio.gather(*(remove(pool, user) for user in users), return_exceptions=True)
            assert left == [None] * 5
            assert await pool.fetchval("SELECT count(*) FROM orgs WHERE id = $1", org) == 0


async def _with_role(pool: asyncpg.Pool, org: UUID, role: str) -> User:
    email = f"{secrets.token_hex(6)}@example.test"
    id_ = await pool.fetchval(
        "INSERT INTO users (email, name, password_hash) VALUES ($1, 'Somebody', 'none') RETURNING id", email
    )
    await pool.execute("INSERT INTO memberships (org_id, user_id, role) VALUES ($1, $2, $3)", org, id_, role)
    return User(id_, email, "Somebody", proven=True, admin=False)


async def test_guesses_at_one_account_are_limited_and_the_right_password_waits_too(v1: Running) -> None:
    async with v1.member() as ann, v1.client() as client:
        wrong = {"email": ann.email, "password": "not the right one"}
        answers = await asyncio.gather(*(client.post("/api/auth/login", json=wrong) for _ in range(13)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 3
        limited = await client.post("/api/auth/login", json={"email": ann.email, "password": PASSWORD})
        assert limited.status_code == 429
        assert 800 < int(limited.headers["retry-after"]) <= 900
        # Who reads the mail is let in.
        await ann.send("POST", "/api/auth/reset", 202, email=ann.email)
        assert await _open(client, await ann.mailed("reset"))
        await ann.log_in(OTHER)


async def test_limits_do_not_tell_who_has_an_account(v1: Running) -> None:
    async with v1.member() as ann, v1.client() as client:
        for email in (ann.email, f"{secrets.token_hex(6)}@example.test"):
            answers = [await client.post("/api/auth/reset", json={"email": email}) for _ in range(7)]
            assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2
            assert int(answers[-1].headers["retry-after"]) > 3500


async def test_invites_posts_and_other_writes_have_limits_of_their_own(v1: Running, platform: Platform) -> None:
    async with v1.member() as ann:
        org = await ann.org()
        space = await ann.space(org)
        for _ in range(30):
            await ann.invite(org)
        limited = await ann.client.post(f"{org}/invites", json={})
        assert (limited.status_code, "invites" in limited.text) == (429, True)
        await ann.post(space)
        await platform.execute(f"UPDATE limits SET used = 120 WHERE kind = 'post' AND subject = '{ann.id}'")
        limited = await ann.client.post(f"{space}/posts", json={"body": "one more"})
        assert (limited.status_code, "posts" in limited.text) == (429, True)
        await platform.execute(f"UPDATE limits SET used = 300 WHERE kind = 'write' AND subject = '{ann.id}'")
        limited = await ann.client.post("/api/orgs", json={"name": "Org"})
        assert (limited.status_code, "changes" in limited.text) == (429, True)
        await ann.get(org)
        # The next window begins anew.
        await platform.execute(f"UPDATE limits SET began = began - interval '61 seconds' WHERE subject = '{ann.id}'")
        await ann.post(space)
        await ann.org()


async def test_only_who_has_proven_an_administrators_address_is_one(v1: Running) -> None:
    async with v1.client() as client:
        admin = Member(client, ADMIN)
        await admin.send("POST", "/api/auth/signup", 202, **_form(admin))
        await admin.log_in()
        await admin.get("/api/admin/users", 404)
        await admin.send("POST", "/api/auth/verify", 204, token=await _newest(admin))
        assert (await admin.get("/api/auth/me"))["is_admin"] is True
        assert ADMIN in [user["email"] for user in await admin.get("/api/admin/users")]
        await admin.org()
        assert (await admin.get("/api/admin/orgs"))[0]["members"] == 1
        marker = f"test-{secrets.token_hex(4)}"
        await admin.send("POST", "/api/admin/test-error", 500, marker=marker)
        event = await _tracked(marker)
        assert "password" not in event
        assert ADMIN not in event
    async with v1.member() as ann:
        for method, path in (("GET", "users"), ("GET", "orgs"), ("POST", "test-error")):
            await ann.send(method, f"/api/admin/{path}", 404, marker="x")


async def _newest(member: Member) -> str:
    """The checkout's lab may have mail to the administrator from before."""
    texts = await member.letters(lambda texts: "/verify?token=" in "".join(texts[-1:]))
    return texts[-1].partition("/verify?token=")[2].split()[0]


async def _tracked(marker: str) -> str:
    """What the error tracker was sent that has ``marker``."""
    address, port = here().sink
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            received: list[dict[str, Any]] = (await client.get(f"http://{address}:{port}/received")).json()
            if found := [json.dumps(one) for one in received if marker in one["body"]]:
                return found[0]
            await asyncio.sleep(0.05)
    pytest.fail("no event came to the error tracker")


def _signed(body: str, id_: str, at: datetime, key: str = WEBHOOK_KEY) -> dict[str, str]:
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(id_, at, body),
    }


async def test_a_webhook_is_taken_once_and_only_if_it_is_signed_and_young(v1: Running) -> None:
    now, body = datetime.now(UTC), '{"type": "invoice.paid"}'
    path = "/api/webhooks/billing"
    good = _signed(body, secrets.token_hex(8), now)
    async with v1.client() as client:
        bad = [
            {},
            _signed(body, "1", now - timedelta(minutes=6)),
            _signed(body, "1", now + timedelta(minutes=6)),
            _signed(body, "1", now, secrets.token_hex(32)),
            _signed(body + " ", "1", now),
            {**good, "webhook-id": "another"},
            {**good, "webhook-signature": "v1"},
            {**good, "webhook-signature": "v1,%"},
        ]
        for headers in bad:
            assert (await client.post(path, content=body, headers=headers)).status_code == 401
        assert (await client.post(path, content=b"\xff", headers=good)).status_code == 401
        assert (await client.post(path, content=body, headers=good)).status_code == 204
        assert (await client.post(path, content=body, headers=good)).status_code == 409
        assert (await client.get("/api/webhooks/status")).status_code == 405
