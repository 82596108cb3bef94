"""A zone's mail as ``launch-ready:email`` says it: MX, SPF, DKIM and DMARC of its own name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drift.differences import content_of

Body = Mapping[str, Any]
_KEY = "._domainkey."


def is_mail(record: Body, zone: str) -> bool:
    """Whether a record is of the zone's own mail, which has a section of its own."""
    name, text = str(record.get("name")), content_of(record).lower()
    if record.get("type") == "MX":
        return name == zone
    if record.get("type") not in ("TXT", "CNAME"):
        return False
    return (name == zone and text.startswith("v=spf1")) or name == f"_dmarc.{zone}" or name.endswith(f"{_KEY}{zone}")


def email_of(records: Sequence[Body], zone: str) -> dict[str, Any]:
    """The section. Where there is no DMARC, it has one that a launch would want."""
    mine = [record for record in records if is_mail(record, zone)]
    section: dict[str, Any] = {"dmarc": _dmarc(_text(mine, f"_dmarc.{zone}"), zone)}
    exchangers = [record for record in mine if record["type"] == "MX" and record["content"] != "."]
    section["mx"] = [_exchanger(record, zone) for record in exchangers]
    senders, others = _spf(_text(mine, zone), zone)
    section |= {"senders": senders, "others": others}
    section["dkim"] = [_selector(record, zone) for record in mine if str(record["name"]).endswith(f"{_KEY}{zone}")]
    # The key under every name is what a zone without mail says: the section makes it by itself.
    section["dkim"] = [each for each in section["dkim"] if each["selector"] != "*"]
    return section


def _text(records: Sequence[Body], name: str) -> str:
    found = (content_of(each) for each in records if each["type"] == "TXT" and each["name"] == name)
    return next(found, "")


def _exchanger(record: Body, zone: str) -> dict[str, Any]:
    host = content_of(record)
    label = host.removesuffix(f".{zone}")
    return {"host": label if label != host and "." not in label else host, "priority": record.get("priority")}


def _spf(text: str, zone: str) -> tuple[list[dict[str, Any]], str]:
    senders: list[dict[str, Any]] = []
    for term in text.split()[1:]:
        kind, _, value = term.partition(":")
        if kind == "include":
            senders.append({"name": value, "include": value})
        elif kind in ("ip4", "ip6"):
            senders.append({"name": value, "network": value})
        elif kind == "mx" and not value:
            senders.append({"name": "The machines that receive mail", "mx": True})
        elif kind == "a" and value:
            label = value.removesuffix(f".{zone}")
            senders.append({"name": value, "a": label if "." not in label else value})
    return senders, "softfail" if text.endswith("~all") else "fail"


def _dmarc(text: str, zone: str) -> dict[str, Any]:
    tags = dict(part.strip().partition("=")[::2] for part in text.split(";") if "=" in part)
    reports = [each.removeprefix("mailto:") for each in tags.get("rua", "").split(",") if each.startswith("mailto:")]
    policy = tags.get("p", "quarantine")
    return {
        "policy": policy,
        "subdomains": tags.get("sp", "reject"),
        "nonexistent": tags.get("np", "reject"),
        "reports": reports or [f"dmarc@{zone}"],
    }


def _selector(record: Body, zone: str) -> dict[str, Any]:
    selector = str(record["name"]).removesuffix(f"{_KEY}{zone}")
    if record["type"] == "CNAME":
        return {"selector": selector, "cname": content_of(record)}
    tags = dict(part.strip().partition("=")[::2] for part in content_of(record).split(";") if "=" in part)
    return {"selector": selector, "public_key": "".join(tags.get("p", "").split())}
