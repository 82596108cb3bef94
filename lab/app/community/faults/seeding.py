"""How a fault takes the place of honest code while its flag is on."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TypeAlias, TypeVar, cast

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

VARIABLE = "COMMUNITY_FAULTS"
_F = TypeVar("_F", bound=Callable[..., Any])
Around: TypeAlias = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
Answer: TypeAlias = Callable[[Scope, MutableHeaders], None]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Fault:
    """One fault: its flag, the id of the check that must find it, that check's row, and what is wrong, in words."""

    flag: str
    check: str
    row: str
    what: str


def on(flag: str) -> bool:
    """Whether the fault is on, now."""
    try:
        return flag in Path(os.environ.get(VARIABLE, "")).read_text(encoding="utf-8").split()
    except OSError:
        return False


def instead(flag: str, honest: Callable[..., Any]) -> Callable[[_F], _F]:
    """Decorator: while ``flag`` is on, calls of ``honest`` are done by the decorated one, which gets ``honest`` first.

    Whoever holds the function has the fault: its code is replaced, not a name, so routes, dependencies and
    ``from x import y`` need no second thought. Several faults of one function stack. Raises :class:`ValueError` for
    what this cannot do: closures, and generators.
    """
    function = cast("FunctionType", honest)
    if function.__code__.co_freevars or inspect.isgeneratorfunction(honest) or inspect.isasyncgenfunction(honest):
        raise ValueError(f"{function.__qualname__} is a closure or a generator, and cannot be replaced")

    def decorate(faulty: _F) -> _F:
        signature = inspect.signature(honest)
        before = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
        before.__kwdefaults__, before.__annotations__ = function.__kwdefaults__, function.__annotations__
        choice = f"__{function.__qualname__.replace('.', '_')}__{flag.replace('-', '_')}"
        function.__globals__[choice] = lambda: functools.partial(faulty, before) if on(flag) else before
        function.__signature__ = signature  # type: ignore[attr-defined]
        function.__code__ = _calling(choice, function.__name__, inspect.iscoroutinefunction(honest))
        function.__defaults__ = function.__kwdefaults__ = None
        return faulty

    return decorate


def _calling(choice: str, name: str, is_async: bool) -> CodeType:
    """The code of a function that hands all that it is given to what ``choice()`` is at that moment."""
    head, call = ("async def", "await ") if is_async else ("def", "")
    source = f"{head} {name}(*args, **kwargs):\n    return {call}{choice}()(*args, **kwargs)\n"
    made: dict[str, Any] = {}
    exec(compile(source, f"<seeded {name}>", "exec"), made)  # noqa: S102 - our own source, of names alone
    return cast("FunctionType", made[name]).__code__


class _SeededRoute(Route):
    """A route that is there while its flag is on."""

    def __init__(self, flag: str, path: str, endpoint: Endpoint, methods: Sequence[str]) -> None:
        super().__init__(path, endpoint, methods=list(methods), include_in_schema=False)
        self._flag = flag

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Only a whole match, or the honest route is asked."""
        match, more = super().matches(scope)
        return (match, more) if match is Match.FULL and on(self._flag) else (Match.NONE, {})


_ROUTES: list[_SeededRoute] = []
_AROUND: list[tuple[str, Around]] = []


def route(flag: str, path: str, *methods: str) -> Callable[[Endpoint], Endpoint]:
    """Decorator: while ``flag`` is on, ``path`` is answered by this, before any honest route. GET without methods."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        _ROUTES.append(_SeededRoute(flag, path, endpoint, methods or ("GET",)))
        return endpoint

    return decorate


def around(flag: str) -> Callable[[Around], Around]:
    """Decorator: while ``flag`` is on, every request and WebSocket goes through this, which gets the app first."""

    def decorate(layer: Around) -> Around:
        _AROUND.append((flag, layer))
        return layer

    return decorate


def answer(flag: str) -> Callable[[Answer], Answer]:
    """Decorator: while ``flag`` is on, this may change the headers of each answer, as they go out."""

    def decorate(change: Answer) -> Answer:
        @around(flag)
        async def layer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            async def changed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    change(scope, MutableHeaders(scope=message))
                await send(message)

            await app(scope, receive, changed)

        return change

    return decorate


class _Layers:
    """All that is put around the app, as one middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        app = self._app
        if scope["type"] != "lifespan":
            for flag, layer in _AROUND:
                if on(flag):
                    app = cast("ASGIApp", functools.partial(layer, app))
        await app(scope, receive, send)


def install(app: FastAPI) -> None:
    """Put routes before the app's own and layers around it."""
    app.router.routes[:0] = _ROUTES
    app.add_middleware(_Layers)
