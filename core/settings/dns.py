"""Section ``launch-ready:dns``: the names of the platform. Those of mail stand in ``launch-ready:email``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, model_validator

from core.settings.base import Section
from core.settings.names import APEX, RelativeName
from core.settings.records import AddressRecord, AliasRecord, HttpsRecord, Proxiable, Record, record_key


class Dns(Section):
    """The names that lead to the hosts, and what else the zone says."""

    web: Annotated[tuple[RelativeName, ...], Field(min_length=1)]
    """Names that lead to every host of `launch-ready:hosts`, through the edge."""
    records: tuple[Record, ...] = ()
    """Other records, in any order."""

    @model_validator(mode="after")
    def _each_once(self) -> Dns:
        _refuse_twins("web names", self.web)
        _refuse_twins("records", (record_key(record) for record in self.records))
        _refuse_crowded_aliases(self)
        _refuse_two_bindings(self)
        return self


def _refuse_twins(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"two of the {what} are {value}: keep one")
        seen.add(value)


def _refuse_crowded_aliases(dns: Dns) -> None:
    """RFC 1034 §3.6.2: a CNAME stands alone. Cloudflare flattens one at the apex, beside texts but not addresses."""
    crowds = Counter(dns.web)
    crowds.update(
        each.name for each in dns.records if each.name != APEX or isinstance(each, AddressRecord | AliasRecord)
    )
    for alias in (each for each in dns.records if isinstance(each, AliasRecord)):
        if crowds[alias.name] > 1:
            raise ValueError(f"{alias.name} has a CNAME and something else: a CNAME stands alone (RFC 1034 §3.6.2)")


def _refuse_two_bindings(dns: Dns) -> None:
    """RFC 9460 §2.4.1: beside an alias of its type, a name has no other; a proxied name has the edge's own."""
    bindings = [each for each in dns.records if isinstance(each, HttpsRecord)]
    count = Counter(each.name for each in bindings)
    proxied = {*dns.web, *(each.name for each in dns.records if isinstance(each, Proxiable) and each.proxied)}
    for each in bindings:
        if each.priority == 0 and count[each.name] > 1:
            raise ValueError(f"{each.name} has an HTTPS alias and another HTTPS record: keep one (RFC 9460 §2.4.1)")
        if each.name in proxied:
            raise ValueError(f"{each.name} is proxied, and the edge makes its HTTPS record by itself: take yours out")
