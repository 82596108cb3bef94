"""Faults of a zone's mail that are no app's: records changed through the lab's Cloudflare API, a file of the hosts'."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeAlias

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.dns import DnsResolver
from lab.hosts.host import named
from lab.place import here
from readiness.check import Outcome
from tests.lab.readiness.conftest import Decide

ZONE = "community.test"
SENDERS = "ip4:198.51.100.0/28"
LAB1 = f"lab1._domainkey.{ZONE}"
Wanted: TypeAlias = dict[tuple[str, str], tuple[str, ...]]
"""The records that a name and type have, and no others; the content as Cloudflare has it."""


def _public_key() -> str:
    public = generate_private_key(65537, 2048).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


# An RSA key of 512 bits (SubjectPublicKeyInfo): libraries make none so short any more.
SHORT = base64.b64encode(
    bytes.fromhex("305c300d06092a864886f70d0101010500034b003048024100" + "c5" * 64 + "0203010001")
).decode()
ELEVEN = " ".join(f"include:spf{n}.{ZONE}" for n in range(11))

DNS: dict[str, tuple[str, Wanted]] = {
    "spf-eleven-lookups": (
        "email.spf-limits",
        {
            (ZONE, "TXT"): (f"v=spf1 mx {SENDERS} {ELEVEN} -all",),
            **{(f"spf{n}.{ZONE}", "TXT"): ("v=spf1 ip4:203.0.113.9 ?all",) for n in range(11)},
        },
    ),
    "spf-lets-all-in": ("email.spf-senders", {(ZONE, "TXT"): (f"v=spf1 mx {SENDERS} +all",)}),
    "spf-twice": ("email.spf-record", {(ZONE, "TXT"): (f"v=spf1 mx {SENDERS} -all", "v=spf1 include:x.test -all")}),
    "dkim-revoked": ("email.dkim-keys", {(LAB1, "TXT"): ("v=DKIM1; p=",)}),
    "dkim-512-bits": ("email.dkim-keys", {(LAB1, "TXT"): (f"v=DKIM1; k=rsa; p={SHORT}",)}),
    "dkim-other-key": ("email.message-signed", {(LAB1, "TXT"): (f"v=DKIM1; k=rsa; p={_public_key()}",)}),
    "dmarc-asks-for-nothing": ("email.dmarc-policy", {(f"_dmarc.{ZONE}", "TXT"): ("v=DMARC1; p=none",)}),
    "dmarc-missing": ("email.dmarc-reports", {(f"_dmarc.{ZONE}", "TXT"): ()}),
    "mx-not-in-mta-sts": ("email.mta-sts", {(ZONE, "MX"): ("10 mail.community.test", "20 new.community.test")}),
    "tls-rpt-missing": ("email.tls-rpt", {(f"_smtp._tls.{ZONE}", "TXT"): ()}),
    "mx-without-address": ("email.mx", {(f"mail.{ZONE}", "A"): ()}),
    "reverse-dns-not-confirmed": ("email.reverse-dns", {(f"mail.{ZONE}", "A"): ("192.0.2.99",)}),
    "parked-zone-takes-mail": ("email.silent-zones", {("comunity.test", "MX"): ("10 mail.community.test",)}),
}


class Zone:
    """A zone at the lab's Cloudflare API, and what its DNS serves of it."""

    def __init__(self, lab: dict[str, Any], name: str) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {lab['cloudflare']['token']}"
        base = lab["cloudflare"]["base_url"]
        [zone] = self._session.get(f"{base}/zones", params={"name": name}, timeout=10).json()["result"]
        self._url = f"{base}/zones/{zone['id']}/dns_records"
        self._dns = DnsResolver(lab["dns"]["address"], lab["dns"]["port"])

    @contextmanager
    def having(self, name: str, type_: str, contents: tuple[str, ...]) -> Iterator[None]:
        """The name and type have ``contents`` and nothing else, until the block ends."""
        listed = self._session.get(self._url, params={"name": name, "type": type_}, timeout=10).json()["result"]
        keep = ("name", "type", "content", "ttl", "proxied", "priority")
        before = [{key: each[key] for key in keep if key in each} for each in listed]
        self._put(name, type_, [_record(name, type_, content) for content in contents])
        try:
            yield
        finally:
            self._put(name, type_, before)

    def _put(self, name: str, type_: str, records: list[dict[str, Any]]) -> None:
        old = self._dns.find(name, type_).records
        there = self._session.get(self._url, params={"name": name, "type": type_}, timeout=10).json()["result"]
        changes = {"deletes": [{"id": each["id"]} for each in there], "posts": records}
        self._session.post(f"{self._url}/batch", json=changes, timeout=10).raise_for_status()
        ends = time.monotonic() + 5
        while self._dns.find(name, type_).records == old and time.monotonic() < ends:
            time.sleep(0.02)


def _record(name: str, type_: str, content: str) -> dict[str, Any]:
    if type_ == "MX":
        priority, _, host = content.partition(" ")
        return {"name": name, "type": type_, "content": host, "priority": int(priority), "ttl": 60}
    return {"name": name, "type": type_, "content": f'"{content}"' if type_ == "TXT" else content, "ttl": 60}


@pytest.fixture
def having(lab: dict[str, Any]) -> Callable[[Wanted], AbstractContextManager[None]]:
    """Records as wanted, in whichever zone they are."""

    @contextmanager
    def changed(wanted: Wanted) -> Iterator[None]:
        with ExitStack() as stack:
            for (name, type_), contents in wanted.items():
                zone = Zone(lab, ".".join(name.split(".")[-2:]))
                stack.enter_context(zone.having(name, type_, contents))
            yield

    return changed


@pytest.mark.parametrize("fault", DNS)
def test_a_fault_in_dns_is_found_and_nothing_is_without_it(
    having: Callable[[Wanted], AbstractContextManager[None]], honest: Decide, decide: Decide, fault: str
) -> None:
    check, wanted = DNS[fault]
    assert honest(check).outcome is Outcome.PASS, honest(check).summary
    with having(wanted):
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"


def test_a_policy_that_is_not_served_is_found(lab: dict[str, Any], honest: Decide, decide: Decide) -> None:
    check = "email.mta-sts"
    assert honest(check).outcome is Outcome.PASS, honest(check).summary
    files = [named(here(), host["name"]).root / "etc/app/mta-sts.txt" for host in lab["hosts"]]
    for file in files:
        file.rename(file.with_name("away"))
    try:
        result = decide(check)
    finally:
        for file in files:
            file.with_name("away").rename(file)
    assert result.outcome is Outcome.FAIL
    assert "the policy is answered with 404" in result.summary


def test_all_is_as_it_was(decide: Decide) -> None:
    for check in ("email.spf-record", "email.dkim-keys", "email.dmarc-policy", "email.message-signed"):
        assert decide(check).outcome is Outcome.PASS
