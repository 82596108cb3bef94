"""Every seeded fault is found by the check that is meant for it, and the same probe has nothing to say without it."""

from __future__ import annotations

import pytest

from lab.app.community import faults
from readiness.check import Outcome, Result
from readiness.rows import all_probes
from tests.lab.readiness.conftest import Decide, DecideAll, Seeded, told

# Flag → the check that must fail. A line for each fault of lab/app/community/faults, in the order of the rows.
TABLE = {
    "cookie-without-secure": "auth.cookie-secure",
    "cookie-without-httponly": "auth.cookie-http-only",
    "cookie-without-samesite": "auth.cookie-same-site",
    "cookie-without-prefix": "auth.cookie-host-prefix",
    "cookie-for-years": "auth.session-lifetime",
    "session-kept": "auth.session-renewed",
    "session-short": "auth.session-token-strength",
    "session-after-logout": "auth.logout-ends-session",
    "session-after-change": "auth.password-change-ends-others",
    "session-after-reset": "auth.reset-ends-sessions",
    "session-after-leaving": "auth.leaving-ends-sessions",
    "session-never-ends": "auth.session-expiry-enforced",
    "logout-by-get": "auth.logout-not-by-get",
    "change-without-current": "auth.password-change-needs-current",
    "password-cut": "auth.password-exact",
    "password-short": "auth.password-min-length",
    "password-bounded": "auth.password-long-accepted",
    "password-by-rules": "auth.password-any-composition",
    "reset-reusable": "auth.reset-token-single-use",
    "reset-for-days": "auth.reset-token-short-lived",
    "proof-for-a-month": "auth.verify-token-short-lived",
    "proof-reusable": "auth.verify-token-single-use",
    "reset-older-works": "auth.reset-token-newest-only",
    "reset-of-digits": "auth.reset-token-strength",
    "proof-by-clock": "auth.verify-token-strength",
    "token-for-all": "auth.tokens-bound-to-purpose",
    "unproven-may-act": "auth.unverified-does-nothing",
    "signup-tells": "auth.no-enumeration-signup",
    "login-tells": "auth.no-enumeration-login",
    "reset-tells": "auth.no-enumeration-reset",
    "limit-for-accounts": "auth.no-enumeration-by-limits",
    "login-quick-for-nobody": "auth.no-timing-login",
    "signup-quick-for-known": "auth.no-timing-signup",
    "reset-mail-first": "auth.no-timing-reset",
    "password-of-everybody": "auth.password-common-refused",
    "link-never-ends": "auth.expired-link-refused",
    "proof-page-broken": "auth.browser-journey",
    "paste-refused": "auth.password-fields",
    "token-stays": "auth.token-leaves-the-address",
    "token-in-storage": "auth.no-secret-in-web-storage",
    "third-party-pixel": "auth.no-third-party-on-token-pages",
    "token-in-referrer": "auth.no-token-in-referrer",
    "private-pages-kept": "auth.nothing-left-after-logout",
    "tenant-check-missing": "authorization.reads-of-others",
    "tenant-check-missing-to-write": "authorization.writes-to-others",
    "tenant-check-missing-to-delete": "authorization.deletes-of-others",
    "deleted-before-refused": "authorization.deletes-of-others",
    "cursor-of-others": "authorization.ids-in-query-and-body",
    "download-without-session": "authorization.without-a-session",
    "role-unchecked": "authorization.roles",
    "existence-told": "authorization.existence",
    "admin-open": "authorization.admin-routes-at-the-hosts",
    "admin-with-a-slash": "authorization.path-tricks",
    "method-override": "authorization.verb-tricks",
    "author-from-body": "authorization.mass-assignment",
    "graphql-left-on": "authorization.graphql",
    "invite-reusable": "authorization.invite-reuse",
    "invite-for-anybody": "authorization.invite-forwarding",
    "invite-never-expires": "authorization.invite-expiry",
    "invite-not-taken-back": "authorization.invite-revoked",
    "invite-by-unproven": "authorization.invite-unverified",
    "invite-role-in-link": "authorization.invite-role",
    "invite-to-anywhere": "authorization.invite-workspace",
    "invite-renews-role": "authorization.invite-duplicate",
    "invite-short": "authorization.invite-guessing",
    "bundle-with-token": "secrets.bundle-clean",
    "source-map-served": "secrets.no-source-maps",
    "backup-served": "secrets.no-stray-files",
    "error-with-headers": "monitoring.error-scrubbed",
    "error-with-query": "monitoring.error-scrubbed",
    "log-authorization": "monitoring.logs-redacted",
    "log-encoded": "monitoring.logs-redacted",
    "log-login": "monitoring.logs-redacted",
    "log-webhook": "monitoring.logs-redacted",
    "refusals-tracked": "monitoring.tracker-redacted",
    "tracker-off": "monitoring.error-tracked",
    "mail-past-the-relay": "email.message-signed",
    "mail-from-elsewhere": "email.message-spf",
    "mail-from-not-aligned": "email.message-aligned",
    "mail-without-id": "email.message-form",
    "mail-without-return-path": "email.bounces",
    "refusal-breaks": "inputs.server-errors",
    "space-with-a-title": "inputs.answers-as-described",
    "unknown-fields-ignored": "inputs.invalid-data",
    "spaces-without-session": "inputs.session-ignored",
    "bodies-unbounded": "inputs.oversized-body",
    "numbers-as-text": "inputs.wrong-types",
    "address-folded-late": "inputs.address-collision",
    "bomb-breaks": "inputs.upload-bomb",
    "upload-name-as-path": "inputs.upload-name",
    "deep-body-breaks": "inputs.deep-body",
    "exif-kept": "inputs.upload-metadata",
    "json-by-any-name": "inputs.content-type",
    "login-leads-away": "inputs.header-injection",
    "markup-unescaped": "inputs.stored-markup",
    "names-unchecked": "inputs.odd-text",
    "reflected-token": "inputs.reflected-markup",
    "sql-blind": "inputs.sql-injection",
    "sql-in-name": "inputs.sql-injection",
    "svg-inline": "inputs.upload-served",
    "template-of-name": "inputs.template-injection",
    "upload-type-by-name": "inputs.upload-type",
    "webhook-replayed": "inputs.webhook-replay",
    "webhook-stale": "inputs.webhook-stale",
    "webhook-unsigned": "inputs.webhook-signature",
    "login-unlimited": "rate-limits.app-login",
    "reset-unlimited": "rate-limits.app-reset",
    "invites-unlimited": "rate-limits.app-invite",
    "posts-unlimited": "rate-limits.app-post",
    "no-retry-after": "rate-limits.retry-after",
    "forwarded-for-trusted": "rate-limits.spoofed-address",
    "limit-shared": "rate-limits.ordinary-use",
    "cors-reflected": "headers.cors-credentials",
    "cors-null": "headers.cors-origins",
    "cors-preflight-open": "headers.cors-preflight",
    "csp-inline": "headers.csp",
    "csp-without-ancestors": "headers.frames",
    "csp-loose": "headers.score",
    "referrer-told": "headers.referrer-policy",
    "opener-kept": "headers.isolation",
    "script-of-others": "headers.integrity",
    "cookie-of-taste": "headers.cookies",
    "version-told": "headers.versions",
    "private-answers-kept": "headers.private-caching",
    "cache-deceived": "headers.cache-deception",
    "two-hops": "headers.canonical",
    "next-followed": "headers.open-redirect",
    "slow-front": "performance.homepage-p95",
    "slow-login": "performance.login-p95",
    "slow-upload": "performance.upload-p95",
    "slow-invite": "performance.invite-p95",
    "slow-write": "performance.write-post-p95",
    "slow-read": "performance.read-posts-p95",
    "static-not-kept": "performance.caching",
    "style-not-compressed": "performance.compression",
    "page-heavy": "performance.weight",
    "picture-late": "performance.lcp",
    "layout-shifts": "performance.cls",
}

