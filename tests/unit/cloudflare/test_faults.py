"""Which request a planned fault strikes; what is done to it is tested on a running API."""

from __future__ import annotations

from lab.cloudflare.faults import Fault, Faults


def test_a_fault_strikes_the_requests_that_fit_after_those_that_pass() -> None:
    faults = Faults([Fault(kind="lost", method="POST", path="/zones/*", after=1, times=2)])
    asked = [("GET", "/zones/z1"), ("POST", "/zones"), *[("POST", "/zones/z1/dns_records")] * 4]
    assert [faults.take(*one) is not None for one in asked] == [False, False, False, True, True, False]
    assert faults.planned[0].struck == 2


def test_of_two_the_first_that_is_not_used_up_strikes() -> None:
    first, second = Fault(kind="cut"), Fault(kind="status", status=429)
    faults = Faults([first, second])
    assert [faults.take("GET", "/zones") for _ in range(3)] == [first, second, None]


def test_a_new_plan_replaces_what_was_planned() -> None:
    faults = Faults([Fault(kind="cut")])
    faults.plan([])
    assert faults.take("GET", "/zones") is None
