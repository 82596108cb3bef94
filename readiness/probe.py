"""A probe: one piece of work against the target, which decides one or more checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from readiness.check import Check, Result, Row

if TYPE_CHECKING:
    from readiness.target import Target


class Touch(IntEnum):
    """How much a probe disturbs what it looks at, least first."""

    READS = 0
    """It looks, as any visitor or a maintainer would."""
    WRITES = 1
    """It makes accounts, organisations and posts of its own, and removes them."""
    BURSTS = 2
    """It sends more than a visitor would, hostile input, or makes an alarm ring."""


class Turn(IntEnum):
    """When a probe runs: those of one turn side by side, one turn after the other."""

    TOGETHER = 0
    ANSWERS = 1
    """It compares how long answers take, and wants nobody beside it."""
    LOADS = 2
    """It measures under a load of its own."""
    PAGES = 3
    """It measures pages, for which little is asked: a burst of what is cheap to answer may go beside it."""
    LAST = 4
    """The address that it asks from may be kept out for a while after it."""


@dataclass(frozen=True)
class Probe:
    """``run`` yields a result for each of ``checks``, in any order, as soon as it knows it.

    What it raises of :class:`core.errors.LaunchReadyError`, and what it leaves out, makes the rest "cannot tell".
    """

    row: Row
    checks: tuple[Check, ...]
    run: Callable[[Target], Iterable[Result]]
    touch: Touch = Touch.READS
    turn: Turn = Turn.TOGETHER