# On a busy machine times may vary too much to tell, which is no finding; and there is no GraphQL without its fault.
NO_FINDING = {
    **dict.fromkeys(("auth.no-timing-signup", "auth.no-timing-login", "auth.no-timing-reset"), Outcome.CANNOT_TELL),
    "authorization.graphql": Outcome.NOT_APPLICABLE,
}

# Faults of one probe that leave each other alone: it runs once for all of them, and each fails its own check.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("session-after-logout", "session-after-leaving"),
    ("change-without-current", "session-after-change"),
    ("proof-for-a-month", "proof-reusable", "unproven-may-act"),
    ("reset-for-days", "session-after-reset", "reset-reusable"),
    ("signup-tells", "login-tells", "reset-tells"),
    ("signup-quick-for-known", "login-quick-for-nobody", "reset-mail-first"),
    ("token-stays", "token-in-referrer", "paste-refused", "private-pages-kept"),
    (
        "tenant-check-missing-to-write",
        "deleted-before-refused",
        "cursor-of-others",
        "role-unchecked",
        "existence-told",
    ),
    ("tenant-check-missing", "tenant-check-missing-to-delete"),
    ("login-unlimited", "reset-unlimited", "invites-unlimited"),
    ("no-retry-after", "forwarded-for-trusted", "limit-shared"),
    ("refusal-breaks", "space-with-a-title", "unknown-fields-ignored", "spaces-without-session"),
    ("bodies-unbounded", "numbers-as-text", "names-unchecked"),
    ("deep-body-breaks", "json-by-any-name"),
    ("svg-inline", "upload-name-as-path"),
    ("exif-kept", "upload-type-by-name", "bomb-breaks"),
    ("slow-front", "slow-write", "slow-upload"),
    ("slow-login", "slow-read", "slow-invite"),
    ("static-not-kept", "style-not-compressed"),
    ("layout-shifts", "page-heavy"),
)
# What a fault breaks beside what it is there for.
ALSO = {
    "tenant-check-missing": "authorization.existence",
    "tenant-check-missing-to-delete": "authorization.roles",
}
ALONE = [flag for flag in TABLE if not any(flag in flags for flags in TOGETHER)]


