"""What is asked of sessions, passwords and the way in. What is asked of mailed links: ``link_checks``."""

from __future__ import annotations

from readiness.check import Check, Row, Severity, check_of


def check(words: str, severity: Severity, title: str, breaks: str, fix: str, *references: str) -> Check:
    """A check of this row; ``references`` with a dot and no name are sections of ASVS 5.0.0."""
    named = tuple(f"ASVS 5.0.0 {one}" if one[0].isdigit() else one for one in references)
    return check_of(Row.AUTH, words, severity, title, breaks, fix, *named)


COOKIE_SECURE = check(
    "cookie-secure",
    Severity.HIGH,
    "The session's cookie goes over HTTPS only",
    "One request by plain HTTP, which anybody on the way can cause, hands over the session.",
    "Set the attribute Secure on the session's cookie.",
    "3.3.1",
)
COOKIE_HTTP_ONLY = check(
    "cookie-http-only",
    Severity.HIGH,
    "No script can read the session's cookie",
    "A script that gets into a page takes the session with it.",
    "Set the attribute HttpOnly on the session's cookie.",
    "3.3.4",
)
COOKIE_SAME_SITE = check(
    "cookie-same-site",
    Severity.MEDIUM,
    "Other sites' forms do not carry the session's cookie",
    "Another site can have a signed-in browser change things here (CSRF).",
    "Set SameSite=Lax or SameSite=Strict on the session's cookie.",
    "3.3.2",
    "RFC 6265bis 5.6.7",
)
COOKIE_PREFIX = check(
    "cookie-host-prefix",
    Severity.MEDIUM,
    "The session's cookie belongs to its own host",
    "A cookie without the prefix can be set by any sibling host name, or by plain HTTP: a session can be planted.",
    "Call it __Host-…, with Secure, Path=/ and no Domain.",
    "3.3.3",
    "RFC 6265bis 4.1.3.2",
)
SESSION_RENEWED = check(
    "session-renewed",
    Severity.HIGH,
    "Signing in starts a new session and ends the one before",
    "Who plants a session in a browser, or finds an old one, is signed in as whoever signs in there.",
    "At each login make a new token and end the session that the request came with.",
    "7.2.4",
)
SESSION_STRENGTH = check(
    "session-token-strength",
    Severity.CRITICAL,
    "Sessions cannot be guessed",
    "Whoever guesses a session is signed in as its owner.",
    "Make session tokens of at least 16 bytes from the system's random generator.",
    "7.2.3",
)
SESSION_LIFETIME = check(
    "session-lifetime",
    Severity.MEDIUM,
    "The browser forgets the session in time",
    "A session that is found on an old device still works.",
    "Give the session's cookie a Max-Age of no more than launch-ready:readiness.session_days.",
    "7.3.2",
)
EXPIRY_ENFORCED = check(
    "session-expiry-enforced",
    Severity.MEDIUM,
    "The server refuses a session that is over",
    "A stolen cookie works for ever, whatever the browser was told.",
    "Keep the end of each session on the server, and refuse it from then on.",
    "7.3.1",
    "7.3.2",
)
LOGOUT_ENDS = check(
    "logout-ends-session",
    Severity.HIGH,
    "Logging out ends the session on the server",
    "Whoever has the cookie goes on being signed in after its owner has logged out.",
    "Delete the session on the server at logout, not the cookie alone.",
    "7.4.1",
)
LOGOUT_NOT_BY_GET = check(
    "logout-not-by-get",
    Severity.LOW,
    "A link cannot log anybody out",
    "An image on another site logs people out, again and again.",
    "Accept logout by POST only.",
    "3.5.3",
)
LEAVE_ENDS = check(
    "leaving-ends-sessions",
    Severity.HIGH,
    "Removing an account ends its sessions",
    "Somebody who has left, or was made to, is still signed in.",
    "End every session of an account when it is removed.",
    "7.4.2",
)
CHANGE_ENDS = check(
    "password-change-ends-others",
    Severity.HIGH,
    "A changed password ends the account's other sessions",
    "Who has stolen a session keeps it although the owner has changed the password.",
    "End the account's other sessions when its password changes.",
    "7.4.3",
)
CHANGE_NEEDS_CURRENT = check(
    "password-change-needs-current",
    Severity.HIGH,
    "A password is changed by who knows the present one",
    "Who finds an open browser takes the account for good.",
    "Ask for the present password and compare it.",
    "6.2.3",
    "6.2.2",
)
HTTP_LOGIN = check(
    "no-login-over-http",
    Severity.HIGH,
    "Nobody signs in by plain HTTP",
    "Passwords and sessions can be read by anybody on the way.",
    "Answer plain HTTP with a redirect to HTTPS, or not at all (launch-ready:redirects, always use HTTPS).",
    "12.2.1",
)
PASSWORD_SHORT = check(
    "password-min-length",
    Severity.MEDIUM,
    "Short passwords are refused",
    "Passwords of less than 8 characters are guessed.",
    "Refuse less than 8 characters, better less than 12, at sign-up, reset and change.",
    "6.2.1",
)
PASSWORD_LONG = check(
    "password-long-accepted",
    Severity.LOW,
    "Long passwords are taken",
    "People with a password manager or a passphrase have to choose a weaker one.",
    "Accept at least 64 characters.",
    "6.2.9",
)
PASSWORD_COMMON = check(
    "password-common-refused",
    Severity.MEDIUM,
    "Passwords that everybody tries are refused",
    "Accounts with such a password fall to the first list that is tried.",
    "Compare new passwords with the 3000 most common ones that your rules allow.",
    "6.2.4",
)
PASSWORD_COMPOSITION = check(
    "password-any-composition",
    Severity.LOW,
    "No signs are demanded of a password",
    "Rules of composition make passwords predictable, and passphrases impossible.",
    "Ask for length alone.",
    "6.2.5",
)
PASSWORD_EXACT = check(
    "password-exact",
    Severity.MEDIUM,
    "A password is compared as it was given",
    "A password that is cut or whose case is ignored is far weaker than its owner believes.",
    "Hash all of the password, unchanged; bcrypt alone stops at 72 bytes.",
    "6.2.8",
)
NO_ENUMERATION = {
    name: check(
        f"no-enumeration-{name}",
        Severity.MEDIUM,
        f"The answer {doing} is the same whether or not the address has an account",
        "Anybody can find out who has an account: customers for competitors, addresses for phishing.",
        "Answer with the same status, text and headers, and say by mail what only the owner may know.",
        "6.3.8",
    )
    for name, doing in (("signup", "to signing up"), ("login", "to a wrong password"), ("reset", "to a reset"))
}
NO_TIMING = {
    name: check(
        f"no-timing-{name}",
        Severity.MEDIUM,
        f"{doing} takes as long whether or not the address has an account",
        "Who measures the answers' times finds out who has an account.",
        "Do the same work in both cases, hash a password in both, and send mail after the answer.",
        "6.3.8",
    )
    for name, doing in (("signup", "Signing up"), ("login", "A failed login"), ("reset", "Asking for a reset"))
}
NO_LIMIT_TELLS = check(
    "no-enumeration-by-limits",
    Severity.LOW,
    "Limits are the same for addresses with and without an account",
    "Who goes over the limit on purpose finds out who has an account.",
    "Count by the address that was given, whether or not it has an account, or say nothing and send nothing.",
    "6.3.8",
    "6.3.1",
)
