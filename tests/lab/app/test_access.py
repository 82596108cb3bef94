"""Who can do what, on the real database: other people's ids, roles, invites, sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lab.app.conftest import Member, Platform, Running

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def app(platform: Platform) -> Iterator[Running]:
    assert platform.migrate("v2").returncode == 0
    with platform.running("v2") as running:
        yield running


async def test_a_member_signs_up_posts_and_invites_another(app: Running) -> None:
    async with app.member() as ann, app.member() as ben:
        org = await ann.org()
        space = await ann.space(org)
        await ann.post(space, "Welcome")
        joined = await ben.join(await ann.invite(org))
        assert joined["role"] == "member"
        assert [post["body"] for post in (await ben.get(f"{space}/posts"))["items"]] == ["Welcome"]
        await ben.post(space, "Thanks")
        assert {member["user_id"] for member in await ann.get(f"{org}/members")} == {ann.id, ben.id}


async def test_nothing_of_another_organisation_can_be_seen_changed_or_told_from_what_is_not_there(app: Running) -> None:
    async with app.member() as ann, app.member() as eve:
        org = await ann.org()
        space = await ann.space(org)
        post = await ann.post(space)
        invite = await ann.send("POST", f"{org}/invites", 201)
        reads = [
            org,
            f"{org}/members",
            f"{org}/spaces",
            space,
            f"{space}/posts",
            f"{space}/pins",
            post,
            f"{org}/invites",
        ]
        writes: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", f"{org}/spaces", {"name": "x"}),
            ("POST", f"{space}/posts", {"body": "x"}),
            ("POST", f"{org}/invites", {}),
            ("DELETE", f"{org}/invites/{invite['id']}", {}),
            ("DELETE", post, {}),
            ("PUT", f"{post}/pin", {}),
            ("DELETE", f"{post}/pin", {}),
            ("PATCH", f"{org}/members/{ann.id}", {"role": "member"}),
            ("DELETE", f"{org}/members/{ann.id}", {}),
            ("PATCH", f"{org}/members/{eve.id}", {"role": "owner"}),
        ]
        nothing = await eve.get(f"/api/orgs/{NOBODY}", 404)
        for path in reads:
            assert await eve.get(path, 404) == nothing
        for method, path, form in writes:
            assert await eve.send(method, path, 404, **form) == nothing
        assert await ann.get(post)


async def test_ids_of_ones_own_do_not_open_the_way_to_anothers(app: Running) -> None:
    async with app.member() as ann, app.member() as eve:
        anns, eves = await ann.org(), await eve.org()
        ann_space, eve_space = await ann.space(anns), await eve.space(eves)
        ann_post = await ann.post(ann_space)
        space_id, post_id = ann_space.rpartition("/")[2], ann_post.rpartition("/")[2]
        await eve.get(f"{eves}/spaces/{space_id}", 404)
        await eve.get(f"{eves}/spaces/{space_id}/posts", 404)
        await eve.send("POST", f"{eves}/spaces/{space_id}/posts", 404, body="x")
        await eve.get(f"{eve_space}/posts/{post_id}", 404)
        await eve.send("DELETE", f"{eve_space}/posts/{post_id}", 404)
        await eve.send("PUT", f"{eve_space}/posts/{post_id}/pin", 404)
        invite = await ann.send("POST", f"{anns}/invites", 201)
        await eve.send("DELETE", f"{eves}/invites/{invite['id']}", 404)
        # A cursor out of another space shows nothing: not that space's posts, nor where it stands among one's own.
        assert await eve.get(f"{eve_space}/posts?before={post_id}") == {"items": [], "next": None}


@pytest.mark.parametrize("field", ["id", "author_id", "space_id", "created_at", "pinned_at"])
async def test_what_is_not_offered_cannot_be_set(app: Running, field: str) -> None:
    async with app.member() as ann:
        space = await ann.space(await ann.org())
        await ann.send("POST", f"{space}/posts", 422, body="x", **{field: NOBODY})


async def _joined(ann: Member, org: str, ben: Member, role: str = "member") -> None:
    await ben.join(await ann.invite(org, role=role))


async def test_a_member_can_do_no_more_than_a_member(app: Running) -> None:
    async with app.member() as ann, app.member() as ben, app.member() as cat:
        org = await ann.org()
        space = await ann.space(org)
        post = await ann.post(space)
        await _joined(ann, org, ben)
        await _joined(ann, org, cat)
        await ben.send("POST", f"{org}/spaces", 403, name="x")
        await ben.send("POST", f"{org}/invites", 403)
        await ben.get(f"{org}/invites", 403)
        await ben.send("DELETE", post, 403)
        await ben.send("PUT", f"{post}/pin", 403)
        await ben.send("PATCH", f"{org}/members/{ben.id}", 403, role="owner")
        await ben.send("DELETE", f"{org}/members/{cat.id}", 403)
        await ben.send("DELETE", f"{org}/members/{ann.id}", 403)
        await ben.send("DELETE", await ben.post(space), 204)


async def test_nobody_is_invited_above_the_inviter(app: Running) -> None:
    async with app.member() as ann, app.member() as ben:
        org = await ann.org()
        await _joined(ann, org, ben, "admin")
        await ben.send("POST", f"{org}/invites", 403, role="admin")
        await ben.send("POST", f"{org}/invites", 403, role="owner")
        await ann.send("POST", f"{org}/invites", 403, role="owner")
        await ben.send("POST", f"{org}/invites", 201, role="member")


async def test_an_invite_is_good_for_one_even_when_many_come_at_once(app: Running) -> None:
    async with app.member() as ann, app.member() as ben, app.member() as cat, app.member() as dan:
        token = await ann.invite(await ann.org())
        form = {"token": token}
        answers = await asyncio.gather(
            *(each.client.post("/api/invites/accept", json=form) for each in (ben, cat, dan))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 404, 404]


async def test_an_invite_that_cannot_be_used_looks_like_one_that_never_was(app: Running, platform: Platform) -> None:
    async with app.member() as ann, app.member() as ben, app.member() as eve:
        org = await ann.org()
        never = await eve.join("never-was", 404)
        for_ben = await ann.invite(org, email=ben.email.upper())
        assert await eve.join(for_ben, 404) == never
        assert (await ben.join(for_ben))["role"] == "member"
        assert await eve.join(for_ben, 404) == never
        revoked = await ann.send("POST", f"{org}/invites", 201)
        await ann.send("DELETE", f"{org}/invites/{revoked['id']}", 204)
        assert await eve.join(revoked["token"], 404) == never
        expired = await ann.send("POST", f"{org}/invites", 201)
        await platform.execute(f"UPDATE invites SET expires_at = now() - interval '1 s' WHERE id = '{expired['id']}'")
        assert await eve.join(expired["token"], 404) == never


async def test_a_member_does_not_use_up_anothers_invite(app: Running) -> None:
    async with app.member() as ann, app.member() as ben:
        org = await ann.org()
        token = await ann.invite(org)
        await ann.join(token, 409)
        assert (await ben.join(token))["id"] == org.rpartition("/")[2]


async def test_invites_end_with_the_right_to_make_them(app: Running) -> None:
    async with app.member() as ann, app.member() as ben, app.member() as eve:
        org = await ann.org()
        await _joined(ann, org, ben, "admin")
        first = await ben.invite(org)
        await ann.send("PATCH", f"{org}/members/{ben.id}", 200, role="member")
        await eve.join(first, 404)
        await ann.send("PATCH", f"{org}/members/{ben.id}", 200, role="admin")
        second = await ben.invite(org)
        await ann.send("DELETE", f"{org}/members/{ben.id}", 204)
        await eve.join(second, 404)


async def test_an_organisation_keeps_an_owner_even_when_both_leave_at_once(app: Running) -> None:
    async with app.member() as ann, app.member() as ben:
        org = await ann.org()
        await ann.send("DELETE", f"{org}/members/{ann.id}", 409)
        await ann.send("PATCH", f"{org}/members/{ann.id}", 409, role="member")
        await _joined(ann, org, ben)
        await ann.send("PATCH", f"{org}/members/{ben.id}", 200, role="owner")
        answers = await asyncio.gather(*(each.client.delete(f"{org}/members/{each.id}") for each in (ann, ben)))
        assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_a_session_ends_at_logout_and_not_before(app: Running) -> None:
    async with app.member() as ann:
        assert (await ann.get("/api/auth/me"))["email"] == ann.email
        await ann.send("POST", "/api/auth/logout", 204)
        await ann.get("/api/auth/me", 401)


async def test_a_session_expires(app: Running, platform: Platform) -> None:
    async with app.member() as ann:
        await platform.execute(f"UPDATE sessions SET expires_at = now() WHERE user_id = '{ann.id}'")
        await ann.get("/api/auth/me", 401)


async def test_signing_up_again_changes_nothing_and_tells_nothing(app: Running) -> None:
    async with app.member() as ann, app.client() as eve:
        taken = {"email": ann.email.upper(), "name": "Eve", "password": "another long password"}
        free = {**taken, "email": "free@example.test"}
        answers = [await eve.post("/api/auth/signup", json=form) for form in (taken, free)]
        assert answers[0].status_code == answers[1].status_code == 202
        assert answers[0].json() == answers[1].json()
        wrong = await eve.post("/api/auth/login", json={"email": ann.email, "password": "another long password"})
        unknown = await eve.post("/api/auth/login", json={"email": "x@example.test", "password": "another long one"})
        assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
        await ann.log_in()


async def test_pages_of_posts_hold_each_post_once(app: Running) -> None:
    async with app.member() as ann:
        space = await ann.space(await ann.org())
        for number in range(7):
            await ann.post(space, str(number))
        found: list[str] = []
        after = ""
        while True:
            page = await ann.get(f"{space}/posts?limit=3{after}")
            found += [post["body"] for post in page["items"]]
            if page["next"] is None:
                break
            after = f"&before={page['next']}"
        assert found == [str(number) for number in reversed(range(7))]


@pytest.mark.parametrize("body", ["", "x" * 10_001, "a\x00b", None, 5, ["x"]])
async def test_a_body_that_cannot_be_stored_is_refused(app: Running, body: Any) -> None:
    async with app.member() as ann:
        space = await ann.space(await ann.org())
        await ann.send("POST", f"{space}/posts", 422, body=body)


@pytest.mark.parametrize("body", ["<script>alert(1)</script>", "'; DROP TABLE posts; --", "\U0001f600 \u202e é"])
async def test_any_text_comes_back_as_it_was(app: Running, body: str) -> None:
    async with app.member() as ann:
        post = await ann.post(await ann.space(await ann.org()), body)
        assert (await ann.get(post))["body"] == body


async def test_the_cookie_is_for_this_host_over_tls_and_for_no_script(app: Running) -> None:
    async with app.member() as ann:
        answer = await ann.client.post(
            "/api/auth/login", json={"email": ann.email, "password": "correct horse battery"}
        )
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        for word in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=lax"):
            assert word in cookie
        assert "Domain" not in cookie
