"""What is asked about monitoring."""

from __future__ import annotations

from functools import partial

from readiness.check import Row, Severity, check_of

_ALERTS = ("ASVS 5.0.0 16.3.3", "ASVS 5.0.0 16.4.3")
_LOGS = ("ASVS 5.0.0 16.2.5", "ASVS 5.0.0 16.4.1", "ASVS 5.0.0 14.2.1")
_ERRORS = ("ASVS 5.0.0 16.3.4", "ASVS 5.0.0 16.2.5")


_check = partial(check_of, Row.MONITORING)


DECLARED = _check(
    "checks-declared",
    Severity.HIGH,
    "The homepage, the login, the API's health and the webhooks are probed",
    "The part that is not probed goes down, and customers are the first to tell.",
    "Add a check of it to launch-ready:monitoring.checks (of: homepage, login, health, webhook), then `invoke up`.",
    *_ALERTS,
)
PRESENT = _check(
    "checks-present",
    Severity.HIGH,
    "Every declared health check is at Cloudflare as declared, and none is suspended",
    "What somebody switched off or changed by hand is not probed, though the stack's file says so.",
    "Run `invoke drift` to see it, and `invoke up` to have it as declared.",
    *_ALERTS,
)
HEALTHY = _check(
    "checks-healthy",
    Severity.HIGH,
    "Every health check is probed, and healthy",
    "It is down now; or a check that never works teaches everybody to look away.",
    "Look at the failure's reason; mend the platform, or what the check expects (launch-ready:monitoring.checks).",
    *_ALERTS,
)
ALERTED = _check(
    "alerts-present",
    Severity.HIGH,
    "Every health check has an enabled alert at Cloudflare that tells when it fails",
    "A probe fails, and nobody hears of it.",
    "Declare an alert of type health_check_status_notification in launch-ready:monitoring.alerts, then `invoke up`.",
    *_ALERTS,
)
OWNED = _check(
    "alert-owners",
    Severity.MEDIUM,
    "Every alert says who answers for it",
    "It rings where everybody thinks that somebody else looks.",
    "Give each alert of launch-ready:monitoring an owner; a policy that was made by hand has one in its description.",
    *_ALERTS,
)
ROUTED = _check(
    "alert-destinations",
    Severity.HIGH,
    "Every place that alerts go to exists, and took the last one",
    "The alert is sent, and arrives nowhere.",
    "Mend the webhook's address or the mail domain's MX; send a test from Cloudflare's dashboard (Notifications).",
    *_ALERTS,
)
CERTIFICATES = _check(
    "certificate-alerts",
    Severity.MEDIUM,
    "Somebody is told before a certificate that is not Cloudflare's own care ends",
    "A certificate ends on a Sunday, and every request fails at once.",
    "Declare alerts of the types that the summary names in launch-ready:monitoring.alerts.",
    "ASVS 5.0.0 12.2.2",
    "ASVS 5.0.0 16.4.3",
)
FIRES = _check(
    "alert-arrives",
    Severity.HIGH,
    "A health check that fails makes the alert arrive",
    "The alarm was never heard, and is not when it counts.",
    "See whether the webhook's receiver took it, and whether the policy's destinations are those of who is on call.",
    *_ALERTS,
)
TRACKED = _check(
    "error-tracked",
    Severity.HIGH,
    "An error of the platform reaches the error tracker",
    "Users meet errors that nobody knows of.",
    "Set the tracker's address (SENTRY_DSN) in the hosts' settings, and see that they may reach it.",
    *_ERRORS,
)
SCRUBBED = _check(
    "error-scrubbed",
    Severity.HIGH,
    "An error event holds no cookie, no credentials and no body of the request",
    "Whoever may read the tracker, and whoever breaks into it, can be any user who met an error.",
    "Have the tracker's client send no personal data and no bodies, and strike out what is left before it is sent.",
    *_ERRORS,
)
LOGS = _check(
    "logs-redacted",
    Severity.CRITICAL,
    "No secret that is sent through the platform stands in a log of a host",
    "Whoever may read a log, a backup of it or a log service, signs in as the user or calls in the customer's name.",
    "Log paths without queries and tokens, never headers or bodies; strike out what looks like a secret.",
    *_LOGS,
)
ELSEWHERE = _check(
    "tracker-redacted",
    Severity.CRITICAL,
    "No secret that is sent through the platform stands in the error tracker or in an alert",
    "It is kept by another company, for months, and shown to everybody who may look at errors.",
    "Send the tracker no headers, cookies, bodies or queries.",
    *_LOGS,
)
