"""The API as an aiohttp application, and the process that serves it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from core.errors import LabError
from core.secret import Secret
from lab.cloudflare import (
    access,
    account,
    alerting,
    cache,
    certificate_packs,
    dnssec,
    healthchecks,
    leaked_credentials,
    load_balancing,
    origin_ca,
    origin_pulls,
    records,
    rulesets,
    secrets_store,
    settings,
    trace,
    zones,
)
from lab.cloudflare.auth import check_token
from lab.cloudflare.context import MAX_BODY, PKI, STORE, WATCH
from lab.cloudflare.envelope import failure
from lab.cloudflare.errors import ApiError, NoRoute
from lab.cloudflare.faults import PATH as FAULTS
from lab.cloudflare.faults import Faults, strike
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.watch import Watch
from lab.cloudflare.store import Store
from lab.pki import Pki

PREFIX = "/client/v4"
_PARTS = (
    *(account, zones, settings, records, rulesets, secrets_store, cache, leaked_credentials),
    *(dnssec, certificate_packs, origin_ca, origin_pulls),
    *(load_balancing, access, healthchecks, alerting, trace),
)
# Seconds that requests in flight get once the process is told to stop.
_GRACE = 0.5

_log = logging.getLogger("lab.cloudflare")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    store: Store,
    token: Secret,
    faults: Faults | None = None,
    pki: Path | None = None,
    internet: Internet | None = None,
) -> web.Application:
    """The application: every answer is an envelope with a ``CF-Ray``, the answer to a bad request too.

    With ``faults`` it goes wrong where a test asks it to: see :mod:`lab.cloudflare.faults`. ``pki`` is the folder of
    the authorities, of which the Origin CA signs; without it, they are made beside the state. ``internet`` is what
    health checks probe and where notifications go; without it, neither happens.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = faults.take(request.method, request.path.removeprefix(PREFIX)) if faults and _is_api(request) else None
        if fault is not None:
            return await strike(fault, request, lambda: _answer(request, handler, token))
        response = await _answer(request, handler, token)
        response.headers["CF-Ray"] = f"{secrets.token_hex(8)}-LAB"
        return response

    api = web.Application()
    for part in _PARTS:
        api.add_routes(part.routes)
    api[STORE] = store
    api[PKI] = Pki(pki or store.path.parent / "pki")
    api[WATCH] = Watch(store, internet, api[PKI])
    api.cleanup_ctx.append(api[WATCH].running)
    app = web.Application(middlewares=[guard], client_max_size=MAX_BODY)
    app.add_subapp(PREFIX, api)
    if faults is not None:
        app.router.add_route("*", FAULTS, faults.control)
    return app


def _is_api(request: web.Request) -> bool:
    return request.path.startswith(f"{PREFIX}/")


async def _answer(request: web.Request, handler: Handler, token: Secret) -> web.StreamResponse:
    try:
        check_token(request, token)
        return await handler(request)
    except ApiError as error:
        return failure(error)
    except web.HTTPNotFound:
        return failure(NoRoute(request.path.removeprefix(PREFIX)))
    except web.HTTPMethodNotAllowed:
        return failure(ApiError(405, 10405, "Method not allowed"))
    except web.HTTPRequestEntityTooLarge:
        return failure(ApiError(413, 9207, f"Request body is invalid: it is larger than {MAX_BODY} bytes."))
    except Exception:  # noqa: BLE001 (no client sees a traceback; the log has it)
        _log.exception("%s %s failed", request.method, request.path)
        return failure(ApiError(500, 1000, "An internal error occurred; the lab's log of the Cloudflare API has it."))


async def serve(app: web.Application, address: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises :class:`LabError` if the address cannot be bound."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log_format='%s "%r" %Tf s', shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port).start()
        _log.info("the Cloudflare API answers on http://%s:%d%s", address, port, PREFIX)
        await stop.wait()
    except OSError as error:
        raise LabError(f"the Cloudflare API cannot listen on {address}:{port}: {error.strerror}") from None
    finally:
        await runner.cleanup()
