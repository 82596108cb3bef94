"""The parts that read what others publish: DMARC's tree walk and alignment, policies, keys, SPF over any record."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import CheckError
from readiness.rows.email.dkim_key import faults, parse, tags_of
from readiness.rows.email.dmarc_record import Record, aligned, walk
from readiness.rows.email.names import Names
from readiness.rows.email.spf_query import evaluate
from readiness.rows.email.transport import fits
from readiness.rows.email.transport import parse as parse_policy
from tests.unit.readiness.email.zone import FakeDns


def dns(**texts: str) -> FakeDns:
    """TXT records; ``_`` in a keyword stands for ``.``."""
    return FakeDns({(f"_dmarc.{name.replace('_', '.')}", "TXT"): [text] for name, text in texts.items()})


PLAIN = "v=DMARC1; p=reject"

WALKS = [
    ("a.b.example.test", dns(example_test=PLAIN), "example.test", "example.test"),
    ("a.b.example.test", dns(example_test=PLAIN, b_example_test=PLAIN), "example.test", "example.test"),
    ("a.b.example.test", dns(example_test=PLAIN, b_example_test=f"{PLAIN}; psd=n"), "b.example.test", "b.example.test"),
    ("a.b.example.test", dns(test=f"{PLAIN}; psd=y"), "example.test", "test"),
    ("a.b.example.test", dns(test=f"{PLAIN}; psd=y", example_test=PLAIN), "example.test", "example.test"),
    ("a.b.example.test", dns(a_b_example_test=PLAIN, example_test=PLAIN), "example.test", "a.b.example.test"),
    ("example.test", dns(), "example.test", None),
    ("test", dns(test=f"{PLAIN}; psd=y"), "test", "test"),
]


@pytest.mark.parametrize(("domain", "names", "organizational", "policy_of"), WALKS)
def test_the_walk_finds_the_organization_and_the_policy(
    domain: str, names: FakeDns, organizational: str, policy_of: str | None
) -> None:
    seen = walk(Names(names), domain)
    assert seen.organizational == organizational
    assert (seen.record.domain if seen.record else None) == policy_of


def test_the_walk_asks_at_most_eight_times_however_long_the_name() -> None:
    names = dns()
    walk(Names(names), ".".join("abcdefghijklmnopqrstuvwxyz"))
    asked = [name for name, _type in names.asked]
    assert len(asked) == 8
    assert asked[1] == "_dmarc.t.u.v.w.x.y.z"


def test_two_records_at_a_name_count_as_none() -> None:
    names = dns(example_test=PLAIN)
    names.records["_dmarc.a.example.test", "TXT"] = [PLAIN, PLAIN]
    assert [record.domain for record in walk(Names(names), "a.example.test").records] == ["example.test"]


def test_what_is_above_and_does_not_answer_is_told_and_the_domain_itself_must() -> None:
    names = dns(example_test=PLAIN)
    names.status["_dmarc.test"] = "REFUSED"
    assert walk(Names(names), "example.test").silent == ("test",)
    names.status["_dmarc.example.test"] = "TIMEOUT"
    with pytest.raises(CheckError, match="TIMEOUT"):
        walk(Names(names), "example.test")


@pytest.mark.parametrize(
    ("author", "vouched", "strict", "is_so"),
    [
        ("example.test", "example.test", True, True),
        ("Example.TEST", "example.test.", True, True),
        ("example.test", "mail.example.test", True, False),
        ("example.test", "mail.example.test", False, True),
        ("mail.example.test", "news.example.test", False, True),
        ("example.test", "notexample.test", False, False),
        ("example.test", "example.test.evil.test", False, False),
        ("", "", True, False),
    ],
)
def test_alignment(author: str, vouched: str, strict: bool, is_so: bool) -> None:
    assert aligned(Names(dns(example_test=PLAIN)), author, vouched, strict=strict) is is_so


def test_a_policy_under_the_zone_is_the_one_before_it_where_it_is_not_said() -> None:
    record = Record("x.test", tags_of("v=DMARC1; p=reject; sp=quarantine"))
    assert [record.policy(tag) for tag in ("p", "sp", "np")] == ["reject", "quarantine", "quarantine"]


def test_report_addresses_may_have_a_size_and_must_be_mail() -> None:
    record = Record("x.test", tags_of("v=DMARC1; p=none; rua=mailto:a@X.test!10m, https://x.test; ruf=mailto:b@y.test"))
    assert record.report_domains() == {
        "mailto:a@X.test!10m": "x.test",
        "https://x.test": "",
        "mailto:b@y.test": "y.test",
    }


@pytest.mark.parametrize(
    ("pattern", "host", "is_so"),
    [
        ("mail.example.test", "mail.example.test", True),
        ("*.example.test", "mail.example.test", True),
        ("*.example.test", "a.mail.example.test", False),
        ("*.example.test", "example.test", False),
        ("example.test", "mail.example.test", False),
        ("mail.*.test", "mail.example.test", False),
    ],
)
def test_a_pattern_stands_for_one_label_at_its_left(pattern: str, host: str, is_so: bool) -> None:
    assert fits(pattern, host) is is_so


def test_macros_are_expanded_for_who_sends() -> None:
    names = FakeDns(
        {
            ("example.test", "TXT"): ["v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all"],
            ("25.2.0.192.in-addr._spf.example.test", "A"): ["127.0.0.2"],
        }
    )
    assert evaluate(names, "192.0.2.25", "ann@example.test", "mail.example.test").result == "pass"
    assert evaluate(names, "192.0.2.26", "ann@example.test", "mail.example.test").result == "fail"


def test_nobody_is_who_said_hello() -> None:
    names = FakeDns({("mail.example.test", "TXT"): ["v=spf1 a -all"], ("mail.example.test", "A"): ["192.0.2.25"]})
    told = evaluate(names, "192.0.2.25", "", "mail.example.test")
    assert (told.result, told.mechanism) == ("pass", "a")


@pytest.mark.parametrize("silent", ["25.2.0.192.in-addr.arpa", "ptr.example.test"])
def test_reverse_dns_that_does_not_answer_is_no_match_and_no_error(silent: str) -> None:
    names = FakeDns(
        {
            ("example.test", "TXT"): ["v=spf1 ptr -all"],
            ("25.2.0.192.in-addr.arpa", "PTR"): ["ptr.example.test"],
            ("ptr.example.test", "A"): ["192.0.2.25"],
        }
    )
    assert evaluate(names, "192.0.2.25", "ann@example.test", "h.example.test").result == "pass"
    names.status[silent] = "SERVFAIL"
    assert evaluate(names, "192.0.2.25", "ann@example.test", "h.example.test").result == "fail"


@pytest.mark.parametrize("address", ["nonsense", "", "192.0.2.999"])
def test_an_address_that_is_none_is_an_error_and_no_exception(address: str) -> None:
    names = FakeDns({("example.test", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"]})
    assert evaluate(names, address or "x", "ann@example.test", "h.test").result == "permerror"


TERMS = """a mx ptr include:b.test include:example.test redirect=b.test redirect=example.test exists:%{i}.x.test
exp=x.test ip4:192.0.2.0/24 ip4:x ip6:::/0 -all ~all +all ?all %{z} %{ %{d999999r} a/33 a//129 mx:: - + = \\xff"""
TERM = st.sampled_from(TERMS.split()) | st.text(max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(TERM, max_size=12), st.lists(TERM, max_size=6))
def test_any_record_is_evaluated_to_an_end(first: list[str], second: list[str]) -> None:
    names = FakeDns(
        {("example.test", "TXT"): [f"v=spf1 {' '.join(first)}"], ("b.test", "TXT"): [f"v=spf1 {' '.join(second)}"]}
    )
    told = evaluate(names, "198.18.0.25", "ann@example.test", "mail.example.test")
    assert told.result in {"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}
    assert len(names.asked) < 500


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_policy(text)
    with suppress(ValueError):
        list(faults(parse(f"v=DKIM1; {text}")))
        Record("x.test", tags_of(text)).report_domains()
