"""Secrets: where they stand that they must not, and whether they are kept as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness.probe import Probe


def __getattr__(name: str) -> tuple[Probe, ...]:
    """``PROBES``, when it is asked for: `invoke secrets.scan` needs the repository's part alone, and the rest
    of the row takes as long to import as a small history takes to be looked through.
    """
    if name != "PROBES":
        raise AttributeError(name)
    from readiness.rows.secrets.probes import PROBES

    return PROBES
