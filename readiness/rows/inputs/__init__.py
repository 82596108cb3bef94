"""Input and uploads: hostile values, bodies, files and webhooks, in an organisation of the checks' own."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.inputs import bodies, collisions, fuzz, headers, markup, sql, uploads, webhooks

PROBES: tuple[Probe, ...] = (
    Probe(Row.INPUTS, fuzz.CHECKS, fuzz.fuzz, Touch.BURSTS),
    Probe(Row.INPUTS, markup.CHECKS, markup.markup, Touch.BURSTS),
    Probe(Row.INPUTS, sql.CHECKS, sql.sql, Touch.BURSTS),
    Probe(Row.INPUTS, headers.CHECKS, headers.headers, Touch.BURSTS),
    Probe(Row.INPUTS, bodies.CHECKS, bodies.bodies, Touch.BURSTS),
    Probe(Row.INPUTS, collisions.CHECKS, collisions.collisions, Touch.BURSTS),
    Probe(Row.INPUTS, uploads.CHECKS, uploads.uploads, Touch.BURSTS),
    Probe(Row.INPUTS, webhooks.CHECKS, webhooks.webhooks, Touch.BURSTS),
)
