"""Deployment safety: who releases, whether the way back was tried, and whether data comes back."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.deployment import checks
from readiness.rows.deployment.hosts import hosts
from readiness.rows.deployment.outside import backups, drift
from readiness.rows.deployment.record import record

PROBES: tuple[Probe, ...] = (
    Probe(Row.DEPLOYMENT, (checks.BY_CI, checks.DRILLED, checks.IN_BUDGET, checks.LEDGER), record),
    Probe(Row.DEPLOYMENT, (checks.HOSTS, checks.TARGET), hosts),
    Probe(Row.DEPLOYMENT, (checks.DRIFT,), drift),
    Probe(Row.DEPLOYMENT, (checks.BACKUPS,), backups, Touch.WRITES),
)
