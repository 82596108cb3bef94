"""The probes of this row."""

from readiness.check import Row
from readiness.probe import Probe, Touch, Turn
from readiness.rows.auth import checks, enumeration, guessing, journey, link_checks, links, passwords, sessions

PROBES: tuple[Probe, ...] = (
    Probe(
        Row.AUTH,
        (
            checks.COOKIE_SECURE,
            checks.COOKIE_HTTP_ONLY,
            checks.COOKIE_SAME_SITE,
            checks.COOKIE_PREFIX,
            checks.SESSION_LIFETIME,
            checks.HTTP_LOGIN,
        ),
        sessions.cookie,
        Touch.WRITES,
    ),
    Probe(Row.AUTH, (checks.SESSION_RENEWED,), sessions.renewed, Touch.WRITES),
    Probe(
        Row.AUTH,
        (checks.LOGOUT_NOT_BY_GET, checks.LOGOUT_ENDS, checks.LEAVE_ENDS),
        sessions.endings,
        Touch.WRITES,
    ),
    Probe(Row.AUTH, (checks.CHANGE_NEEDS_CURRENT, checks.CHANGE_ENDS), passwords.changed, Touch.WRITES),
    Probe(
        Row.AUTH,
        (
            checks.PASSWORD_SHORT,
            checks.PASSWORD_LONG,
            checks.PASSWORD_COMPOSITION,
            checks.PASSWORD_COMMON,
        ),
        passwords.taken,
        Touch.WRITES,
    ),
    Probe(Row.AUTH, (checks.PASSWORD_EXACT,), passwords.exact, Touch.WRITES),
    Probe(
        Row.AUTH,
        (link_checks.VERIFY_LIFETIME, link_checks.VERIFY_ONCE, link_checks.UNVERIFIED),
        links.unverified,
        Touch.WRITES,
    ),
    Probe(
        Row.AUTH,
        (
            link_checks.RESET_LIFETIME,
            link_checks.RESET_NEWEST,
            link_checks.RESET_ONCE,
            link_checks.RESET_ENDS,
        ),
        links.reset,
        Touch.WRITES,
    ),
    Probe(Row.AUTH, (link_checks.BOUND,), links.bound, Touch.WRITES),
    Probe(Row.AUTH, (checks.EXPIRY_ENFORCED, link_checks.EXPIRED_REFUSED), links.expired, Touch.WRITES),
    Probe(Row.AUTH, (link_checks.VERIFY_STRENGTH,), guessing.proofs, Touch.WRITES),
    Probe(Row.AUTH, (link_checks.RESET_STRENGTH,), guessing.resets, Touch.WRITES),
    Probe(Row.AUTH, (checks.SESSION_STRENGTH,), guessing.sessions, Touch.WRITES),
    Probe(
        Row.AUTH,
        (
            link_checks.JOURNEY,
            link_checks.NO_REFERRER,
            link_checks.NO_THIRD_PARTY,
            link_checks.NOT_LEFT,
            link_checks.NOT_STORED,
            link_checks.NOT_AFTER_LOGOUT,
            link_checks.PASSWORD_FIELDS,
        ),
        journey.way,
        Touch.WRITES,
    ),
    Probe(Row.AUTH, tuple(checks.NO_ENUMERATION.values()), enumeration.wording, Touch.WRITES),
    Probe(Row.AUTH, (checks.NO_LIMIT_TELLS,), enumeration.limits, Touch.BURSTS),
    Probe(Row.AUTH, tuple(checks.NO_TIMING.values()), enumeration.timing, Touch.BURSTS, Turn.ANSWERS),
)
