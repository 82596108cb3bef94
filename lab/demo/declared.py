"""What DNS must answer, by the stack's settings and not by what the program makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import eq

from core.settings.names import full_name, target_name
from core.settings.stack import Stack


@dataclass(frozen=True)
class Expected:
    """A question, what an answer must be, and why."""

    name: str
    kind: str
    right: Callable[[str], bool]
    why: str

    def among(self, answers: list[str]) -> bool:
        """Whether one of ``answers`` is right."""
        return any(self.right(answer) for answer in answers)


def expected(stack: Stack, edge: str) -> Iterator[Expected]:
    """What is asked of DNS; ``edge`` is the edge's address."""
    zone, email = stack.zone.name, stack.email
    for label in stack.dns.web:
        yield Expected(full_name(label, zone), "A", partial(eq, edge), "proxied: the edge's address, not an origin's")
    for exchanger in email.mx:
        target = f"{exchanger.priority} {target_name(exchanger.host, zone)}."
        yield Expected(zone, "MX", partial(eq, target), "where its mail goes")
    networks = [sender.network for sender in email.senders if sender.network]
    yield Expected(zone, "TXT", partial(_is_spf, networks), "SPF: every declared network, and no other")
    for selector in email.dkim:
        name = f"{selector.selector}._domainkey.{zone}"
        yield Expected(name, "TXT", partial(_has, f"p={selector.public_key}"), "DKIM: the declared key")
    yield Expected(f"_dmarc.{zone}", "TXT", _is_strict_dmarc, "DMARC: quarantine or reject, strict alignment")


def _has(part: str, text: str) -> bool:
    return part in text


def _is_spf(networks: list[str], text: str) -> bool:
    first, *terms = text.split(" ")
    return first == "v=spf1" and terms[-1:] == ["-all"] and all(f"ip4:{network}" in terms for network in networks)


def _is_strict_dmarc(text: str) -> bool:
    tags = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    enforced = tags.get("v") == "DMARC1" and tags.get("p") in ("quarantine", "reject") and tags.get("t") != "y"
    return enforced and (tags.get("adkim"), tags.get("aspf")) == ("s", "s")
