"""How seeded faults take the place of honest code: while their flag is on, and only then."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.app.community import faults
from lab.app.community.faults import seeding


def add(first: int, second: int = 2, *, third: int = 3) -> int:
    return first + second + third


async def who() -> str:
    return "honest"


class Vault:
    """Has a method."""

    async def opens(self, key: str) -> bool:
        return key == "right"


async def shown(who: Annotated[str, Depends(who)], word: str = "none") -> dict[str, str]:
    return {"who": who, "word": word}


@seeding.instead("double", add)
def _double(honest: Callable[..., int], *args: Any, **kwargs: Any) -> int:
    return 2 * honest(*args, **kwargs)


@seeding.instead("negative", add)
def _negative(honest: Callable[..., int], *args: Any, **kwargs: Any) -> int:
    return -honest(*args, **kwargs)


@seeding.instead("open-vault", Vault.opens)
async def _open(_honest: Callable[..., Awaitable[bool]], _vault: Vault, _key: str) -> bool:
    return True


@seeding.instead("another", who)
async def _another(_honest: Callable[..., Awaitable[str]]) -> str:
    return "another"


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv(seeding.VARIABLE, str(tmp_path / "flags"))

    def turn_on(*names: str) -> None:
        (tmp_path / "flags").write_text("\n".join(names))

    return turn_on


def test_a_flag_is_a_line_of_the_file_read_anew(flags: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    assert not seeding.on("double")
    flags("other", "double")
    assert seeding.on("double")
    flags("doubled")
    assert not seeding.on("double")
    monkeypatch.delenv(seeding.VARIABLE)
    assert not seeding.on("double")


def test_a_function_is_replaced_for_whoever_holds_it(flags: Callable[..., None]) -> None:
    held = add
    assert held(1) == 6
    assert held(1, third=0) == 3
    flags("double")
    assert held(1, 1) == 10
    flags("double", "negative")
    assert held(1) == -12
    assert list(inspect.signature(add).parameters) == ["first", "second", "third"]


async def test_a_method_is_replaced_for_instances_that_are_there(flags: Callable[..., None]) -> None:
    vault = Vault()
    assert not await vault.opens("wrong")
    flags("open-vault")
    assert await vault.opens("wrong")


def test_what_cannot_be_replaced_is_refused() -> None:
    word = "x"

    def closure() -> str:
        return word

    async def stream() -> AsyncIterator[int]:
        yield 1

    for honest in (closure, stream):
        with pytest.raises(ValueError, match="closure or a generator"):
            seeding.instead("flag", honest)


async def test_dependencies_routes_and_layers_have_their_faults(
    flags: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeding, "_ROUTES", [])
    monkeypatch.setattr(seeding, "_AROUND", [])

    @seeding.route("taken", "/shown")
    async def taken(_: Request) -> Response:
        return PlainTextResponse("taken")

    @seeding.answer("renamed")
    def renamed(_: Scope, headers: MutableHeaders) -> None:
        headers["X-Who"] = "renamed"

    @seeding.around("silent")
    async def silent(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("silence", 503)(scope, receive, send)

    app = FastAPI()
    app.add_api_route("/shown", shown, methods=["GET", "POST"])
    seeding.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app.test") as client:
        honest = await client.get("/shown?word=x")
        assert (honest.json(), "x-who" in honest.headers) == ({"who": "honest", "word": "x"}, False)
        flags("another", "renamed")
        faulty = await client.get("/shown")
        assert (faulty.json()["who"], faulty.headers["x-who"]) == ("another", "renamed")
        flags("taken")
        assert (await client.get("/shown")).text == "taken"
        assert (await client.post("/shown")).json()["who"] == "honest"
        flags("silent")
        assert (await client.get("/shown")).status_code == 503


def test_every_fault_says_what_it_is() -> None:
    found = faults.catalogue()
    assert found
    for fault in found:
        assert fault.check.startswith(f"{fault.row}."), fault
        assert len(fault.what) > 10, fault
