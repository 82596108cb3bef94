"""A message of the platform's, right and wrong in each way that matters, and one that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CheckError
from core.settings.stack import Stack
from core.site import Mail
from readiness.check import Outcome, Result, Said
from readiness.probe import Touch
from readiness.rows.email import PROBES
from readiness.rows.email.names import Names
from readiness.rows.email.signatures import verify
from readiness.run import Limits, run
from tests.unit.readiness.email.relay import BOUNCES, Relayed, Way, signer
from tests.unit.readiness.email.zone import ZONE, FakeDns, good
from tests.unit.readiness.fakes import make_target
from tests.unit.readiness.platform import Platform

SENT = tuple(probe for probe in PROBES if probe.touch is Touch.WRITES)
LAB1 = f"lab1._domainkey.{ZONE}"


def look(way: Way, dns: FakeDns | None = None) -> dict[str, Result]:
    platform = Platform()
    target = make_target(platform, resolver=dns or good(), mailbox=Relayed(platform, way))
    done = run(SENT, target, Limits(), lambda _result, _at: None)
    return {result.check.id: result for result in done.results}


def test_the_labs_own_way_passes() -> None:
    results = look(Way())
    assert {id_: result.outcome for id_, result in results.items()} == {
        "email.message-signed": Outcome.PASS,
        "email.message-spf": Outcome.PASS,
        "email.message-aligned": Outcome.PASS,
        "email.message-form": Outcome.PASS,
        "email.bounces": Outcome.PASS,
    }
    assert results["email.message-signed"].summary == f"1 of 1 signatures are good and of {ZONE}"
    assert results["email.message-spf"].summary == f"192.0.2.25 as {BOUNCES} passes by mx"
    assert results["email.message-aligned"].summary == f"{ZONE}: DMARC passes by DKIM lab1 and SPF"


def test_no_evidence_has_the_text_of_the_mail_with_its_token() -> None:
    said = [one for result in look(Way()).values() for one in result.evidence if isinstance(one, Said)]
    assert said
    assert not any("token=" in one.text for one in said)


def _without(name: str) -> Way:
    return Way(before=lambda message: message.__delitem__(name))


def _altered(raw: bytes) -> bytes:
    return raw.replace(b"Your account", b"Your prize!!")


UNSIGNED = Way(sign=False)
OTHER = Way(author="Community <app@other.example>", mail_from="app@other.example")

WRONG = [
    ("email.message-signed", UNSIGNED, None, "it has no DKIM signature"),
    ("email.message-signed", Way(after=_altered), None, "lab1 of community.test: "),
    ("email.message-signed", Way(), (LAB1, "TXT", "v=DKIM1; p="), "lab1 of community.test: "),
    ("email.message-signed", Way(), (LAB1, "TXT"), "lab1 of community.test: "),
    ("email.message-signed", Way(after=lambda raw: raw.replace(b"d=community.test", b"d=evil.example")), None, ""),
    ("email.message-spf", Way(peer="198.18.0.1"), None, f"198.18.0.1 as {BOUNCES}: fail"),
    ("email.message-spf", Way(), (ZONE, "TXT"), f"192.0.2.25 as {BOUNCES}: none"),
    ("email.message-spf", Way(mail_from=""), None, "192.0.2.25 as <>: none"),
    ("email.message-aligned", OTHER, None, "From is of other.example, which is not in community.test"),
    ("email.message-aligned", UNSIGNED, (ZONE, "TXT"), "neither DKIM nor SPF vouches for community.test"),
    ("email.message-aligned", Way(author=f"a@news.{ZONE}", mail_from=BOUNCES), None, "neither DKIM nor SPF vouches"),
    ("email.message-aligned", Way(), (f"_dmarc.{ZONE}", "TXT"), "there is no DMARC record for community.test"),
    ("email.message-aligned", Way(author=f"a@{ZONE}, b@evil.example"), None, "From does not name one author"),
    (
        "email.message-aligned",
        Way(after=lambda raw: b"Authentication-Results: mx.example; dmarc=fail\r\n" + raw),
        None,
        "its receiver says: mx.example; dmarc=fail",
    ),
    ("email.message-form", _without("Date"), None, "Date is there 0 times, not once"),
    ("email.message-form", _without("Message-ID"), None, "Message-ID is there 0 times, not once"),
    ("email.message-form", _without("Auto-Submitted"), None, "holiday notices answer it"),
    ("email.message-form", Way(after=lambda raw: raw + b"x" * 1200 + b"\r\n"), None, "a line has 1200 bytes"),
    ("email.message-form", Way(after=lambda raw: raw + b"a\nb\r\n"), None, "lines end with LF alone"),
    ("email.bounces", Way(mail_from=f"elsewhere@{ZONE}"), None, "mail is sent as <elsewhere@community.test>, so what"),
    ("email.bounces", Way(mail_from=""), None, "mail is sent as <>, so what is refused does not come back"),
    ("email.bounces", Way(report=lambda mail: None), None, f"no report came to {BOUNCES}"),
    (
        "email.bounces",
        Way(report=lambda mail: replace(mail, mail_from=f"postmaster@{ZONE}")),
        None,
        "it is sent by postmaster@community.test, not by nobody",
    ),
    (
        "email.bounces",
        Way(report=lambda mail: replace(mail, raw=b"To: x\r\n\r\nSorry: " + _refused(mail))),
        None,
        "it is text/plain, not a report that a program can read",
    ),
    (
        "email.bounces",
        Way(report=lambda mail: replace(mail, raw=mail.raw.replace(b"Action: failed", b"Action: delayed"))),
        None,
        "it does not say that the refusal is for good",
    ),
]


def _refused(mail: Mail) -> bytes:
    return mail.raw.partition(b"Final-Recipient: rfc822; ")[2].partition(b"\r\n")[0]


@pytest.mark.parametrize(("check", "way", "record", "why"), WRONG, ids=[f"{one[0]}: {one[3]}" for one in WRONG])
def test_each_fault_is_found_and_said(check: str, way: Way, record: tuple[str, ...] | None, why: str) -> None:
    dns = good()
    if record:
        dns.put(*record)
    result = look(way, dns)[check]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


def test_a_key_that_nobody_declared_is_said() -> None:
    platform = Platform()

    def renamed(stack: Stack) -> Stack:
        [key] = stack.email.dkim
        return replace(
            stack, email=stack.email.model_copy(update={"dkim": (key.model_copy(update={"selector": "lab2"}),)})
        )

    target = make_target(platform, resolver=good(), mailbox=Relayed(platform, Way()), settings=renamed)
    results = {one.check.id: one for one in run(SENT, target, Limits(), lambda _result, _at: None).results}
    assert results["email.message-signed"].summary == "the key lab1 is not declared"


def test_one_of_the_two_is_enough_for_dmarc() -> None:
    assert look(UNSIGNED)["email.message-aligned"].summary == f"{ZONE}: DMARC passes by SPF"
    forwarded = look(Way(peer="198.18.0.1"))["email.message-aligned"]
    assert (forwarded.outcome, forwarded.summary) == (Outcome.PASS, f"{ZONE}: DMARC passes by DKIM lab1")


def test_a_return_path_of_ones_own_for_each_message_is_taken() -> None:
    assert look(Way(mail_from=f"no-reply+42@{ZONE}", report=_to_plain))["email.bounces"].outcome is Outcome.PASS


def _to_plain(mail: Mail) -> Mail:
    return replace(mail, to=(BOUNCES,))


@pytest.mark.parametrize("key", ["bounces", "refused"])
def test_bounces_are_not_known_where_nobody_says_where_they_go_or_who_refuses(key: str) -> None:
    platform = Platform()

    def without(stack: Stack) -> Stack:
        return replace(stack, readiness=stack.readiness.model_copy(update={key: None}))

    target = make_target(platform, resolver=good(), mailbox=Relayed(platform, Way()), settings=without)
    results = {one.check.id: one for one in run(SENT, target, Limits(), lambda _result, _at: None).results}
    assert results["email.bounces"].outcome is Outcome.CANNOT_TELL
    assert "readiness.bounces" in results["email.bounces"].summary


def test_relaxed_alignment_takes_the_organizations_other_names() -> None:
    dns = good()
    dns.put("_dmarc", "TXT", "v=DMARC1; p=reject")
    result = look(Way(author=f"Community <a@news.{ZONE}>"), dns)["email.message-aligned"]
    assert (result.outcome, result.summary) == (Outcome.PASS, f"news.{ZONE}: DMARC passes by DKIM lab1 and SPF")


def test_an_inbox_that_does_not_say_how_mail_came_leaves_spf_open() -> None:
    results = look(Way(peer="", helo=""))
    assert results["email.message-spf"].outcome is Outcome.CANNOT_TELL
    assert results["email.message-aligned"].summary == f"{ZONE}: DMARC passes by DKIM lab1"


@pytest.mark.parametrize("name", [LAB1, ZONE, f"_dmarc.{ZONE}"])
def test_what_dns_does_not_say_is_not_known_and_the_rest_is(name: str) -> None:
    dns = good()
    dns.status[name] = "SERVFAIL"
    results = look(Way(), dns)
    unknown = {LAB1: {"signed", "aligned"}, ZONE: {"spf", "aligned"}, f"_dmarc.{ZONE}": {"aligned"}}[name]
    for check in ("signed", "spf", "aligned", "form"):
        outcome = results[f"email.message-{check}"].outcome
        assert outcome is (Outcome.CANNOT_TELL if check in unknown else Outcome.PASS), check


def test_no_mail_is_no_answer() -> None:
    class Empty(Relayed):
        def wait(self, address: str, **_more: object) -> list[Mail]:
            return []

    platform = Platform()
    target = make_target(platform, resolver=good(), mailbox=Empty(platform, Way()))
    results = run(SENT, target, Limits(), lambda _result, _at: None).results
    assert {result.outcome for result in results if result.check.id != "email.bounces"} == {Outcome.CANNOT_TELL}


TAGS = """v=1 a=rsa-sha256 a=ed25519-sha256 d=community.test s=lab1 h=from h= bh=AAAA b=AAAA l=0 l=99999999999 x=1
t=99999999999 c=x/y i=@evil.test q=x d=\xff = h=: s=. d=."""
SIGNATURE = st.sampled_from(TAGS.split())


@given(st.lists(SIGNATURE, max_size=12), st.binary(max_size=60))
def test_no_signature_is_too_odd_to_be_refused(tags: list[str], body: bytes) -> None:
    raw = f"DKIM-Signature: {'; '.join(tags)}\r\nFrom: a@community.test\r\n\r\n".encode() + body
    assert not any(one.good for one in verify(Names(good()), raw))


@given(st.binary(max_size=200))
def test_no_message_is_too_odd_to_be_read(raw: bytes) -> None:
    assert not any(one.good for one in verify(Names(good()), raw))


def test_only_so_many_signatures_are_looked_at() -> None:
    raw = b"From: a@community.test\r\nSubject: x\r\n\r\nx\r\n"
    many = b"".join(signer().signed(raw)[: -len(raw)] for _ in range(8)) + raw
    assert len(verify(Names(good()), many)) == 5


def test_a_key_that_dns_does_not_say_is_no_bad_signature() -> None:
    dns = good()
    dns.status[LAB1] = "TIMEOUT"
    with pytest.raises(CheckError, match="TIMEOUT"):
        verify(Names(dns), signer().signed(b"From: a@community.test\r\nSubject: x\r\n\r\nx\r\n"))
