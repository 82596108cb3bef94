"""What is asked about CORS, headers and TLS."""

from __future__ import annotations

from functools import partial

from readiness.check import Row, Severity, check_of

_check = partial(check_of, Row.HEADERS)


_EDGE = "Declare it (launch-ready:headers), run `invoke up`, and look for drift (`invoke drift`)."

CORS_CREDENTIALS = _check(
    "cors-credentials",
    Severity.CRITICAL,
    "No foreign origin may read answers with a visitor's cookies",
    "Any page that a signed-in user opens reads, and changes, what that user can: data of whole organisations.",
    "Compare Origin with a list of whole origins, scheme and port too; never reflect it, and never allow `null`.",
    "ASVS 5.0.0 3.4.2",
    "OWASP API8:2023",
)
CORS_ORIGINS = _check(
    "cors-origins",
    Severity.MEDIUM,
    "No foreign origin may read answers of the API",
    "Pages of others use the API from their visitors' browsers, and see what is behind a firewall or an address list.",
    "Leave Access-Control-Allow-Origin out where no other origin needs it, or name the few that do.",
    "ASVS 5.0.0 3.4.2",
)
CORS_PREFLIGHT = _check(
    "cors-preflight",
    Severity.HIGH,
    "No preflight lets a foreign origin send what browsers would hold back",
    "Pages of others send JSON, custom headers and DELETE to the API from their visitors' browsers.",
    "Answer OPTIONS without Access-Control-Allow-Origin, but to the origins that are yours.",
    "ASVS 5.0.0 3.5.2",
    "OWASP API8:2023",
)
SCORE = _check(
    "score",
    Severity.MEDIUM,
    "Each main page has an A or better by the table of Mozilla's HTTP Observatory",
    "Several layers that browsers offer against injected script, framing and downgrade are not used.",
    "Take the tests with the lowest modifiers first. " + _EDGE,
    "ASVS 5.0.0 3.4.1",
    "ASVS 5.0.0 3.4.3",
)
CSP = _check(
    "csp",
    Severity.HIGH,
    "Each page has a Content-Security-Policy that lets no injected script run",
    "One place where text becomes markup is enough to act as every user who sees it.",
    "Set script-src or default-src without 'unsafe-inline', data: and whole schemes; object-src 'none' and "
    "base-uri 'none' beside it. " + _EDGE,
    "ASVS 5.0.0 3.4.3",
)
HSTS = _check(
    "hsts",
    Severity.MEDIUM,
    "Every name that answers has Strict-Transport-Security for a year or more (ASVS; the Observatory wants half)",
    "Who is on the same network keeps a visitor on http:, and reads and changes everything.",
    "Set launch-ready:tls.hsts.max_age to 31536000 and include_subdomains, then run `invoke up`.",
    "ASVS 5.0.0 3.4.1",
    "RFC 6797",
)
NOSNIFF = _check(
    "nosniff",
    Severity.MEDIUM,
    "Every answer has X-Content-Type-Options: nosniff",
    "A browser takes an upload or an answer of the API for a page or a script, and runs it.",
    "The edge sets it on every answer: look for drift (`invoke drift`), and at answers that do not pass the edge.",
    "ASVS 5.0.0 3.4.4",
)
REFERRER = _check(
    "referrer-policy",
    Severity.LOW,
    "Every page has a Referrer-Policy that keeps paths and queries from other sites",
    "Other sites learn the addresses of private pages, with ids and tokens in them.",
    _EDGE,
    "ASVS 5.0.0 3.4.5",
)
FRAMES = _check(
    "frames",
    Severity.MEDIUM,
    "No page can be framed by another site (frame-ancestors)",
    "A visitor clicks on the platform unawares, through a page laid over it.",
    "Set launch-ready:headers.frames to none or self. X-Frame-Options alone is for old browsers.",
    "ASVS 5.0.0 3.4.6",
)
ISOLATION = _check(
    "isolation",
    Severity.LOW,
    "Pages have a Cross-Origin-Opener-Policy and a Permissions-Policy",
    "A page that opened the platform keeps a hand on its window; injected script asks for camera and position.",
    _EDGE,
    "ASVS 5.0.0 3.4.8",
)
INTEGRITY = _check(
    "integrity",
    Severity.MEDIUM,
    "Scripts and styles of others have integrity, or there are none",
    "Who takes over another's server runs script on the platform.",
    "Serve them yourself, or add integrity and crossorigin to each.",
    "ASVS 5.0.0 3.6.1",
)
COOKIES = _check(
    "cookies",
    Severity.HIGH,
    "Every cookie is Secure and has SameSite, and the session's is HttpOnly with the prefix __Host-",
    "Sessions are read by script or on the network, sent along by other sites, or planted by a subdomain.",
    "Set them as __Host-NAME with Secure, HttpOnly, SameSite=Lax or Strict, Path=/ and no Domain.",
    "ASVS 5.0.0 3.3.1",
    "ASVS 5.0.0 3.3.2",
    "ASVS 5.0.0 3.3.3",
    "ASVS 5.0.0 3.3.4",
)
VERSIONS = _check(
    "versions",
    Severity.LOW,
    "No answer tells the versions of what the platform is made of",
    "Who knows the version knows which published hole fits.",
    "Take the header out where it is made, and name it in launch-ready:headers.removed.",
    "ASVS 5.0.0 13.4.6",
)
PRIVATE = _check(
    "private-caching",
    Severity.HIGH,
    "No private page and no answer of the API may be kept by a cache",
    "One user's page is shown to another, or to who uses the same machine later.",
    "Send Cache-Control: no-store with them, and keep the API and the private paths out of launch-ready:cache.",
    "ASVS 5.0.0 14.3.2",
    "OWASP API8:2023",
)
DECEPTION = _check(
    "cache-deception",
    Severity.HIGH,
    "No address that looks like a static file leads a private page into the edge's cache",
    "A user is sent to /orgs/x.css, and everybody can read that user's page from the cache then.",
    "Answer 404 to what follows a page's path, and let cache rules go by the paths of launch-ready:platform alone.",
    "ASVS 5.0.0 14.2.5",
)
TLS_VERSIONS = _check(
    "tls-versions",
    Severity.HIGH,
    "The edge speaks TLS 1.2 and 1.3 alone",
    "Old versions have known attacks, and auditors refuse them (RFC 8996).",
    "Set launch-ready:tls.min_version to 1.2 or 1.3, then run `invoke up`.",
    "ASVS 5.0.0 12.1.1",
    "RFC 8996",
)
TLS_CIPHERS = _check(
    "tls-ciphers",
    Severity.LOW,
    "The edge's ciphers and keys are those of Mozilla's intermediate profile",
    "Ciphers without forward secrecy or authentication make recorded traffic readable, or alterable, later.",
    "On Cloudflare, ciphers of TLS 1.2 are chosen by the zone's setting `ciphers` (Advanced Certificate Manager), or "
    "by min_version 1.3.",
    "ASVS 5.0.0 12.1.2",
)
TLS_ATTACKS = _check(
    "tls-attacks",
    Severity.CRITICAL,
    "No known attack on TLS works: Heartbleed, ROBOT, CCS injection, CRIME, renegotiation, downgrade",
    "Keys and sessions are read from the server's memory, or from recorded traffic.",
    "Update whatever ends TLS, and turn compression and renegotiation off.",
    "ASVS 5.0.0 12.1.1",
)
CERTIFICATES = _check(
    "certificates",
    Severity.HIGH,
    "Every declared name shows a certificate that holds, for that name, for 14 days or more",
    "Browsers refuse the platform, and with HSTS nobody can pass the warning.",
    "Look at the zone's certificates at Cloudflare (SSL/TLS, Edge Certificates): a pack that waits for validation, or "
    "CAA records that forbid its authority.",
    "ASVS 5.0.0 12.2.2",
)
STAPLING = _check(
    "ocsp",
    Severity.LOW,
    "The certificate's revocation is stapled, where its authority offers OCSP",
    "Browsers cannot tell a stolen certificate, or ask the authority and tell it who visits whom.",
    "Turn on stapling where TLS ends; a certificate with must-staple is refused without it.",
    "ASVS 5.0.0 12.1.4",
)
STRICT = _check(
    "full-strict",
    Severity.CRITICAL,
    "The edge reaches the hosts by HTTPS and checks their certificates: Full (strict), live",
    "Between the edge and the hosts anybody on the way reads and changes everything, sessions and passwords too.",
    "Set launch-ready:tls.ssl to strict and run `invoke up`; put a fresh Origin CA certificate on each host.",
    "ASVS 5.0.0 12.3.2",
    "ASVS 5.0.0 12.2.1",
)
ORIGIN_CERTIFICATE = _check(
    "origin-certificate",
    Severity.HIGH,
    "Each host's certificate is for the names that it serves, for 14 days or more",
    "With Full (strict), the edge answers 526 for all of the platform on the day after.",
    "Add one to launch-ready:tls.origin_certificates, run `invoke up`, and put it at /etc/app/tls on each host.",
    "ASVS 5.0.0 12.2.2",
)
ORIGIN_CLOSED = _check(
    "origin-closed",
    Severity.HIGH,
    "No host answers to anybody but the edge",
    "Who knows an address passes the firewall, the limits and the access rules of the edge.",
    "Let the hosts' firewall take Cloudflare's addresses alone, or turn on authenticated origin pulls "
    "(launch-ready:tls.origin_pulls) and ssl_verify_client on the hosts: docs/hosts.md.",
    "ASVS 5.0.0 13.2.4",
    "OWASP API8:2023",
)
ORIGIN_HIDDEN = _check(
    "origin-hidden",
    Severity.MEDIUM,
    "DNS tells nobody a host's address",
    "Attackers aim at the hosts themselves, with floods that the edge would have taken.",
    "Have every name that leads to a host proxied, and mail at other addresses; change the address if it was known.",
    "OWASP API8:2023",
)
HTTPS = _check(
    "https-redirect",
    Severity.HIGH,
    "By http every name leads to https on the same host, in one hop",
    "Passwords go over the network in the clear; without the same host first, HSTS does not cover what was typed.",
    "Set launch-ready:tls.always_https, then run `invoke up`.",
    "ASVS 5.0.0 12.2.1",
    "ASVS 5.0.0 3.4.1",
)
CANONICAL = _check(
    "canonical",
    Severity.LOW,
    "By https every name is the place itself or leads there in one more hop, path and query kept",
    "Visitors wait for each hop, sessions are set on names that nobody uses, and old links break.",
    "Name the last place in launch-ready:redirects and launch-ready:other_zones, then run `invoke up`.",
    "ASVS 5.0.0 3.7.2",
)
OPEN_REDIRECT = _check(
    "open-redirect",
    Severity.MEDIUM,
    "No address of the platform leads to a place that the address itself names",
    "Mails and messages link to the platform's good name and end at a forged login; tokens go along.",
    "Redirect to paths of your own alone: one slash, no scheme, no backslash; never by the Host of the request.",
    "ASVS 5.0.0 3.7.2",
)
