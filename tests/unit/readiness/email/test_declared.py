"""Mail that is declared otherwise than the lab's: keys elsewhere and gone, reports of others, a zone without mail."""

from __future__ import annotations

import pytest

from core.settings.dkim import Selector
from core.site import Found, Reply
from readiness.check import Outcome
from tests.unit.readiness.email.asked import LAB_KEY, declared, look
from tests.unit.readiness.email.zone import ZONE, Records, good


def test_reports_of_other_domains_must_be_taken_as_declared() -> None:
    dns, others = good(), declared(reports_from=("other.example",))
    result = look(dns, settings=others)["email.dmarc-reports"]
    assert "does not say that it takes the reports of other.example" in result.summary
    dns.put("other.example._report._dmarc", "TXT", "v=DMARC1;")
    assert look(dns, settings=others)["email.dmarc-reports"].outcome is Outcome.PASS


SERVICE = Selector(selector="s1", cname="s1.service.test")
OLD = Selector(selector="old", revoked=True)
KEYS = [
    (SERVICE, {}, "s1: nothing is published"),
    (SERVICE, {(f"s1._domainkey.{ZONE}", "CNAME"): ["s1.service.test"]}, "s1: nothing is published"),
    (SERVICE, {(f"s1._domainkey.{ZONE}", "TXT"): [f"p={LAB_KEY}"]}, "s1: it does not lead to s1.service.test"),
    (OLD, {(f"old._domainkey.{ZONE}", "TXT"): [f"p={LAB_KEY}"]}, "old: it is declared revoked, and a key is published"),
    (OLD, {}, "old: nothing is published"),
]


@pytest.mark.parametrize(("selector", "records", "why"), KEYS, ids=[why for _selector, _records, why in KEYS])
def test_a_key_elsewhere_and_one_that_is_gone_are_held_to_what_is_declared(
    selector: Selector, records: Records, why: str
) -> None:
    dns = good()
    dns.records |= records
    result = look(dns, settings=declared(dkim=(selector,)))["email.dkim-keys"]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


def test_a_key_elsewhere_and_one_that_is_gone_pass_where_they_are_as_declared() -> None:
    dns = good()
    dns.put("s1._domainkey", "CNAME", "S1.service.test")
    dns.put("S1.service.test", "TXT", f"k=rsa; p={LAB_KEY}")
    dns.put("old._domainkey", "TXT", "v=DKIM1; p=")
    result = look(dns, settings=declared(dkim=(SERVICE, OLD)))["email.dkim-keys"]
    assert (result.outcome, result.summary) == (Outcome.PASS, "2 of 2 keys as declared")


def test_a_zone_that_has_no_mail_is_held_to_that() -> None:
    none = declared(mx=(), senders=(), dkim=(), mta_sts=None, tls_reports=())
    dns = good()
    results = look(dns, settings=none)
    assert results["email.mx"].outcome is Outcome.FAIL
    assert f"{ZONE}: MX is mail.{ZONE}, not the null one" in results["email.silent-zones"].summary
    dns.put(ZONE, "MX", "0 .")
    dns.put(ZONE, "TXT", "v=spf1 -all")
    dns.put("_dmarc", "TXT", "v=DMARC1; p=reject")
    dns.put("*._domainkey", "TXT", "v=DKIM1; p=")
    results = look(dns, settings=none)
    assert results["email.mx"].outcome is Outcome.PASS
    assert results["email.silent-zones"].summary.startswith("3 of 3 zones")
    for check in ("mta-sts", "tls-rpt", "dkim-keys", "reverse-dns"):
        assert results[f"email.{check}"].outcome is Outcome.NOT_APPLICABLE, check


class _Silence:
    """DNS that is asked in vain."""

    def __init__(self) -> None:
        self.count = 0

    def find(self, name: str, type_: str) -> Found:
        self.count += 1
        return Found(name, type_, "TIMEOUT")


def test_dns_that_says_nothing_is_not_asked_for_long() -> None:
    silence = _Silence()
    results = look(silence, Reply(0, reason="no"))
    assert {result.outcome for result in results.values()} == {Outcome.CANNOT_TELL}
    # 5 s each, side by side in as many threads as there are probes.
    assert silence.count <= 2 * len(results)
