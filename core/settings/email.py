"""Section ``launch-ready:email``: who receives the zone's mail, who may send it, and what becomes of a forgery.

SPF is RFC 7208, DKIM RFC 6376 with 8301 and 8463, DMARC RFC 9989, MTA-STS RFC 8461,
TLS-RPT RFC 8460, the null MX RFC 7505.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.base import Section
from core.settings.dkim import Selector
from core.settings.dmarc import Dmarc, mailbox
from core.settings.names import HostName, Target
from core.settings.rules import SHORTEST_PREFIX

MOST_LOOKUPS = 10
"""DNS lookups that a receiver makes for one SPF record at most (RFC 7208 §4.6.4)."""
_MOST_EXCHANGERS = 10


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("it must be an address or a network such as 192.0.2.0/24, with no bit set past it") from None
    if network.prefixlen < SHORTEST_PREFIX[network.version]:
        raise ValueError(f"it must be the sender's own network: a /{network.prefixlen} lets nearly everybody send")
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


_URL = re.compile(r"https://[A-Za-z0-9][!-~]{3,200}")


def _report(text: str) -> str:
    """RFC 8460 §3: the list of addresses has commas between them, and semicolons end it."""
    if not text.startswith("https:"):
        return mailbox(text)
    if not _URL.fullmatch(text) or any(character in text for character in ",;!"):
        raise ValueError("it must be a mail address, or an https: address with no space, comma, semicolon or ! in it")
    return text


class Exchanger(Section):
    """A machine that receives the zone's mail."""

    host: Target
    """One label under the zone (it needs an address record that is not proxied), or a full name elsewhere."""
    priority: Annotated[int, Field(ge=0, le=65535)] = 10
    """The lowest is tried first."""
    shows_origin: bool = False
    """Whether its name may lead to the address of one of the stack's hosts, which an MX shows to anyone."""


class Sender(Section):
    """A service that may send mail as the zone: its name, and one of the SPF mechanisms that finds its addresses."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Who it is, for whoever reads this next year."""
    include: HostName | None = None
    """The service's own SPF record. One lookup, and those in it: see `lookups`."""
    lookups: Annotated[int, Field(ge=0, le=MOST_LOOKUPS)] = 0
    """DNS lookups that the included record takes in turn (`include`, `a`, `mx`, `ptr`, `exists`, `redirect` in it)."""
    network: Annotated[str, AfterValidator(_network)] | None = None
    """An address or a network, IPv4 or IPv6. No lookup."""
    a: Target | None = None
    """The addresses of a name. One lookup."""
    mx: bool = False
    """Whether it is the machines that receive the zone's mail. One lookup."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may be among its addresses, which SPF shows to anyone."""

    @model_validator(mode="after")
    def _one_mechanism(self) -> Sender:
        given = [self.include, self.network, self.a, self.mx or None]
        if sum(item is not None for item in given) != 1:
            raise ValueError("give one of include, network, a and mx")
        if self.lookups and self.include is None:
            raise ValueError("lookups says what an included record takes, and there is no include")
        return self

    @property
    def cost(self) -> int:
        """DNS lookups that it takes in all (RFC 7208 §4.6.4)."""
        return 0 if self.network else 1 + self.lookups


class MtaSts(Section):
    """That others deliver mail over TLS, to our machines alone (RFC 8461). The machines are those of `mx`.

    The policy is served by the hosts at `https://mta-sts.<zone>/.well-known/mta-sts.txt`, through the edge.
    """

    mode: Literal["testing", "enforce", "none"] = "testing"
    """`testing` only has failures reported (see `tls_reports`), `enforce` has mail wait, `none` takes it all back."""
    max_age: Annotated[int, Field(ge=86400, le=31557600)] = 604800
    """Seconds that a sender remembers the policy: a day to a year. Weeks, once it is enforced."""


class Email(Section):
    """The zone's mail. With neither `mx` nor `senders`, the zone says that it has none (null MX, `-all`)."""

    mx: tuple[Exchanger, ...] = ()
    """The machines that receive mail."""
    senders: tuple[Sender, ...] = ()
    """The services that may send mail: they become the SPF record, in this order."""
    others: Literal["fail", "softfail"] = "fail"
    """What SPF says of everybody else: `fail` (`-all`) or `softfail` (`~all`)."""
    dkim: tuple[Selector, ...] = ()
    """The keys that sign the zone's mail."""
    dmarc: Dmarc
    """What becomes of a forgery."""
    reports_from: tuple[HostName, ...] = ()
    """Other domains whose DMARC reports go to addresses in this zone: it says that it takes them (RFC 9990)."""
    mta_sts: MtaSts | None = None
    """What others hold to when they deliver mail here."""
    tls_reports: tuple[Annotated[str, AfterValidator(_report)], ...] = ()
    """Where they report how that went (TLS-RPT, RFC 8460): mail addresses and `https:` addresses."""

    @model_validator(mode="after")
    def _consistent(self) -> Email:
        if self.lookups > MOST_LOOKUPS:
            raise ValueError(
                f"the senders take {self.lookups} DNS lookups, and SPF allows {MOST_LOOKUPS}: use networks"
            )
        if self.senders and not any(selector.signs for selector in self.dkim):
            raise ValueError("there are senders and no dkim: unsigned mail fails DMARC as soon as it is forwarded")
        if any(sender.mx for sender in self.senders) and not self.mx:
            raise ValueError("a sender is mx, and there is no mx")
        if any(sender.mx for sender in self.senders) and len(self.mx) > _MOST_EXCHANGERS:
            raise ValueError(f"a sender is mx, and SPF looks at {_MOST_EXCHANGERS} machines at most (RFC 7208 §4.6.4)")
        if self.mta_sts and not self.mx:
            raise ValueError("mta_sts says how mail is delivered here, and there is no mx")
        _each_once("mx", [exchanger.host for exchanger in self.mx])
        _each_once("senders", [sender.name for sender in self.senders])
        _each_once("dkim", [selector.selector for selector in self.dkim])
        _each_once("reports_from", list(self.reports_from))
        return self

    @property
    def lookups(self) -> int:
        """DNS lookups that the SPF record takes, as far as this section says (RFC 7208 §4.6.4)."""
        return sum(sender.cost for sender in self.senders)

    @property
    def silent(self) -> bool:
        """Whether the zone neither receives nor sends mail."""
        return not self.mx and not self.senders


def _each_once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two of {what} are {name}: keep one")
