"""The same thing on every host at once, answers in the fleet's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from core.errors import LaunchReadyError

K = TypeVar("K")
T = TypeVar("T")

MOST_AT_ONCE = 64


class Gathered(Generic[T]):
    """What each host answered: ``good`` has the values, ``bad`` the reasons, both in the fleet's order."""

    def __init__(self) -> None:
        self.good: dict[str, T] = {}
        self.bad: dict[str, LaunchReadyError] = {}

    def or_raise(self) -> dict[str, T]:
        """The values if every host has one, else raise every reason, a line each, as the first one's kind of error."""
        if self.bad:
            reasons = list(self.bad.values())
            raise type(reasons[0])("\n".join(str(reason) for reason in reasons))
        return self.good


def at_once(names: Iterable[str], work: Callable[[str], T], *, see_through: bool = False) -> Gathered[T]:
    """``work(name)`` for all names in threads of their own.

    Expected errors are gathered, others raised. An interrupt comes through at once: threads that still wait for their
    host end when its connection is closed. ``see_through`` lets what has begun end first, for work that must not happen
    after it has been undone.
    """
    wanted = list(names)
    gathered: Gathered[T] = Gathered()
    pool = ThreadPoolExecutor(max_workers=max(1, min(len(wanted), MOST_AT_ONCE)))
    try:
        futures = {name: pool.submit(work, name) for name in wanted}
        for name, future in futures.items():
            try:
                gathered.good[name] = future.result()
            except LaunchReadyError as error:
                gathered.bad[name] = error
    finally:
        pool.shutdown(wait=see_through, cancel_futures=True)
    return gathered


def told(versions: Mapping[str, str | None]) -> str:
    """``a serves 1.0.0, b serves nothing``."""
    return ", ".join(f"{name} serves {version or 'nothing'}" for name, version in versions.items())
