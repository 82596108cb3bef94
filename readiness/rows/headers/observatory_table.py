"""The scoring table of Mozilla's HTTP Observatory, as data: what can come of each test, its modifier, and its meaning.

Source: MDN, "HTTP Observatory: Tests & Scoring" (https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring)
and the table of version 1.4.8 of its scanner, algorithm 4, which the page is written from. The words are ours.
"""

from __future__ import annotations

from typing import Final

BEGINS_WITH: Final = 100
BONUS_FROM: Final = 90
"""Bonuses count where the score without them is this or more."""

# Each grade from so many points on.
GRADES: Final = (
    *((100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (60, "C+")),
    *((50, "C"), (45, "C-"), (40, "D+"), (30, "D"), (25, "D-"), (0, "F")),
)

TABLE: Final[dict[str, tuple[int, str]]] = {
    "csp-implemented-with-no-unsafe-default-src-none": (10, "default-src is 'none', and nothing is unsafe"),
    "csp-implemented-with-no-unsafe": (5, "nothing is unsafe"),
    "csp-implemented-with-unsafe-inline-in-style-src-only": (0, "styles alone may be inline, or come from anywhere"),
    "csp-implemented-with-insecure-scheme-in-passive-content-only": (-10, "images or media may come by http:"),
    "csp-implemented-with-unsafe-eval": (-10, "'unsafe-eval' is allowed"),
    "csp-implemented-with-unsafe-inline": (-20, "scripts may be inline, or scripts or objects come from anywhere"),
    "csp-implemented-with-insecure-scheme": (-20, "something may come by http:"),
    "csp-header-invalid": (-25, "it cannot be read"),
    "csp-not-implemented-but-reporting-enabled": (-25, "it is reported, and not enforced"),
    "csp-not-implemented": (-25, "there is none"),
    "cookies-secure-with-httponly-sessions-and-samesite": (5, "all Secure and SameSite, sessions' HttpOnly"),
    "cookies-secure-with-httponly-sessions": (0, "all Secure, sessions' HttpOnly"),
    "cookies-not-found": (0, "none was set"),
    "cookies-without-secure-flag-but-protected-by-hsts": (-5, "one is not Secure, and HSTS protects it"),
    "cookies-session-without-secure-flag-but-protected-by-hsts": (-10, "a session's is not Secure, and HSTS helps"),
    "cookies-without-secure-flag": (-20, "one is not Secure"),
    "cookies-samesite-flag-invalid": (-20, "a SameSite is none of Strict, Lax and None with Secure"),
    "cookies-anticsrf-without-samesite-flag": (-20, "a token against CSRF has no SameSite"),
    "cookies-session-without-httponly-flag": (-30, "a session's is not HttpOnly"),
    "cookies-session-without-secure-flag": (-40, "a session's is not Secure"),
    "cross-origin-resource-sharing-not-implemented": (0, "no other origin may read"),
    "cross-origin-resource-sharing-implemented-with-public-access": (0, "everybody may read, without credentials"),
    "cross-origin-resource-sharing-implemented-with-restricted-access": (0, "certain origins may read"),
    "cross-origin-resource-sharing-implemented-with-universal-access": (-50, "any origin may read with credentials"),
    "redirection-to-https": (0, "http leads to https on the same host first"),
    "redirection-not-needed-no-http": (0, "nothing answers by http"),
    "redirection-off-host-from-http": (-5, "http leads to another host first, which HSTS does not cover"),
    "redirection-not-to-https-on-initial-redirection": (-10, "http leads to http before it leads to https"),
    "redirection-not-to-https": (-20, "http leads to no https"),
    "redirection-missing": (-20, "http leads nowhere"),
    "redirection-invalid-cert": (-20, "a certificate on the way does not hold"),
    "referrer-policy-private": (5, "other sites learn the origin at most, by https"),
    "referrer-policy-not-implemented": (0, "there is none"),
    "referrer-policy-unsafe": (-5, "it tells more than browsers would by themselves"),
    "referrer-policy-header-invalid": (-5, "it cannot be read"),
    "hsts-implemented-max-age-at-least-six-months": (0, "half a year or more"),
    "hsts-implemented-max-age-less-than-six-months": (-10, "less than half a year"),
    "hsts-not-implemented": (-20, "there is none"),
    "hsts-header-invalid": (-20, "it cannot be read"),
    "hsts-invalid-cert": (-20, "browsers pass over it, for the certificate does not hold"),
    "sri-implemented-and-all-scripts-loaded-securely": (5, "own scripts have integrity"),
    "sri-implemented-and-external-scripts-loaded-securely": (5, "all scripts of others have integrity"),
    "sri-not-implemented-response-not-html": (0, "the answer is no page"),
    "sri-not-implemented-but-no-scripts-loaded": (0, "the page has no scripts"),
    "sri-not-implemented-but-all-scripts-loaded-from-secure-origin": (0, "the scripts are the site's own"),
    "sri-not-implemented-but-external-scripts-loaded-securely": (-5, "scripts of others have no integrity"),
    "sri-implemented-but-external-scripts-not-loaded-securely": (-20, "scripts of others come by http:"),
    "sri-not-implemented-and-external-scripts-not-loaded-securely": (-50, "they come by http:, without integrity"),
    "x-content-type-options-nosniff": (0, "nosniff"),
    "x-content-type-options-not-implemented": (-5, "there is none"),
    "x-content-type-options-header-invalid": (-5, "it is something else than nosniff"),
    "x-frame-options-implemented-via-csp": (5, "by frame-ancestors of the Content-Security-Policy"),
    "x-frame-options-sameorigin-or-deny": (0, "SAMEORIGIN or DENY"),
    "x-frame-options-allow-from-origin": (0, "ALLOW-FROM, which browsers pass over"),
    "x-frame-options-not-implemented": (-20, "there is none"),
    "x-frame-options-header-invalid": (-20, "it cannot be read"),
    "corp-implemented-with-same-origin": (10, "same-origin"),
    "corp-implemented-with-same-site": (10, "same-site"),
    "corp-implemented-with-cross-origin": (0, "cross-origin"),
    "corp-not-implemented": (0, "there is none, which is cross-origin"),
    "corp-header-invalid": (-5, "it cannot be read"),
}
