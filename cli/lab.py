"""Tasks."""

from __future__ import annotations

from invoke.context import Context

from cli.guard import command
from core.errors import LaunchReadyError


@command()
def up(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def down(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def status(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")
