"""Monitoring: what is probed and who is told, an alarm that is rung, an error that is tracked, logs without secrets."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.declared import declared
from readiness.rows.monitoring.firing import alarm
from readiness.rows.monitoring.present import present
from readiness.rows.monitoring.redaction import redaction
from readiness.rows.monitoring.routes import routes
from readiness.rows.monitoring.tracker import tracked

PROBES: tuple[Probe, ...] = (
    Probe(Row.MONITORING, (checks.DECLARED, checks.CERTIFICATES), declared),
    Probe(Row.MONITORING, (checks.PRESENT, checks.ALERTED, checks.HEALTHY), present),
    Probe(Row.MONITORING, (checks.OWNED, checks.ROUTED), routes),
    Probe(Row.MONITORING, (checks.FIRES,), alarm, Touch.BURSTS),
    Probe(Row.MONITORING, (checks.TRACKED, checks.SCRUBBED), tracked, Touch.WRITES),
    Probe(Row.MONITORING, (checks.LOGS, checks.ELSEWHERE), redaction, Touch.WRITES),
)
