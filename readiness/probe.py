"""A probe: one piece of work against the target, which decides one or more checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from readiness.check import Check, Result, Row
from readiness.target import Target


class Touch(IntEnum):
    """How much a probe disturbs what it looks at, least first."""

    READS = 0
    """It looks, as any visitor or a maintainer would."""
    WRITES = 1
    """It makes accounts, organisations and posts of its own, and removes them."""
    BURSTS = 2
    """It sends more than a visitor would, hostile input, or makes an alarm ring."""


@dataclass(frozen=True)
class Probe:
    """``run`` yields a result for each of ``checks``, in any order, as soon as it knows it.

    What it raises of :class:`core.errors.LaunchReadyError`, and what it leaves out, makes the rest "cannot tell".
    ``alone``: it measures time, so it runs after all others and beside none.
    """

    row: Row
    checks: tuple[Check, ...]
    run: Callable[[Target], Iterable[Result]]
    touch: Touch = Touch.READS
    alone: bool = False
