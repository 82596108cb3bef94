"""What is asked about speed."""

from __future__ import annotations

from functools import partial

from readiness.check import Check, Row, Severity, check_of

_check = partial(check_of, Row.PERFORMANCE)


_SLOW = (
    "People wait, try again, and leave; under load the slowest tenth holds workers and connections that others need."
)
_PROFILE = (
    "Profile it on a host: a query without an index, one query a row, a call to another service in the request, or a "
    "pool that is too small. The limit is launch-ready:readiness.api_p95_ms."
)


def _flow(words: str, title: str) -> Check:
    return _check(
        f"{words}-p95", Severity.MEDIUM, f"{title}: 95 of 100 within the limit", _SLOW, _PROFILE, "ASVS 5.0.0 15.2.2"
    )


HOMEPAGE = _flow("homepage", "The front page")
LOGIN = _flow("login", "Logging in")
READ = _flow("read-posts", "Reading a space's posts")
WRITE = _flow("write-post", "Writing a post")
UPLOAD = _flow("upload", "Uploading a file")
INVITE = _flow("invite", "Inviting somebody")

LCP = _check(
    "lcp",
    Severity.MEDIUM,
    "The main pages show their largest part in time on a slow phone (Largest Contentful Paint)",
    "Visitors on phones leave before they see anything; search engines rank such pages lower.",
    "Make the first picture small, serve styles without a detour, and answer the page itself fast.",
    "web.dev/lcp",
)
CLS = _check(
    "cls",
    Severity.LOW,
    "Nothing on the main pages jumps about while they load (Cumulative Layout Shift)",
    "People press what has just taken the place of what they meant.",
    "Give pictures and embedded parts their size in the markup, and put nothing above what is there already.",
    "web.dev/cls",
)
WEIGHT = _check(
    "weight",
    Severity.LOW,
    "No main page weighs more than the limit, as transferred",
    "Each visit costs people on phones time and money.",
    "Compress pictures, load what is below the fold later, and drop scripts that nobody needs.",
    "ASVS 5.0.0 15.2.2",
)
CACHING = _check(
    "caching",
    Severity.MEDIUM,
    "Static files come from the edge's cache the second time; the API and private pages never do",
    "Every visitor's every file costs the hosts a request, or one user gets another's answer.",
    "Look at launch-ready:platform.static and launch-ready:cache, run `invoke up`, and look for drift.",
    "ASVS 5.0.0 14.2.2",
    "RFC 9111",
)
COMPRESSION = _check(
    "compression",
    Severity.LOW,
    "Pages, styles and scripts come compressed",
    "They take three to five times as long on a phone.",
    "Let the edge or nginx compress text (gzip or br): content types it knows, and no `no-transform`.",
    "RFC 9110 section 8.4",
)
FLOWS = (HOMEPAGE, LOGIN, WRITE, READ, UPLOAD, INVITE)
PAGES = (LCP, CLS, WEIGHT)
