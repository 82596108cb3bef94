"""Whether this machine could measure at all: what waits for a processor here looks slow over there."""

from __future__ import annotations

import re
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")
"""Pressure stall information, https://docs.kernel.org/accounting/psi.html: a share of the last minute, in per cent."""
_MUCH = 60.0


def busy() -> str:
    """A few words where something here waited for a processor most of the last minute; "" else, or where that is not
    told.
    """
    try:
        found = re.search(r"some .*\bavg60=(\d+\.\d+)", _PRESSURE.read_text())
    except OSError:
        return ""
    share = float(found[1]) if found else 0.0
    much = f"this machine was busy itself, {share:.0f} % of the last minute: measure from one that is not"
    return much if share >= _MUCH else ""
