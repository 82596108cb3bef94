"""Secrets: where they stand that they must not, and whether they are kept as declared."""

from readiness.check import Row
from readiness.probe import Probe
from readiness.rows.secrets import checks
from readiness.rows.secrets.repository import repository

PROBES: tuple[Probe, ...] = (
    Probe(Row.SECRETS, (checks.TREE, checks.HISTORY, checks.OWN_VALUES, checks.BASELINE), repository),
)
