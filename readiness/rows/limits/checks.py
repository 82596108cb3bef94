"""What is asked about rate limits."""

from __future__ import annotations

from functools import partial

from readiness.check import Row, Severity, check_of

_ASVS = ("ASVS 5.0.0 2.4.1", "ASVS 5.0.0 6.3.1", "OWASP API4:2023")
_AUTH = ("ASVS 5.0.0 6.3.1", "OWASP API2:2023")


_check = partial(check_of, Row.LIMITS)


_EDGE_FIX = (
    "Declare it (launch-ready:rate_limits; the paths are launch-ready:platform's), run `invoke up`, and look for drift."
)

EDGE_LOGIN = _check(
    "edge-login",
    Severity.HIGH,
    "The edge stops one address that tries passwords",
    "Lists of stolen passwords are tried at full speed, and each try costs the platform a slow hash.",
    _EDGE_FIX,
    *_AUTH,
)
EDGE_RESET = _check(
    "edge-reset",
    Severity.MEDIUM,
    "The edge stops one address that asks for reset mails",
    "Anybody makes the platform flood others with its mail, which costs its sender's good name; tokens can be guessed.",
    _EDGE_FIX,
    *_ASVS,
)
EDGE_INVITE = _check(
    "edge-invite",
    Severity.MEDIUM,
    "The edge stops one address that sends invites",
    "One account sends spam in the platform's name.",
    _EDGE_FIX,
    *_ASVS,
)
EDGE_POST = _check(
    "edge-post",
    Severity.LOW,
    "The edge stops one address that posts without end",
    "One client fills spaces with spam before anybody can look.",
    _EDGE_FIX,
    *_ASVS,
)
EDGE_WRITES = _check(
    "edge-writes",
    Severity.LOW,
    "The edge stops one address that writes without end",
    "One client keeps the database busy, and everybody waits.",
    _EDGE_FIX,
    *_ASVS,
)
APP_LOGIN = _check(
    "app-login",
    Severity.HIGH,
    "The platform stops wrong passwords of one account from however many addresses",
    "Who rents a thousand addresses tries passwords of one account for ever: the edge counts each address by itself.",
    "Count failed logins by account in the platform's own database, and answer 429 with Retry-After.",
    *_AUTH,
)
APP_RESET = _check(
    "app-reset",
    Severity.MEDIUM,
    "The platform stops reset mails to one address, from wherever they are asked for",
    "Somebody's inbox is flooded, and mail providers begin to refuse the platform's mail.",
    "Count reset mails by the address that they go to, in the platform's own database.",
    *_ASVS,
)
APP_INVITE = _check(
    "app-invite",
    Severity.MEDIUM,
    "The platform stops invites of one organisation, from however many addresses",
    "One organisation sends spam in the platform's name.",
    "Count invites by organisation in the platform's own database.",
    *_ASVS,
)
APP_POST = _check(
    "app-post",
    Severity.LOW,
    "The platform stops posts of one account, from however many addresses",
    "One account fills spaces with spam before anybody can look.",
    "Count posts by account in the platform's own database.",
    *_ASVS,
)
RETRY_AFTER = _check(
    "retry-after",
    Severity.LOW,
    "Who is refused is told truthfully when to come back",
    "Clients try again at once and for ever, and good ones are kept out longer than they need be.",
    "Answer 429 with Retry-After in seconds (RFC 6585 section 4, RFC 9110 section 10.2.3), computed from the window.",
    "RFC 6585 4",
    "RFC 9110 10.2.3",
)
ORDINARY = _check(
    "ordinary-use",
    Severity.MEDIUM,
    "Nobody is refused below the limit, or for what somebody else did",
    "Good users are locked out, or one user can lock another out.",
    "Count by what the limit is about (the address at the edge, the account in the platform) and by nothing wider.",
    *_ASVS,
)
SPOOFED = _check(
    "spoofed-address",
    Severity.HIGH,
    "A client cannot shed its limit by naming another address in its headers",
    "One header more with each request, and there is no limit.",
    "Take the client's address from CF-Connecting-IP, as the edge alone sets it, and never from X-Forwarded-For.",
    "ASVS 5.0.0 2.4.1",
    "OWASP API4:2023",
)
