"""The lab's zones in memory as they should be, to be made wrong in one place at a time."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from core import mail
from core.site import Found
from tests.unit.readiness.fakes import lab_stack

ZONE = "community.test"
RELAY = "192.0.2.25"
Records = dict[tuple[str, str], list[str]]
Change = Callable[["FakeDns"], object]


class FakeDns:
    """Fulfils :class:`core.site.Resolver`: knows ``records``; ``status`` says how a name is answered otherwise."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.status: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []

    def find(self, name: str, type_: str) -> Found:
        """CNAMEs are followed; a label ``*`` stands for any one."""
        self.asked.append((name, type_))
        chain: list[str] = []
        while True:
            if name in self.status:
                return Found(name, type_, self.status[name], chain=tuple(chain))
            for known in (name, f"*.{name.partition('.')[2]}"):
                if (known, type_) in self.records:
                    return Found(name, type_, "NOERROR", tuple(self.records[known, type_]), 300, tuple(chain))
            if (name, "CNAME") not in self.records or len(chain) > 8:
                there = any(known == name for known, _ in self.records)
                return Found(name, type_, "NOERROR" if there else "NXDOMAIN", chain=tuple(chain))
            [name] = self.records[name, "CNAME"]
            chain.append(name)

    def put(self, name: str, type_: str, *records: str) -> None:
        """Have ``records`` there and no others; none takes the name's away."""
        full = name if name.endswith((".test", ".arpa", ".example")) else f"{name}.{ZONE}"
        self.records[full, type_] = list(records)
        if not records:
            del self.records[full, type_]


def good() -> FakeDns:
    """What the lab's stack declares."""
    email = lab_stack().email
    records: Records = {
        (ZONE, "MX"): ["10 mail.community.test."],
        (ZONE, "TXT"): ["proof=of-something-else", mail.spf(email, ZONE)],
        (f"mail.{ZONE}", "A"): [RELAY],
        (f"app.{ZONE}", "A"): ["127.77.0.3"],
        (f"_dmarc.{ZONE}", "TXT"): [mail.dmarc(email.dmarc)],
        (f"_mta-sts.{ZONE}", "TXT"): [mail.sts_record(email, ZONE)],
        (f"_smtp._tls.{ZONE}", "TXT"): [mail.tls_reports(email)],
        (ipaddress.ip_address(RELAY).reverse_pointer, "PTR"): [f"mail.{ZONE}"],
    }
    for selector in email.dkim:
        records[f"{selector.selector}._domainkey.{ZONE}", "TXT"] = [mail.dkim(selector)]
    for other in lab_stack().other_zones.zones:
        records[other.name, "MX"] = ["0 ."]
        records[other.name, "TXT"] = ["v=spf1 -all"]
        records[f"_dmarc.{other.name}", "TXT"] = ["v=DMARC1; p=reject; adkim=s; aspf=s"]
        records[f"*._domainkey.{other.name}", "TXT"] = ["v=DKIM1; p="]
    return FakeDns(records)
