"""How a command tells what it is doing: a line a phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Progress(Protocol):
    """Whoever listens: a terminal, or nobody."""

    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        """``name`` is over after ``seconds``; ``hosts`` says how it went on each, in the fleet's order."""
        ...

    def note(self, text: str) -> None:
        """Something worth knowing."""
        ...
