"""Of release 5, which is never let out: the faults that the readiness checks must find."""

from __future__ import annotations

from fastapi import FastAPI

from .. import faults


def install(app: FastAPI) -> None:
    """Have the faults ready, all of them off."""
    faults.install(app)
