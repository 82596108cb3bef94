"""Each mistake in a platform in memory is told by the check that is meant for it, and one without has none."""

from __future__ import annotations

import random

import pytest

from core.settings.stack import Stack
from core.site import Reply
from readiness.check import Outcome, Result
from readiness.probe import Probe
from readiness.rows import auth
from readiness.run import checks_of
from tests.unit.readiness.fakes import make_target, results_of
from tests.unit.readiness.platform import Platform

FAULTS = {
    "cookie-no-secure": "auth.cookie-secure",
    "cookie-no-httponly": "auth.cookie-http-only",
    "cookie-no-samesite": "auth.cookie-same-site",
    "cookie-no-prefix": "auth.cookie-host-prefix",
    "cookie-for-years": "auth.session-lifetime",
    "login-over-http": "auth.no-login-over-http",
    "session-kept": "auth.session-renewed",
    "session-short": "auth.session-token-strength",
    "logout-by-get": "auth.logout-not-by-get",
    "alive-after-logout": "auth.logout-ends-session",
    "alive-after-leave": "auth.leaving-ends-sessions",
    "alive-after-change": "auth.password-change-ends-others",
    "change-without-current": "auth.password-change-needs-current",
    "password-short": "auth.password-min-length",
    "password-not-long": "auth.password-long-accepted",
    "password-common": "auth.password-common-refused",
    "password-composed": "auth.password-any-composition",
    "password-truncated": "auth.password-exact",
    "unverified-may-act": "auth.unverified-does-nothing",
    "verify-reusable": "auth.verify-token-single-use",
    "older-token-works": "auth.reset-token-newest-only",
    "reset-reusable": "auth.reset-token-single-use",
    "alive-after-reset": "auth.reset-ends-sessions",
    "reset-lasts": "auth.reset-token-short-lived",
    "token-for-all": "auth.tokens-bound-to-purpose",
    "token-any-case": "auth.tokens-bound-to-purpose",
    "token-short": "auth.reset-token-strength",
    "token-sequential": "auth.verify-token-strength",
    "signup-tells": "auth.no-enumeration-signup",
    "login-tells": "auth.no-enumeration-login",
    "reset-tells": "auth.no-enumeration-reset",
    "limit-tells": "auth.no-enumeration-by-limits",
    "signup-slow": "auth.no-timing-signup",
    "login-slow": "auth.no-timing-login",
    "reset-slow": "auth.no-timing-reset",
}
IN_MEMORY = tuple(probe for probe in auth.PROBES if probe.run.__name__ != "way")
CHECKS = {check.id for check in checks_of(IN_MEMORY)}
NEEDS_TIME = {"auth.session-expiry-enforced", "auth.expired-link-refused"}


def _probe_of(check: str) -> Probe:
    return next(probe for probe in IN_MEMORY if check in {one.id for one in probe.checks})


def _told(faults: set[str], probe: Probe, seed: int = 7) -> dict[str, Result]:
    return results_of(probe, make_target(Platform(faults, random.Random(seed))))


@pytest.mark.parametrize(("fault", "check"), FAULTS.items())
def test_the_check_that_is_meant_for_a_fault_fails(fault: str, check: str) -> None:
    result = _told({fault}, _probe_of(check))[check]
    assert result.outcome is Outcome.FAIL, result.summary
    assert result.summary
    assert result.evidence


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert CHECKS - set(FAULTS.values()) == NEEDS_TIME | {"auth.verify-token-short-lived"}


@pytest.mark.parametrize("probe", IN_MEMORY, ids=lambda probe: probe.run.__name__)
def test_a_platform_without_a_fault_has_none(probe: Probe) -> None:
    platform = Platform()
    target = make_target(platform)
    told = results_of(probe, target)
    assert {id_ for id_, one in told.items() if one.outcome is not Outcome.PASS} <= NEEDS_TIME, told
    assert target.people.leave() == []
    assert platform.users == {}, "an account is left behind"


@pytest.mark.parametrize("seed", range(30))
def test_times_that_are_far_too_long_now_and_then_are_no_sign(seed: int) -> None:
    told = _told(set(), _probe_of("auth.no-timing-login"), seed)
    assert {one.outcome for one in told.values()} == {Outcome.PASS}


