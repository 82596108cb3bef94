"""Seeded faults: what the readiness checks must find, packed into the artefact ``faulty`` (5.0.0) and into no other.

A fault is on while its flag stands in the file that ``COMMUNITY_FAULTS`` names, one flag a line, read anew at each use;
without the file all are off, and the release behaves as 2.0.0 does. The honest code knows nothing of them.

To add one, write it into the module of its row here (or a new one: every module of this package is loaded)::

    from .. import accounts
    from .seeding import Fault, instead

    FAULTS = (
        Fault("reset-reusable", "auth.reset-token-single-use", "auth", "a reset token can be used again"),
    )

    @instead("reset-reusable", accounts.set_password)
    async def _reusable(honest, desk, form):
        ...

- :func:`seeding.instead` has a function of the app, a route's too, done by yours, which gets the honest one first;
- :func:`seeding.answer` changes the headers of every answer, cookies too;
- :func:`seeding.route` adds a path, or takes one away from the honest route;
- :func:`seeding.around` is ASGI middleware, outermost: for bodies, delays, log lines.

Then put its flag into the table of ``tests/lab/readiness/test_seeded_faults.py``, with the check that must fail.
A fault that is no app's (DNS, repository, ledger, edge) is none of these: it is a context manager of the tests.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from fastapi import FastAPI

from . import seeding

if TYPE_CHECKING:
    from .seeding import Fault


def catalogue() -> tuple[Fault, ...]:
    """Every fault, by flag. Raises :class:`ValueError` if two have one flag."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [fault for module in modules for fault in getattr(module, "FAULTS", ())]
    flags = [fault.flag for fault in found]
    if twice := sorted({flag for flag in flags if flags.count(flag) > 1}):
        raise ValueError(f"two faults have the flag {twice[0]}")
    return tuple(sorted(found, key=lambda fault: fault.flag))


def install(app: FastAPI) -> None:
    """Have them all ready in ``app``."""
    catalogue()
    seeding.install(app)
