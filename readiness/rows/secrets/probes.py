"""The probes of the row `secrets`."""

from __future__ import annotations

from readiness.check import Row
from readiness.probe import Probe
from readiness.rows.secrets import checks
from readiness.rows.secrets.artefact import artefact
from readiness.rows.secrets.ci import ci_files
from readiness.rows.secrets.hosts import host_files, host_logs
from readiness.rows.secrets.kept import as_declared
from readiness.rows.secrets.repository import repository
from readiness.rows.secrets.served import bundle, stray_files

PROBES: tuple[Probe, ...] = (
    Probe(Row.SECRETS, (checks.TREE, checks.HISTORY, checks.OWN_VALUES, checks.BASELINE), repository),
    Probe(Row.SECRETS, (checks.CI,), ci_files),
    Probe(Row.SECRETS, (checks.BUNDLE, checks.MAPS), bundle),
    Probe(Row.SECRETS, (checks.FILES,), stray_files),
    Probe(Row.SECRETS, (checks.ARTEFACT,), artefact),
    Probe(Row.SECRETS, (checks.HOST_FILES,), host_files),
    Probe(Row.SECRETS, (checks.LOGS,), host_logs),
    Probe(Row.SECRETS, (checks.AUDIT,), as_declared),
)