def test_everybody_who_is_removed_side_by_side_has_cookies_of_their_own() -> None:
    target = make_target(Platform())
    results_of(_probe_of("auth.no-timing-signup"), target)
    made = target.people._made
    assert len(made) >= 20
    assert len({id(person.visitor) for person in made}) == len(made)


def test_times_that_vary_too_much_are_no_pass() -> None:
    told = _told({"times-all-over"}, _probe_of("auth.no-timing-login"))
    assert {one.outcome for one in told.values()} == {Outcome.CANNOT_TELL}
    assert all("vary too much" in one.summary for one in told.values())


def test_what_is_over_is_used_where_some_was_kept() -> None:
    platform = Platform()
    target = make_target(platform, settings=_with_expired, secret=_Kept)
    told = results_of(_probe_of("auth.session-expiry-enforced"), target)
    assert {one.outcome for one in told.values()} == {Outcome.PASS}
    user = platform.join("old@community.test", "Old", "a password of once")
    platform.sessions["value of old-session"] = user
    target = make_target(platform, settings=_with_expired, secret=_Kept)
    told = results_of(_probe_of("auth.session-expiry-enforced"), target)
    assert told["auth.session-expiry-enforced"].outcome is Outcome.FAIL
    assert "value of old-session" not in repr(told)


@pytest.mark.parametrize(
    ("forgets", "outcomes"),
    [
        ({"sessions", "links"}, {"pass"}),
        ({"links"}, {"fail", "pass"}),
        ({"sessions"}, {"pass", "fail"}),
        (set(), {"fail"}),
    ],
)
def test_what_was_aged_must_be_refused(forgets: set[str], outcomes: set[str]) -> None:
    platform = Platform()

    def age(email: str) -> None:
        if "sessions" in forgets:
            platform.sessions = {key: who for key, who in platform.sessions.items() if who.email != email}
        if "links" in forgets:
            platform.links = {key: link for key, link in platform.links.items() if link.email != email}

    told = results_of(_probe_of("auth.session-expiry-enforced"), make_target(platform, ages=age))
    assert {one.outcome.value for one in told.values()} == outcomes
    assert told["auth.session-expiry-enforced"].outcome.value == ("pass" if "sessions" in forgets else "fail")


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(429, (("Retry-After", "60"),)), "met a rate limit"),
        (Reply(503), "answers 503"),
        (Reply(0, reason="no answer within 10 s"), "no answer within 10 s"),
    ],
)
@pytest.mark.parametrize("probe", IN_MEMORY, ids=lambda probe: probe.run.__name__)
def test_what_the_platform_itself_does_not_say_never_passes(
    probe: Probe, reply: Reply, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make_target(Platform())
    person = target.people.newcomer("before")
    monkeypatch.setattr(target.people, "newcomer", lambda _tag: person)
    monkeypatch.setattr(Platform, "answer", lambda *_args: reply)
    told = results_of(probe, target)
    assert {one.outcome for one in told.values()} == {Outcome.CANNOT_TELL}
    assert all(says in one.summary or one.check.id in NEEDS_TIME for one in told.values()), told


def test_links_are_had_from_more_accounts_where_none_can_ask_again() -> None:
    platform = Platform({"login-needs-proof"})
    told = results_of(_probe_of("auth.verify-token-strength"), make_target(platform))
    assert told["auth.verify-token-strength"].summary.startswith("20 tokens of 43")
    assert told["auth.verify-token-strength"].outcome is Outcome.PASS


def test_an_account_that_cannot_log_in_before_it_is_proven_does_nothing() -> None:
    told = _told({"login-needs-proof"}, _probe_of("auth.unverified-does-nothing"))
    assert told["auth.unverified-does-nothing"].summary.startswith("1 of 1 are refused before")


def test_without_an_inbox_nothing_is_told_and_the_way_out_is_named() -> None:
    target = make_target(Platform(), mailbox=None)
    for probe in IN_MEMORY:
        for id_, one in results_of(probe, target).items():
            assert one.outcome is Outcome.CANNOT_TELL, id_
            assert "launch-ready:readiness" in one.summary


def _with_expired(stack: Stack) -> Stack:
    from dataclasses import replace

    from core.settings.readiness import Expired

    expired = Expired(session="old-session", reset="old-link")
    return replace(stack, readiness=stack.readiness.model_copy(update={"expired": expired}))


class _Kept:
    def __init__(self, name: str) -> None:
        self._name = name

    def reveal(self) -> str:
        return f"value of {self._name}"
