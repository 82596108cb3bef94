"""The releases themselves: migrations, both versions on one database, health, the drain, the socket.

The tests of this module run in order: each goes on from the schema that the one before left.
"""

from __future__ import annotations

import asyncio
import socket
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.app.conftest import Platform


async def test_a_release_on_an_empty_database_says_what_it_needs(platform: Platform) -> None:
    with platform.running("v1", healthy=False) as running:
        async with running.client() as client:
            answer = await client.get("/healthz")
            assert answer.status_code == 503
            wanted = "its schema is at version 0, and this release needs 1 to 2"
            assert answer.json()["checks"]["database"] == wanted


def test_of_migrations_run_at_once_one_does_the_work(platform: Platform) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(platform.migrate, ["v1"] * 3))
    assert [each.returncode for each in done] == [0, 0, 0], done
    assert sorted(each.stdout for each in done) == ["schema 0 -> 1\n", "schema 1 -> 1\n", "schema 1 -> 1\n"]


async def test_the_next_release_waits_for_its_schema(platform: Platform) -> None:
    with platform.running("v2", healthy=False) as running:
        async with running.client() as client:
            answer = await client.get("/healthz")
            assert answer.status_code == 503
            assert "needs 2 to 2" in answer.json()["checks"]["database"]


async def test_both_releases_serve_one_member_on_the_newer_schema(platform: Platform) -> None:
    with platform.running("v1", "blue") as blue:
        async with blue.member() as member:
            space = await member.space(await member.org())
            before = await member.post(space, "from one")
            assert platform.migrate("v2").stdout == "schema 1 -> 2\n"
            with platform.running("v2", "green") as green:
                async with green.client() as client:
                    client.headers["Cookie"] = member.client.headers["Cookie"]
                    assert (await client.put(f"{before}/pin")).status_code == 204
                    [pinned] = (await client.get(f"{space}/pins")).json()
                    assert pinned["body"] == "from one"
                    after = (await client.post(f"{space}/posts", json={"body": "from two"})).json()
            listed = await member.get(f"{space}/posts")
            assert [post["body"] for post in listed["items"]] == ["from two", "from one"]
            assert "pinned_at" not in listed["items"][1]
            assert after["id"] == listed["items"][0]["id"]
            await member.get(f"{space}/pins", 404)


def test_an_older_releases_migrations_leave_a_newer_schema_alone(platform: Platform) -> None:
    assert platform.migrate("v1").stdout == "schema 2 -> 2\n"


@pytest.mark.parametrize("target", ["/version", "/nothing", "/api/auth/me", "/api/slow?seconds=11"])
async def test_every_answer_names_release_and_colour(platform: Platform, target: str) -> None:
    with platform.running("v2", "green") as running:
        async with running.client() as client:
            answer = await client.get(target)
            assert (answer.headers["x-release"], answer.headers["x-colour"]) == ("2.0.0", "green")


async def test_even_what_is_no_http_is_answered_in_the_releases_name(platform: Platform) -> None:
    with platform.running("v2") as running:
        answer = await asyncio.to_thread(_exchange, str(running.socket), b"NOT HTTP\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"x-release: 2.0.0" in answer.lower()


def _exchange(path: str, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(sent)
        return connection.recv(4096)


async def test_the_socket_is_for_the_units_group_alone(platform: Platform) -> None:
    with platform.running("v1") as running:
        assert stat.S_IMODE(running.socket.stat().st_mode) == 0o770


async def test_a_stop_finishes_what_is_in_flight_and_takes_no_more(platform: Platform) -> None:
    with platform.running("v1") as running:
        async with running.client() as client, running.client() as late:
            slow = asyncio.create_task(client.get("/api/slow?seconds=2"))
            await asyncio.sleep(0.5)
            began = time.monotonic()
            running.terminate()
            await asyncio.sleep(0.5)
            refused = await asyncio.gather(late.get("/version"), return_exceptions=True)
            answer = await slow
            status = await asyncio.to_thread(running.process.wait, 10)
            assert answer.json() == {"slept": 2.0}
            assert isinstance(refused[0], Exception)
            assert status == -15
            assert 1.0 < time.monotonic() - began < 4.0


async def test_the_unhealthy_release_is_never_healthy(platform: Platform) -> None:
    with platform.running("unhealthy", healthy=False) as running:
        async with running.client() as client:
            answer = await client.get("/healthz")
            assert answer.status_code == 503
            assert answer.json()["checks"]["database"] == "ok"
            assert "search" in answer.json()["checks"]


async def test_the_release_that_turns_bad_is_healthy_until_it_is_used(platform: Platform) -> None:
    with platform.running("turns-bad") as running:
        async with running.client() as client:
            # As nginx does; after an error that nobody caught, uvicorn closes the connection anyway.
            client.headers["Connection"] = "close"
            for _ in range(40):
                assert (await client.get("/healthz")).status_code == 200
            statuses = [(await client.get("/version")).status_code for _ in range(35)]
            assert statuses == [200] * 30 + [500] * 5
            answer = await client.get("/")
            assert answer.status_code == 500
            assert answer.headers["x-release"] == "4.0.0"


def test_without_its_environment_a_release_says_what_is_missing(platform: Platform) -> None:
    environment = {key: value for key, value in platform.environment.items() if key != "SESSION_KEY"}
    done = subprocess.run(
        [platform.folder / "v1/bin/serve"], env=environment, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert done.stderr == "serve: SESSION_KEY is not set in the environment\n"
