"""Errors as ``application/problem+json`` (RFC 9457). No message repeats what the client sent."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError, ValidationException, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

log = logging.getLogger("community")

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer carries, unless its route says otherwise: those of errors that nobody expected too."""

# What asyncpg raises when the server is away, refuses or does not answer in time.
UNAVAILABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


class ProblemResponse(JSONResponse):
    """A JSON answer that names itself a problem."""

    media_type = "application/problem+json"


class Problem(HTTPException):
    """An error that the client is told about: ``detail`` is for people, ``headers`` go onto the answer."""


def not_found() -> Problem:
    """The answer for what is not there and for what is not the asker's to see: the two must look the same."""
    return Problem(404, "There is nothing here that you can see.")


def forbidden(detail: str) -> Problem:
    """For a member who may see the thing but not do this to it."""
    return Problem(403, detail)


def conflict(detail: str) -> Problem:
    """For what cannot be done in the state that the thing is in."""
    return Problem(409, detail)


def response(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> ProblemResponse:
    """A problem's answer: ``type`` is left at its default, about:blank, so ``title`` is the status phrase."""
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return ProblemResponse(content, status, headers)


def install(app: FastAPI) -> None:
    """Turn every error of ``app`` into a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(WebSocketRequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unexpected)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _unavailable)


async def _http(_: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, HTTPException):
        raise error
    return response(error.status_code, error.detail, dict(error.headers or {}))


async def _left(_: Request, __: Exception) -> ProblemResponse:
    # Nobody reads this, but it is no error of the app's.
    return response(400, "The request ended before its body did.")


async def _invalid(_: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, ValidationException):
        raise error
    # The input itself is left out: it may be a password.
    reasons = [{"at": list(reason["loc"]), "reason": reason["msg"]} for reason in error.errors()]
    return response(422, "The request is not valid.", errors=jsonable_encoder(reasons))


async def _unavailable(request: Request, error: Exception) -> ProblemResponse:
    # The path's template: the path itself may hold what a client sent.
    route = getattr(request.scope.get("route"), "path", "(no route)")
    log.warning("%s %s: database: %s", request.method, route, type(error).__name__)
    return response(503, "The database does not answer.", {"Retry-After": "1"})


async def _unexpected(_: Request, __: Exception) -> ProblemResponse:
    return response(500, "Something went wrong here; it has been logged.", dict(HEADERS))
