"""DNS that answers as it should, and DNS that loops, lies, is late, is cut short or says nothing."""

from __future__ import annotations

import socket
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dns import DnsResolver
from core.site import Found
from tests.unit.adapters.nameserver import ADDRESS, Answer, nameserver, zone

LONG = " ".join(f'"{letter * 250}"' for letter in "abcdefgh")


def ask(answer: Answer, name: str = "a.test", type_: str = "TXT", seconds: float = 0.5) -> Found:
    with nameserver(answer) as port:
        return DnsResolver(ADDRESS, port, seconds).find(name, type_)


@pytest.mark.parametrize(
    ("record", "type_", "seen"),
    [
        ('a.test. 60 IN TXT "v=spf1 " "-all"', "TXT", ("v=spf1 -all",)),
        (r'a.test. 60 IN TXT "\255\000"', "TXT", ("\\xff\x00",)),
        ("a.test. 60 IN MX 10 mail.a.test.", "MX", ("10 mail.a.test.",)),
        ("a.test. 60 IN MX 0 .", "MX", ("0 .",)),
        ("a.test. 60 IN PTR mail.a.test.", "PTR", ("mail.a.test",)),
        ("a.test. 60 IN A 192.0.2.1", "A", ("192.0.2.1",)),
        ("a.test. 60 IN CNAME b.test.", "CNAME", ("b.test",)),
        ("b.test. 60 IN A 192.0.2.1", "A", ()),
    ],
)
def test_records_are_told_as_texts(record: str, type_: str, seen: tuple[str, ...]) -> None:
    found = ask(zone(record), "a.test", type_)
    assert (found.status, found.records) == ("NOERROR", seen)
    assert found.ttl == (60 if seen else 0)


def test_a_name_that_leads_out_of_the_servers_zone_is_followed() -> None:
    answers = zone("a.test. 60 IN CNAME b.test.", "b.test. 60 IN CNAME c.other.", 'c.other. 60 IN TXT "here"')
    assert ask(answers) == Found("a.test", "TXT", "NOERROR", ("here",), 60, ("b.test", "c.other"))


@pytest.mark.parametrize(
    "records",
    [
        ("a.test. 60 IN CNAME a.test.",),
        ("a.test. 60 IN CNAME b.test.", "b.test. 60 IN CNAME A.test."),
        tuple(f"{'a' if not n else f'n{n}'}.test. 60 IN CNAME n{n + 1}.test." for n in range(30)),
    ],
)
def test_names_that_lead_nowhere_for_ever_are_left(records: tuple[str, ...]) -> None:
    found = ask(zone(*records), seconds=2)
    assert (found.status, found.records) == ("SERVFAIL", ())
    assert len(found.chain) <= 8


def test_a_loop_that_is_told_in_one_answer_is_left() -> None:
    def answer(query: dns.message.Message, _tcp: bool) -> bytes:
        reply = dns.message.make_response(query)
        for name, target in (("a.test.", "b.test."), ("b.test.", "a.test.")):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
        return reply.to_wire()

    assert ask(answer).status == "SERVFAIL"


def test_a_name_that_leads_to_one_that_is_not_there() -> None:
    def answer(query: dns.message.Message, _tcp: bool) -> bytes:
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.answer.append(dns.rrset.from_text("a.test.", 60, "IN", "CNAME", "b.test."))
        return reply.to_wire()

    assert ask(answer) == Found("a.test", "TXT", "NXDOMAIN", chain=("b.test",))


@pytest.mark.parametrize("code", ["REFUSED", "SERVFAIL", "FORMERR", "NOTIMP"])
def test_a_server_that_does_not_want_to_is_told_by_its_code(code: str) -> None:
    assert ask(zone(rcode=dns.rcode.from_text(code)), "notimp.refused.test").status == code


def test_an_answer_too_long_for_udp_is_asked_for_over_tcp() -> None:
    whole, short = zone(f"a.test. 60 IN TXT {LONG}"), zone(flags=dns.flags.TC)
    found = ask(lambda query, tcp: (whole if tcp else short)(query, tcp))
    assert [len(text) for text in found.records] == [2000]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda query, tcp: None, id="nothing"),
        pytest.param(lambda query, tcp: None if tcp else zone(flags=dns.flags.TC)(query, tcp), id="truncated, no TCP"),
        pytest.param(zone(flags=dns.flags.TC), id="truncated over TCP too"),
        pytest.param(lambda query, tcp: b"\x00" * 3, id="garbage"),
        pytest.param(lambda query, tcp: b"\xff\xff" + (zone()(query, tcp) or b"")[2:], id="another question's"),
        pytest.param(lambda query, tcp: (zone()(query, tcp) or b"")[:-3], id="cut"),
    ],
)
def test_what_is_no_answer_is_never_one_and_ends_in_time(answer: Answer) -> None:
    began = time.monotonic()
    found = ask(answer, seconds=0.3)
    assert found.status in ("TIMEOUT", "SERVFAIL")
    assert found.records == ()
    assert time.monotonic() - began < 1.5


def test_an_answer_that_dribbles_is_left_in_time() -> None:
    def answer(query: dns.message.Message, tcp: bool) -> bytes | None:
        if not tcp:
            return zone(flags=dns.flags.TC)(query, tcp)
        time.sleep(0.6)
        return zone()(query, tcp)

    began = time.monotonic()
    assert ask(answer, seconds=0.3).status == "TIMEOUT"
    assert time.monotonic() - began < 0.6


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        found = DnsResolver(ADDRESS, taken.getsockname()[1], 0.3).find("a.test", "A")
    assert found.status in ("TIMEOUT", "SERVFAIL")


def test_many_ask_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with nameserver(zone('a.test. 60 IN TXT "one"')) as port, ThreadPoolExecutor(8) as pool:
        resolver = DnsResolver(ADDRESS, port)
        found = list(pool.map(lambda _: resolver.find("a.test", "TXT").records, range(64)))
    assert found == [("one",)] * 64


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_no_name_is_too_odd_to_ask_for(name: str) -> None:
    # Nothing listens there: what matters is that nothing is raised.
    found = DnsResolver(ADDRESS, 9, 0.01).find(name, "A")
    assert found.records == ()
