"""What releases add to the ground: a module a part, each with ``install(app)``. A release has those in its folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module

from fastapi import FastAPI


def present() -> tuple[str, ...]:
    """The parts that came with this release, by name."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def install(app: FastAPI, names: Iterable[str]) -> None:
    """Install each part."""
    for name in names:
        import_module(f"{__name__}.{name}").install(app)
