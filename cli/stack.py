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
def preview(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def destroy(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def outputs(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")


@command()
def refresh(_context: Context) -> None:
    """Not made yet."""
    raise LaunchReadyError("not made yet")
