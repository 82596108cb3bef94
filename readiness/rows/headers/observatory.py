"""A page scored as Mozilla's HTTP Observatory scores it, from what was seen: no part of it is asked of anybody else.

Its own way is followed where it differs from the norms, so that the score is the one that people see there: a HSTS of
180 days counts as half a year. The list of preloaded names is not looked at: what it adds is at most 5 points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.site import Reply
from readiness.rows.headers import csp, page
from readiness.rows.headers.fields import cookie_of, is_foreign, max_age
from readiness.rows.headers.observatory_table import BEGINS_WITH, BONUS_FROM, GRADES, TABLE

HALF_A_YEAR = 15_552_000
_PRIVATE = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")
_TELLING = ("origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade")
# The Observatory's order of what scripts of others are, the worst last: not that of the points.
_INTEGRITY = (
    "sri-implemented-and-external-scripts-loaded-securely",
    "sri-implemented-but-external-scripts-not-loaded-securely",
    "sri-not-implemented-but-external-scripts-loaded-securely",
    "sri-not-implemented-and-external-scripts-not-loaded-securely",
)
_PAGES = ("text/html", "application/xhtml+xml", "")


@dataclass(frozen=True)
class Seen:
    """What the score is made of.

    ``page`` is the answer by https; ``cors`` the one to a request whose Origin was ``origin``; ``route`` the addresses
    that a request by http came through, the first its own, empty where nothing answers by http.
    """

    page: Reply
    cors: Reply
    origin: str
    route: tuple[str, ...]
    site: str
    verified: bool = True


@dataclass(frozen=True)
class Mark:
    """One test: its name, what came of it, and what that adds."""

    test: str
    result: str

    @property
    def modifier(self) -> int:
        """Points."""
        return TABLE[self.result][0]

    @property
    def meaning(self) -> str:
        """In words."""
        return TABLE[self.result][1]


@dataclass(frozen=True)
class Score:
    """``points`` from 0 on, ``grade`` from A+ to F."""

    points: int
    grade: str
    marks: tuple[Mark, ...]


def score(seen: Seen) -> Score:
    """The marks of all tests, and what they come to."""
    marks = tuple(Mark(test, result) for test, result in _results(seen))
    points = BEGINS_WITH + sum(mark.modifier for mark in marks if mark.modifier < 0)
    if points >= BONUS_FROM:
        points += sum(mark.modifier for mark in marks if mark.modifier > 0)
    points = max(points, 0)
    return Score(points, next(grade for least, grade in GRADES if points >= least), marks)


def _results(seen: Seen) -> Iterator[tuple[str, str]]:
    markup = page.read(seen.page.text)
    policy_result, policy = _policy(seen.page, markup)
    hsts = _hsts(seen)
    yield "Content-Security-Policy", policy_result
    yield "Cookies", _cookies(seen.page.all("Set-Cookie"), protected=hsts.endswith("at-least-six-months"))
    yield "CORS", _cors(seen)
    yield "Redirection", _redirection(seen)
    yield "Referrer-Policy", _referrer([*seen.page.all("Referrer-Policy"), *markup.equivalent("referrer-policy")])
    yield "Strict-Transport-Security", hsts
    yield "Subresource integrity", _integrity(seen, markup)
    yield "X-Content-Type-Options", _nosniff(seen.page)
    yield "X-Frame-Options", _frames(seen.page, policy)
    yield "Cross-Origin-Resource-Policy", _resource_policy(seen.page, markup)


def _policy(reply: Reply, markup: page.Page) -> tuple[str, csp.Policy]:
    said = [*reply.all("Content-Security-Policy"), *markup.equivalent("content-security-policy")]
    try:
        policy = csp.policy_of(said)
    except ValueError:
        return "csp-header-invalid", {}
    if not policy:
        reported = "-but-reporting-enabled" if reply.header("Content-Security-Policy-Report-Only") else ""
        return f"csp-not-implemented{reported}", {}
    return _policy_result(policy), policy


def _policy_result(policy: csp.Policy) -> str:
    scripts, objects = csp.sources(policy, "script-src"), csp.sources(policy, "object-src")
    styles = csp.sources(policy, "style-src")
    passive = csp.sources(policy, "img-src") | csp.sources(policy, "media-src")
    active = scripts.union(*(has for name, has in policy.items() if name not in ("img-src", "media-src", "script-src")))
    unsafe = csp.BROAD | csp.INLINE
    if csp.dynamic_without_a_nonce(policy):
        return "csp-header-invalid"
    if scripts & unsafe or objects & csp.BROAD:
        return "csp-implemented-with-unsafe-inline"
    if _by_http(active):
        return "csp-implemented-with-insecure-scheme"
    if "'unsafe-eval'" in scripts | styles:
        return "csp-implemented-with-unsafe-eval"
    if _by_http(passive):
        return "csp-implemented-with-insecure-scheme-in-passive-content-only"
    if styles & unsafe:
        return "csp-implemented-with-unsafe-inline-in-style-src-only"
    nothing = policy.get("default-src") == frozenset({"'none'"})
    return "csp-implemented-with-no-unsafe" + ("-default-src-none" if nothing else "")


def _by_http(sources: frozenset[str]) -> bool:
    return any(source.startswith(("http:", "ftp:")) for source in sources)


def _cookies(lines: Sequence[str], *, protected: bool) -> str:
    """The worst of all cookies: the one with the least points."""
    found = [result for line in lines for result in _cookie(line, protected=protected)]
    if not lines:
        return "cookies-not-found"
    return min(found, key=lambda result: TABLE[result][0])


def _cookie(line: str, *, protected: bool) -> Iterator[str]:
    name, has = cookie_of(line)
    session = any(word in name.lower() for word in ("login", "sess"))
    same_site = has.get("samesite")
    secure, helped = "secure" in has, "-but-protected-by-hsts" if protected else ""
    if same_site is not None and (same_site not in ("lax", "strict", "none") or (same_site == "none" and not secure)):
        yield "cookies-samesite-flag-invalid"
    if not secure:
        yield f"cookies-{'session-' if session else ''}without-secure-flag{helped}"
    if session and "httponly" not in has:
        yield "cookies-session-without-httponly-flag"
    if "csrf" in name.lower() and same_site is None:
        yield "cookies-anticsrf-without-samesite-flag"
    yield "cookies-secure-with-httponly-sessions" + ("-and-samesite" if same_site is not None else "")


def _cors(seen: Seen) -> str:
    allowed = seen.cors.header("Access-Control-Allow-Origin").strip()
    with_credentials = seen.cors.header("Access-Control-Allow-Credentials").strip().lower() == "true"
    if not allowed:
        return "cross-origin-resource-sharing-not-implemented"
    if allowed == "*":
        return "cross-origin-resource-sharing-implemented-with-public-access"
    if allowed == seen.origin and with_credentials:
        return "cross-origin-resource-sharing-implemented-with-universal-access"
    return "cross-origin-resource-sharing-implemented-with-restricted-access"


def _redirection(seen: Seen) -> str:
    steps = [urlsplit(url) for url in seen.route]
    if not steps:
        return "redirection-not-needed-no-http"
    if not seen.verified:
        return "redirection-invalid-cert"
    if len(steps) == 1:
        return "redirection-missing"
    if steps[-1].scheme != "https":
        return "redirection-not-to-https"
    if steps[1].scheme == "http":
        return "redirection-not-to-https-on-initial-redirection"
    return "redirection-to-https" if steps[0].hostname == steps[1].hostname else "redirection-off-host-from-http"


def _referrer(values: Sequence[str]) -> str:
    if not values:
        return "referrer-policy-not-implemented"
    known = [word for value in values for word in (part.strip().lower() for part in value.split(","))]
    last = next((word for word in reversed(known) if word in _PRIVATE + _TELLING), "")
    return f"referrer-policy-{'private' if last in _PRIVATE else 'unsafe' if last else 'header-invalid'}"


def _hsts(seen: Seen) -> str:
    if not seen.verified:
        return "hsts-invalid-cert"
    age = max_age(seen.page)
    if age is None:
        return "hsts-not-implemented"
    if age < 0:
        return "hsts-header-invalid"
    return f"hsts-implemented-max-age-{'at-least' if age >= HALF_A_YEAR else 'less-than'}-six-months"


def _integrity(seen: Seen, markup: page.Page) -> str:
    if seen.page.header("Content-Type").partition(";")[0].strip().lower() not in _PAGES:
        return "sri-not-implemented-response-not-html"
    if not markup.scripts and not markup.inline_scripts:
        return "sri-not-implemented-but-no-scripts-loaded"
    foreign = [script for script in markup.scripts if is_foreign(script.src, seen.site)]
    results = [_foreign_integrity(script) for script in foreign]
    if results:
        return max(results, key=_INTEGRITY.index)
    if any(script.integrity for script in markup.scripts):
        return "sri-implemented-and-all-scripts-loaded-securely"
    return "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"


def _foreign_integrity(script: page.Script) -> str:
    safe = script.src.lower().startswith("https://")
    if script.integrity and safe:
        return "sri-implemented-and-external-scripts-loaded-securely"
    if safe:
        return "sri-not-implemented-but-external-scripts-loaded-securely"
    implemented = "implemented-but" if script.integrity else "not-implemented-and"
    return f"sri-{implemented}-external-scripts-not-loaded-securely"


def _nosniff(reply: Reply) -> str:
    values = reply.all("X-Content-Type-Options")
    if not values:
        return "x-content-type-options-not-implemented"
    right = values[0].strip().lower() == "nosniff"
    return "x-content-type-options-nosniff" if right else "x-content-type-options-header-invalid"


def _frames(reply: Reply, policy: csp.Policy) -> str:
    value = reply.header("X-Frame-Options").strip().lower()
    if "frame-ancestors" in policy and reply.header("Content-Security-Policy"):
        return "x-frame-options-implemented-via-csp"
    if not value:
        return "x-frame-options-not-implemented"
    if value in ("deny", "sameorigin"):
        return "x-frame-options-sameorigin-or-deny"
    return f"x-frame-options-{'allow-from-origin' if value.startswith('allow-from') else 'header-invalid'}"


def _resource_policy(reply: Reply, markup: page.Page) -> str:
    said = [*markup.equivalent("cross-origin-resource-policy")[-1:], reply.header("Cross-Origin-Resource-Policy")]
    value = next((one.strip().lower() for one in reversed(said) if one.strip()), "")
    if not value:
        return "corp-not-implemented"
    known = value in ("same-origin", "same-site", "cross-origin")
    return f"corp-implemented-with-{value}" if known else "corp-header-invalid"
