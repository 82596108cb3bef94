"""What a check between sections finds."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings.yaml_tree import Place


@dataclass(frozen=True)
class Finding:
    """What is wrong at a place; the place's first step is the section's name."""

    place: Place
    reason: str
