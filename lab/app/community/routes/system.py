"""Health, version, and a request that takes its time."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from ..health import examine
from ..problems import log, response

router = APIRouter(tags=["system"])


@router.get("/healthz")
async def health(request: Request) -> JSONResponse:
    """200 when this release can serve; 503 with every reason why it cannot."""
    checks = await examine(request.app.state.checks)
    failed = {name: outcome for name, outcome in checks.items() if outcome != "ok"}
    settings = request.app.state.settings
    facts = {"release": settings.release, "colour": settings.colour, "checks": checks}
    if failed:
        reasons = "; ".join(f"{name}: {outcome}" for name, outcome in failed.items())
        _note(request, reasons)
        return response(503, f"Not ready: {reasons}.", **facts)
    _note(request, "")
    return JSONResponse({"status": "ok", **facts})


def _note(request: Request, reasons: str) -> None:
    """Log why it is not ready, once for each change: health is asked many times a second."""
    if reasons != getattr(request.app.state, "not_ready", ""):
        log.warning("health: %s", reasons or "ready again")
    request.app.state.not_ready = reasons


@router.get("/version")
async def version(request: Request) -> dict[str, str | list[str]]:
    """Which release this is, on which colour, with which parts."""
    settings = request.app.state.settings
    return {"release": settings.release, "colour": settings.colour, "parts": list(request.app.state.parts)}


@router.get("/api/slow")
async def slow(seconds: Annotated[float, Query(ge=0, le=10, allow_inf_nan=False)] = 2.0) -> dict[str, float]:
    """Answer after ``seconds``: what a release must not cut off."""
    await asyncio.sleep(seconds)
    return {"slept": seconds}
