"""What a zone's mail says, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from core import mail
from core.settings.email import Email

ZONE = "community.example"
ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # the public key of RFC 8463 A.2
DMARC = {"reports": ["dmarc@community.example"]}
KEYS = [{"selector": "s", "public_key": ED25519}]


def email(**section: Any) -> Email:
    return Email.model_validate({"dmarc": DMARC, **section}, strict=False)


def notes(section: Email, today: str = "2026-06-01") -> list[str]:
    return list(mail.notes(section, ZONE, date.fromisoformat(today)))


def refused(**section: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        email(**section)
    return str(caught.value)


def test_a_sender_is_no_large_part_of_the_internet() -> None:
    for network in ("0.0.0.0/1", "::/0"):
        assert "lets nearly everybody send" in refused(senders=[{"name": "a", "network": network}], dkim=KEYS)


def test_what_an_include_costs_counts_as_receivers_count_it() -> None:
    senders = [{"name": "a", "include": "a.example", "lookups": 4}, {"name": "b", "include": "b.example", "lookups": 3}]
    assert email(senders=senders, dkim=KEYS).lookups == 9
    more = [*senders, {"name": "c", "a": "out.example.net"}]
    assert email(senders=more, dkim=KEYS).lookups == 10
    assert "take 11 DNS lookups" in refused(senders=[*more, {"name": "d", "a": "x.example.net"}], dkim=KEYS)
    assert "there is no include" in refused(senders=[{"name": "a", "network": "192.0.2.1", "lookups": 1}], dkim=KEYS)


def test_an_spf_record_too_long_for_udp_is_told() -> None:
    networks = [{"name": str(n), "network": f"2001:db8:aaaa:bbbb:{n:x}::/80"} for n in range(1, 17)]
    long = email(senders=networks, dkim=KEYS)
    assert len(mail.spf(long, ZONE)) > 450
    assert "RFC 7208 §3.4" in notes(long)[0]
    assert notes(email(senders=networks[:5], dkim=KEYS)) == []


def test_a_revoked_key_is_empty_and_does_not_count_as_one() -> None:
    senders = [{"name": "a", "network": "192.0.2.1"}]
    both = email(senders=senders, dkim=[*KEYS, {"selector": "old", "revoked": True}])
    assert [mail.dkim(selector) for selector in both.dkim] == [f"v=DKIM1; k=ed25519; p={ED25519}", "v=DKIM1; p="]
    assert "there are senders and no dkim" in refused(senders=senders, dkim=[{"selector": "old", "revoked": True}])
    assert "give one of" in refused(dkim=[{"selector": "s", "public_key": ED25519, "revoked": True}])
    assert "private half" in refused(dkim=[{"selector": "s", "revoked": True, "config_secret": "dkim-s"}])


def test_dmarc_has_the_tags_of_rfc_9989() -> None:
    policy = email(
        dmarc={"policy": "reject", "testing": True, "psd": "n", "subdomains": "quarantine",
               "reports": ["a@x.test", "b@x.test"], "failure_reports": ["c@x.test"]}
    ).dmarc  # fmt: skip
    assert mail.dmarc(policy) == (
        "v=DMARC1; p=reject; sp=quarantine; np=reject; psd=n; t=y; adkim=s; aspf=s; rua=mailto:a@x.test,mailto:b@x.test"
        "; fo=1; ruf=mailto:c@x.test"
    )


STAGES = [
    {"policy": "quarantine", "testing": True, "by": "2026-07-01"},
    {"policy": "quarantine", "by": "2026-08-01"},
    {"policy": "reject", "by": "2026-09-01"},
]


@pytest.mark.parametrize(
    ("today", "due"),
    [
        ("2026-06-30", None),
        ("2026-07-01", "quarantine, testing: true"),
        ("2026-08-31", "quarantine"),
        ("2027-01-01", "reject"),
    ],
)
def test_a_stage_that_is_due_is_told_and_changes_nothing_by_itself(today: str, due: str | None) -> None:
    staged = email(dmarc={**DMARC, "policy": "none", "stages": STAGES})
    assert mail.dmarc(staged.dmarc).startswith("v=DMARC1; p=none; ")
    told = notes(staged, today=today)
    assert [f"the policy should be {due}, and it is none" in note for note in told] == ([True] if due else [])


@pytest.mark.parametrize(
    ("policy", "stages", "reason"),
    [
        ("none", [], "policy none asks for nothing: say in stages what follows"),
        ("quarantine", STAGES, "each of stages must be stronger than the one before"),
        ("none", STAGES[::-1], "each of stages must be stronger than the one before"),
        ("none", [STAGES[0], {"policy": "reject", "by": "2026-07-01"}], "a later day than the one before"),
        ("none", [{"policy": "reject"}], "by"),
    ],
)
def test_stages_only_get_stronger(policy: str, stages: list[Any], reason: str) -> None:
    assert reason in refused(dmarc={**DMARC, "policy": policy, "stages": stages})


def test_another_domain_must_say_that_it_takes_the_reports() -> None:
    section = email(dmarc={"reports": ["a@community.example", "b@in.community.example", "c@Reports.example"]})
    (note,) = notes(section)
    assert note.startswith(
        'DMARC: reports.example must publish community.example._report._dmarc.reports.example TXT "v=DMARC1;", or'
    )


def test_the_policy_of_mta_sts_names_the_machines_of_mx_and_its_id_follows_it() -> None:
    machines = [{"host": "mail"}, {"host": "backup.example.net"}]
    section = email(mx=machines, mta_sts={"mode": "enforce", "max_age": 86400})
    assert mail.sts_policy(section, ZONE).splitlines() == [
        "version: STSv1",
        "mode: enforce",
        "mx: mail.community.example",
        "mx: backup.example.net",
        "max_age: 86400",
    ]
    ids = {
        mail.sts_record(email(mx=machines[:count], mta_sts={"mode": mode}), ZONE)
        for count in (1, 2)
        for mode in ("testing", "enforce")
    }
    assert len(ids) == 4
    assert all(len(text.removeprefix("v=STSv1; id=")) == 20 and text[12:].isalnum() for text in ids)
    assert "there is no mx" in refused(mta_sts={})


def test_tls_reports_go_to_mail_and_https() -> None:
    section = email(tls_reports=["tls@community.example", "https://x.example/tls?a=1"])
    assert mail.tls_reports(section) == "v=TLSRPTv1; rua=mailto:tls@community.example,https://x.example/tls?a=1"


@pytest.mark.parametrize(
    "address", ["https://a.example/x,y", "https://a.example/x;y", "http://a.example/", "x", "https:"]
)
def test_an_address_that_would_end_the_list_is_refused(address: str) -> None:
    assert "tls_reports" in refused(tls_reports=[address])
