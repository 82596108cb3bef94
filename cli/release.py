"""Tasks."""

from __future__ import annotations

from invoke.context import Context

from cli.guard import command
from core.errors import LaunchReadyError


@command()
def deploy(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def rollback(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def releases(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")
