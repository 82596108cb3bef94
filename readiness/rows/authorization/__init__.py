"""The probes of this row."""

from readiness.check import Row
from readiness.probe import Probe, Touch
from readiness.rows.authorization import admin, assignment, checks, graphql, invites, matrix, tricks

PROBES: tuple[Probe, ...] = (
    Probe(Row.AUTHORIZATION, checks.MATRIX, matrix.swap, Touch.WRITES),
    Probe(Row.AUTHORIZATION, (checks.ADMIN_EDGE, checks.ADMIN_ORIGIN), admin.routes, Touch.WRITES),
    Probe(Row.AUTHORIZATION, (checks.VERBS,), tricks.verbs, Touch.WRITES),
    Probe(Row.AUTHORIZATION, (checks.PATHS,), tricks.paths, Touch.WRITES),
    Probe(Row.AUTHORIZATION, (checks.ASSIGNMENT,), assignment.assign, Touch.WRITES),
    Probe(Row.AUTHORIZATION, checks.INVITES, invites.misuse, Touch.WRITES),
    Probe(Row.AUTHORIZATION, (checks.GRAPHQL,), graphql.graphql),
)