@pytest.mark.parametrize("flag", ALONE)
def test_a_seeded_fault_is_found_and_nothing_is_without_it(
    seeded: Seeded, honest: Decide, decide: Decide, flag: str
) -> None:
    check = TABLE[flag]
    assert not _loud({check: honest(check)}), told({check: honest(check)})
    with seeded(flag):
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"


@pytest.mark.parametrize("flags", TOGETHER, ids="+".join)
def test_faults_of_one_probe_fail_a_check_each_and_no_other(
    seeded: Seeded, honest: Decide, decide_all: DecideAll, flags: tuple[str, ...]
) -> None:
    meant = {TABLE[flag] for flag in flags}
    clean = {check: honest(check) for check in meant}
    assert not _loud(clean), told(clean)
    with seeded(*flags):
        results = decide_all(TABLE[flags[0]])
    also = {ALSO[flag] for flag in flags if flag in ALSO}
    failing = {check for check, one in results.items() if one.outcome is Outcome.FAIL}
    # On a busy machine another flow may be slow by itself.
    by_itself = {check for check in failing - meant if check.endswith("-p95")}
    assert failing - by_itself == meant | also, told(results)


def _loud(results: dict[str, Result]) -> list[str]:
    """The checks that say something although no fault is on."""
    return [check for check, one in results.items() if one.outcome not in (Outcome.PASS, NO_FINDING.get(check))]


def test_the_table_has_every_fault_and_the_check_that_it_is_for() -> None:
    assert {fault.flag: fault.check for fault in faults.catalogue()} == TABLE
    rows = {check.id: check.row.value for probe in all_probes() for check in probe.checks}
    assert {fault.check: fault.row for fault in faults.catalogue()}.items() <= rows.items()
