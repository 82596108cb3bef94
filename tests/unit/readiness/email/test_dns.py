"""What the zone says of its mail: right, and wrong in each way that matters."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.site import Reply
from readiness.check import Outcome
from tests.unit.readiness.email.asked import DNS, LAB_KEY, POLICY, TEXT, look
from tests.unit.readiness.email.zone import RELAY, ZONE, Change, good

SPF = "v=spf1 mx ip4:198.51.100.0/28 -all"
RUA = "mailto:dmarc@community.test"
DMARC = f"v=DMARC1; p=quarantine; sp=reject; np=reject; adkim=s; aspf=s; rua={RUA}"
LAB1 = f"lab1._domainkey.{ZONE}"


def put(name: str, type_: str, *records: str) -> Change:
    return lambda dns: dns.put(name, type_, *records)


def answers(name: str, status: str) -> Change:
    return lambda dns: dns.status.update({name: status})


def both(*changes: Change) -> Change:
    return lambda dns: [change(dns) for change in changes]


def key(bits: int) -> str:
    public = generate_private_key(65537, bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


SMALL = base64.b64encode(
    bytes.fromhex("305c300d06092a864886f70d0101010500034b003048024100" + "c5" * 64 + "0203010001")
).decode()
ED25519 = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def includes(count: int) -> Change:
    return both(
        put(ZONE, "TXT", f"v=spf1 {' '.join(f'include:s{n}.test' for n in range(count))} -all"),
        *(put(f"s{n}.test", "TXT", "v=spf1 ip4:203.0.113.9 ?all") for n in range(count)),
    )


def test_what_is_declared_and_there_passes() -> None:
    results = look(good())
    assert {id_: (result.outcome, result.summary) for id_, result in results.items()} == {
        "email.mx": (Outcome.PASS, "1 of 1 machines as declared, each with an address"),
        "email.reverse-dns": (Outcome.PASS, "1 of 1 machines have a name that leads back"),
        "email.spf-record": (Outcome.PASS, "1 record of 34 bytes, as declared"),
        "email.spf-limits": (Outcome.PASS, "1 of 10 lookups, 1 of 2 in vain"),
        "email.spf-senders": (Outcome.PASS, "3 addresses of 2 senders pass, 2 strangers fail"),
        "email.dkim-keys": (Outcome.PASS, "1 of 1 keys as declared"),
        "email.dmarc-policy": (Outcome.PASS, "p=quarantine, sp=reject, np=reject, as declared"),
        "email.dmarc-reports": (Outcome.PASS, "1 of 1 addresses are good"),
        "email.mta-sts": (Outcome.PASS, "mode enforce, 1 machines, the same as in DNS"),
        "email.tls-rpt": (Outcome.PASS, "1 of 1 addresses are good"),
        "email.silent-zones": (Outcome.PASS, "2 of 2 zones refuse mail and disown what is sent as them"),
    }
    assert all(result.evidence for result in results.values())


WRONG = [
    ("email.mx", put(ZONE, "MX"), "mail.community.test (10) is declared and not in DNS"),
    ("email.mx", put(ZONE, "MX", "10 evil.example."), "evil.example (10) is not declared"),
    ("email.mx", put("mail", "A"), "mail.community.test: it has no address"),
    ("email.mx", put("mail", "A", "127.77.0.3"), "the address of the web's edge"),
    ("email.mx", put("mail", "A", "127.0.0.1"), "127.0.0.1 is nobody else's way to it"),
    ("email.mx", both(put("mail", "A"), put("mail", "CNAME", "x.test"), put("x.test", "A", RELAY)), "it is a CNAME"),
    ("email.mx", put(ZONE, "MX", "10 mail.community.test.", "0 ."), "a null MX stands beside others"),
    (
        "email.reverse-dns",
        put("25.2.0.192.in-addr.arpa", "PTR"),
        "192.0.2.25 (The platform's own mail server): it has no",
    ),
    ("email.reverse-dns", put("25.2.0.192.in-addr.arpa", "PTR", "app.community.test"), "lead elsewhere: app.community"),
    ("email.spf-record", put(ZONE, "TXT"), "community.test has no SPF records, and one counts"),
    ("email.spf-record", put(ZONE, "TXT", SPF, SPF), "community.test has 2 SPF records"),
    ("email.spf-record", put(ZONE, "TXT", "v=spf1 mx -all"), "has 'v=spf1 mx -all'"),
    ("email.spf-limits", includes(11), "it takes 11 lookups, and 10 are allowed"),
    ("email.spf-limits", includes(15), "it takes 15 lookups, and 10 are allowed"),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 include:community.test -all"), "include has trivial recursion"),
    (
        "email.spf-limits",
        both(
            put(ZONE, "TXT", "v=spf1 include:a.test -all"),
            put("a.test", "TXT", "v=spf1 include:b.test -all"),
            put("b.test", "TXT", "v=spf1 include:a.test -all"),
        ),
        "Too many DNS lookups",
    ),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 redirect=community.test"), "Too many DNS lookups"),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 a:x.test a:y.test a:z.test -all"), "2 lookups found nothing"),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 include:gone.test -all"), "No valid SPF record for included domain"),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 ip4:300.1.1.1 -all"), "Permanent Error"),
    ("email.spf-limits", put(ZONE, "TXT", "v=spf1 exists:%{z}.test -all"), "Permanent Error"),
    ("email.spf-limits", put(ZONE, "TXT"), "there is no record to evaluate"),
    ("email.spf-senders", put(ZONE, "TXT", "v=spf1 +all"), "198.18.0.25 (nobody's) is told pass, not fail"),
    ("email.spf-senders", put(ZONE, "TXT", "v=spf1 mx ip4:198.51.100.0/28 ~all"), "is told softfail, not fail"),
    ("email.spf-senders", put(ZONE, "TXT", "v=spf1 mx -all"), "198.51.100.15 (Newsletter service) may not send: fail"),
    ("email.spf-senders", put(ZONE, "TXT", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"), "198.18.0.25 (nobody's)"),
    ("email.dkim-keys", put(LAB1, "TXT"), "lab1: nothing is published"),
    ("email.dkim-keys", put(LAB1, "TXT", "v=DKIM1; p="), "lab1: it is revoked"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; k=rsa; p={SMALL}"), "its RSA key has 512 bits"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; p={key(2048)}"), "another key is published than is declared"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; k=ed25519; p={ED25519}"), "another key is published"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; t=y; p={LAB_KEY}"), "it is only a trial (t=y)"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; t=s:y; p={LAB_KEY}"), "it is only a trial (t=y)"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; h=sha1; p={LAB_KEY}"), "it takes no sha256"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; s=tlsrpt; p={LAB_KEY}"), "it is not for mail"),
    ("email.dkim-keys", put(LAB1, "TXT", f"p={LAB_KEY}; v=DKIM1"), "it does not begin with v=DKIM1"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; k=dsa; p={LAB_KEY}"), "nobody knows k=dsa"),
    ("email.dkim-keys", put(LAB1, "TXT", "v=DKIM1; p=%%%"), "its key cannot be read as rsa"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; p={str(LAB_KEY)[:200]}"), "its key cannot be read as rsa"),
    ("email.dkim-keys", put(LAB1, "TXT", f"v=DKIM1; p={str(LAB_KEY)[:200]}", str(LAB_KEY)[200:]), "2 records are publ"),
    ("email.dkim-keys", put(LAB1, "TXT", "nonsense"), "its record cannot be read"),
    ("email.dmarc-policy", put("_dmarc", "TXT"), "has no DMARC record"),
    ("email.dmarc-policy", put("_dmarc", "TXT", DMARC, DMARC), "has 2 DMARC records, so none counts"),
    ("email.dmarc-policy", put("_dmarc", "TXT", DMARC.replace("quarantine", "none")), "asks for nothing for the zone"),
    ("email.dmarc-policy", put("_dmarc", "TXT", "v=DMARC1; p=reject; sp=none"), "asks for nothing for names under it"),
    ("email.dmarc-policy", put("_dmarc", "TXT", f"{DMARC}; t=y"), "it is only a trial (t=y)"),
    ("email.dmarc-policy", put("_dmarc", "TXT", f"{DMARC}; pct=10"), "pct=10: receivers"),
    ("email.dmarc-policy", put("_dmarc", "TXT", f"{DMARC}; color=red"), "no receiver knows the tag color"),
    ("email.dmarc-policy", put("_dmarc", "TXT", DMARC.replace("aspf=s", "aspf=r")), "aspf is r, and s is declared"),
    ("email.dmarc-policy", put("_dmarc", "TXT", "v=DMARC1; reject"), "cannot be read: 'reject' is no tag=value"),
    ("email.dmarc-policy", put("_dmarc", "TXT", "v=DMARC1; p=maybe"), "p=maybe is no policy"),
    ("email.dmarc-reports", put("_dmarc", "TXT", "v=DMARC1; p=reject"), "it names no address for aggregate reports"),
    ("email.dmarc-reports", put("_dmarc", "TXT"), "has no DMARC record, so nobody reports"),
    ("email.dmarc-reports", put("_dmarc", "TXT", "v=DMARC1; p=reject; rua=dmarc@x.test"), "it is no mailto: address"),
    (
        "email.dmarc-reports",
        both(put("_dmarc", "TXT", "v=DMARC1; p=reject; rua=mailto:d@x.test!10m"), put("x.test", "A", RELAY)),
        "x.test does not say that it takes reports of community.test (community.test._report._dmarc.x.test)",
    ),
    ("email.dmarc-reports", put(ZONE, "MX", "0 ."), "community.test takes no mail (null MX)"),
    ("email.mta-sts", put("_mta-sts", "TXT"), "_mta-sts.community.test has no records"),
    ("email.mta-sts", put("_mta-sts", "TXT", "v=STSv1; id=with-hyphen"), "is not 1 to 32 letters and digits"),
    ("email.mta-sts", put("_mta-sts", "TXT", "v=STSv1; id=20261130"), "that of the declared policy is another"),
    ("email.mta-sts", put(ZONE, "MX", "10 new.community.test."), "new.community.test is in DNS and not in the policy"),
    ("email.tls-rpt", put("_smtp._tls", "TXT"), "_smtp._tls.community.test has no record"),
    ("email.tls-rpt", put("_smtp._tls", "TXT", "v=TLSRPTv1; rua=ftp://x.test"), "neither a mailto: nor an https: addr"),
    ("email.tls-rpt", put("_smtp._tls", "TXT", "v=TLSRPTv1; rua=mailto:t@gone.test"), "gone.test has no machine"),
    ("email.silent-zones", put("comunity.test", "MX"), "comunity.test: it has no null MX"),
    ("email.silent-zones", put("comunity.test", "MX", "5 evil.example."), "MX is evil.example, not the null one"),
    ("email.silent-zones", put("comunity.test", "TXT", "v=spf1 ~all"), "comunity.test: SPF is v=spf1 ~all"),
    (
        "email.silent-zones",
        put("_dmarc.comunity.test", "TXT", "v=DMARC1; p=none"),
        "comunity.test: DMARC does not reject",
    ),
    ("email.silent-zones", put("_dmarc.comunity.test", "TXT"), "comunity.test: it has no DMARC record"),
    (
        "email.silent-zones",
        put("*._domainkey.comunity.test", "TXT"),
        "an empty key does not stand under every selector",
    ),
]


@pytest.mark.parametrize(("check", "change", "why"), WRONG, ids=[f"{check}: {why}" for check, _change, why in WRONG])
def test_each_fault_is_found_and_said(check: str, change: Change, why: str) -> None:
    dns = good()
    change(dns)
    result = look(dns)[check]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


STILL_GOOD = [
    ("email.spf-record", put(ZONE, "TXT", SPF.upper().replace("V=SPF1", "v=spf1"))),
    ("email.spf-limits", includes(10)),
    (
        "email.dkim-keys",
        put(LAB1, "TXT", f"v=DKIM1;k=rsa;h=sha1:sha256;s=email;n=x;p={str(LAB_KEY)[:9]} {str(LAB_KEY)[9:]};"),
    ),
    (
        "email.dmarc-policy",
        put("_dmarc", "TXT", f"v=DMARC1;RUA={RUA};np=reject;sp=Reject;p=QUARANTINE; aspf=s ;adkim=S;"),
    ),
    (
        "email.dmarc-reports",
        both(
            put("_dmarc", "TXT", "v=DMARC1; p=reject; rua=mailto:d@x.test"),
            put(f"{ZONE}._report._dmarc.x.test", "TXT", "v=DMARC1"),
            put("x.test", "MX", "10 mail.community.test."),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("check", "change"), STILL_GOOD, ids=[check for check, _change in STILL_GOOD])
def test_what_is_said_otherwise_and_means_the_same_passes(check: str, change: Change) -> None:
    dns = good()
    change(dns)
    result = look(dns)[check]
    assert result.outcome is Outcome.PASS, result.summary


@pytest.mark.parametrize(
    ("name", "check"),
    [
        (ZONE, "email.mx"),
        (ZONE, "email.spf-record"),
        (ZONE, "email.spf-limits"),
        (f"mail.{ZONE}", "email.spf-senders"),
        ("25.2.0.192.in-addr.arpa", "email.reverse-dns"),
        (LAB1, "email.dkim-keys"),
        (f"_dmarc.{ZONE}", "email.dmarc-policy"),
        (f"_dmarc.{ZONE}", "email.dmarc-reports"),
        (f"_mta-sts.{ZONE}", "email.mta-sts"),
        (f"_smtp._tls.{ZONE}", "email.tls-rpt"),
        ("comunity.test", "email.silent-zones"),
    ],
)
@pytest.mark.parametrize("status", ["TIMEOUT", "SERVFAIL", "REFUSED"])
def test_what_dns_does_not_say_is_not_known(name: str, check: str, status: str) -> None:
    dns = good()
    dns.status[name] = status
    result = look(dns)[check]
    assert result.outcome is Outcome.CANNOT_TELL
    assert status in result.summary


POLICIES = [
    (Reply(404, (TEXT,)), "the policy is answered with 404"),
    (Reply(301, (TEXT, ("Location", "https://x.test/")), POLICY.encode()), "answered with 301; no redirect"),
    (Reply(0, reason="its certificate does not hold: expired"), "not answered (its certificate does not hold"),
    (Reply(200, (("Content-Type", "text/html"),), POLICY.encode()), "served as text/html, not text/plain"),
    (Reply(200, (TEXT,), POLICY.replace("enforce", "testing").encode()), "mode is testing: only enforce"),
    (Reply(200, (TEXT,), POLICY.replace("604800", "60").encode()), "max_age is 60"),
    (Reply(200, (TEXT,), POLICY.replace("604800", "9" * 5000).encode()), "max_age is 999"),
    (Reply(200, (TEXT,), POLICY.replace("mx: mail.", "mx: post.").encode()), "mail.community.test is in DNS and not"),
    (Reply(200, (TEXT,), POLICY.replace("version: STSv1", "version: 2").encode()), "no version: STSv1"),
    (Reply(200, (TEXT,), b"\x00\xff<script>" * 50_000), "no version: STSv1"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "why"), POLICIES, ids=[why for _reply, why in POLICIES])
def test_a_policy_that_senders_cannot_hold_to_is_said(reply: Reply, why: str) -> None:
    result = look(good(), reply)["email.mta-sts"]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


def test_everything_that_is_wrong_is_said_not_the_first_alone() -> None:
    dns = good()
    put("_dmarc", "TXT", "v=DMARC1; p=none; sp=none; t=y; rua=mailto:dmarc@community.test")(dns)
    summary = look(dns)["email.dmarc-policy"].summary
    for why in ("for the zone (none)", "for names under it (none)", "t=y", "adkim is nothing, and s is declared"):
        assert why in summary


def test_each_name_is_asked_once_a_probe() -> None:
    dns = good()
    look(dns)
    assert max(dns.asked.count(each) for each in dns.asked) <= len(DNS)
    assert len(dns.asked) < 80
