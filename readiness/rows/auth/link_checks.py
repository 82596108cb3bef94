"""What is asked of the links that go by mail, and of the whole way in a browser."""

from __future__ import annotations

from readiness.check import Severity
from readiness.rows.auth.checks import check

UNVERIFIED = check(
    "unverified-does-nothing",
    Severity.HIGH,
    "Nobody acts here before they have proven their address",
    "Anybody can act under somebody else's address, and be there before its owner.",
    "Refuse everything but proving the address to an account that has not.",
    "6.4.1",
)
VERIFY_ONCE = check(
    "verify-token-single-use",
    Severity.MEDIUM,
    "The link that proves an address works once, and the newest only",
    "A link that is found in an old mailbox or a log still does something.",
    "Delete the token when it is used and when a newer one is made.",
    "6.5.1",
)
RESET_ONCE = check(
    "reset-token-single-use",
    Severity.CRITICAL,
    "The link for a forgotten password works once",
    "Who finds a used link in a mailbox, a history or a log takes the account.",
    "Delete the token in the transaction that sets the password.",
    "6.5.1",
)
RESET_NEWEST = check(
    "reset-token-newest-only",
    Severity.MEDIUM,
    "A newer link for a forgotten password ends the older",
    "Every mail that was ever asked for is a key to the account.",
    "Keep one token an account, and replace it.",
    "6.5.5",
)
RESET_ENDS = check(
    "reset-ends-sessions",
    Severity.HIGH,
    "A password set anew ends every session of the account",
    "Who has taken the account stays in it although its owner has taken it back.",
    "End all sessions of the account in the transaction that sets the password.",
    "7.4.3",
)
BOUND = check(
    "tokens-bound-to-purpose",
    Severity.HIGH,
    "A link does one thing only, and only as it was sent",
    "A link that proves an address sets a password, or one that was changed still works: far fewer guesses are needed.",
    "Keep each token's purpose with it, and compare all of it, case too.",
    "6.6.2",
)
RESET_STRENGTH = check(
    "reset-token-strength",
    Severity.CRITICAL,
    "Links for a forgotten password cannot be guessed",
    "Whoever guesses one takes the account.",
    "Make tokens of at least 16 bytes from the system's random generator.",
    "6.5.3",
    "6.6.3",
)
VERIFY_STRENGTH = check(
    "verify-token-strength",
    Severity.HIGH,
    "Links that prove an address cannot be guessed",
    "Anybody can have an account with an address that is not theirs.",
    "Make tokens of at least 16 bytes from the system's random generator.",
    "6.4.1",
    "6.5.3",
)
RESET_LIFETIME = check(
    "reset-token-short-lived",
    Severity.MEDIUM,
    "The mail for a forgotten password says that its link ends soon",
    "A mailbox that is read months later still gives the account away.",
    "End it after launch-ready:readiness.reset_minutes at most, and say so in the mail.",
    "6.5.5",
)
VERIFY_LIFETIME = check(
    "verify-token-short-lived",
    Severity.LOW,
    "The mail that proves an address says that its link ends",
    "An address is proven by who has it much later.",
    "End it after launch-ready:readiness.verify_hours at most, and say so in the mail.",
    "6.4.1",
)
EXPIRED_REFUSED = check(
    "expired-link-refused",
    Severity.MEDIUM,
    "The server refuses a link that is over",
    "A link from an old mailbox, a history or a log still takes the account.",
    "Keep each token's end on the server, and refuse it from then on.",
    "6.5.5",
)
JOURNEY = check(
    "browser-journey",
    Severity.HIGH,
    "A stranger gets in with a browser: sign up, mail, log in, log out, forgotten password",
    "Nobody can become a user, or come back after having forgotten the password.",
    "Walk the way in a browser, at the step that is named.",
    "6.4.3",
    "7.4.4",
)
NO_REFERRER = check(
    "no-token-in-referrer",
    Severity.HIGH,
    "No page with a token in its address tells another site of it",
    "Another site that a page links to, or loads from, gets the token in Referer.",
    "Send Referrer-Policy: no-referrer with every page that has a token in its address.",
    "3.4.5",
    "14.2.1",
)
NO_THIRD_PARTY = check(
    "no-third-party-on-token-pages",
    Severity.HIGH,
    "Pages with a token in their address load nothing from other sites",
    "A script or a picture of another site on such a page can read or log the token.",
    "Load nothing but the site's own files on the pages that mails link to.",
    "14.2.3",
)
NOT_LEFT = check(
    "token-leaves-the-address",
    Severity.MEDIUM,
    "After use the token is gone from the browser's address",
    "Whoever uses the browser next, or sees the screen, has the token.",
    "Answer the form with a redirect to an address without the token.",
    "14.2.1",
)
NOT_STORED = check(
    "no-secret-in-web-storage",
    Severity.HIGH,
    "Scripts find no secret: not in localStorage, sessionStorage, IndexedDB or document.cookie",
    "A script that gets into a page takes it and keeps it.",
    "Keep the session in an HttpOnly cookie, and tokens nowhere.",
    "14.3.3",
    "3.3.4",
)
NOT_AFTER_LOGOUT = check(
    "nothing-left-after-logout",
    Severity.MEDIUM,
    "After logging out, the back button shows nothing private",
    "Whoever uses the browser next reads what the last one saw.",
    "Send Cache-Control: no-store with all that differs from user to user.",
    "7.4.1",
    "14.3.2",
)
PASSWORD_FIELDS = check(
    "password-fields",
    Severity.LOW,
    "Password fields are masked, and take what is pasted and what a password manager fills in",
    "Passwords are read over shoulders, or people choose ones that they can type.",
    "Use type=password with autocomplete current-password or new-password, and block no paste.",
    "6.2.6",
    "6.2.7",
)
