"""The ten rows, a package each; every one has the probes that decide its checks."""

from __future__ import annotations

from readiness.probe import Probe


def all_probes() -> tuple[Probe, ...]:
    """Every probe, row by row."""
    from readiness.rows import (
        auth,
        authorization,
        deployment,
        email,
        headers,
        inputs,
        limits,
        monitoring,
        performance,
        secrets,
    )

    rows = (auth, authorization, secrets, email, limits, inputs, headers, monitoring, deployment, performance)
    return tuple(probe for row in rows for probe in row.PROBES)
