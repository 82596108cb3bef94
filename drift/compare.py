"""A stack's declared resources beside what the API has: matched, compared, and told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.ports import LiveApi
from core.resources import Resource, is_open
from drift.differences import Difference, compared, content_of
from drift.kinds import KINDS, Body, Kind, wanted_of
from drift.rulesets import compare_rules, undeclared_rules

_ZONE = "Zone"
_ASKED = {"pending": "active", "pending-disabled": "disabled"}


@dataclass(frozen=True)
class Wanted:
    """A declared resource of Cloudflare's; ``zone`` is the URN of the zone that it is in, or belongs to."""

    resource: Resource
    zone: str = ""

    @cached_property
    def body(self) -> dict[str, Any]:
        """Its properties as the API's body would have them."""
        return wanted_of(KINDS[self.resource.kind], self.resource.properties)


@dataclass
class Compared:
    """What came of it. ``ids``: a URN → the id by which Pulumi imports what is there for it.

    ``not_compared`` names declared resources that nothing is known of: their types, or what they lie in.
    """

    differences: list[Difference] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    not_compared: list[str] = field(default_factory=list)
    looked_at: int = 0
    literal: bool = False


@dataclass(frozen=True)
class _Scope:
    """Where the objects of one zone are: its name, and the ids for paths."""

    name: str
    zone: str
    account: str
    store: str = ""

    def path(self, template: str, id_: str = "") -> str:
        return template.format(zone=self.zone, account=self.account, store=self.store, id=id_)


def compare(declared: Sequence[Wanted], api: LiveApi, *, literal: bool = False) -> Compared:
    """Read what is there, and compare. Raises :class:`core.errors.LiveError` if not all of it can be read.

    With ``literal``, what Cloudflare means the same by and Pulumi would write anew is a difference too.
    """
    found = Compared(literal=literal)
    zones = [each for each in declared if each.resource.kind == _ZONE]
    rest = [each for each in declared if each.resource.kind != _ZONE]
    for zone in zones:
        _compare_zone(zone, [each for each in rest if each.zone == zone.resource.urn], api, found)
    known = {zone.resource.urn for zone in zones}
    lost = (each.resource for each in rest if each.zone not in known)
    found.not_compared += [f"{each.kind} {each.name}: it is in no declared zone" for each in lost]
    return found


def _compare_zone(zone: Wanted, members: list[Wanted], api: LiveApi, found: Compared) -> None:
    body, name = zone.body, str(zone.resource.properties.get("name"))
    account = str((body.get("account") or {}).get("id"))
    there = api.items("/zones", {"name": name, "account.id": account})
    if not there:
        found.differences.append(Difference("missing", _ZONE, name, urn=zone.resource.urn, zone=name))
        found.not_compared += [f"{each.resource.kind} {each.resource.name}: its zone is not there" for each in members]
        return
    live = there[0]
    found.ids[zone.resource.urn] = str(live["id"])
    found.differences += _changes(zone, KINDS[_ZONE], live, name)
    found.looked_at += 1
    scope = _Scope(name, str(live["id"]), account, _store(api, account, members))
    by_kind: dict[str, list[Wanted]] = {kind: [] for kind, shape in KINDS.items() if shape.ours}
    for each in members:
        by_kind.setdefault(each.resource.kind, []).append(each)
    for kind, wanted in by_kind.items():
        if kind not in KINDS:
            found.not_compared += [f"{kind} {each.resource.name}: this type is not compared" for each in wanted]
        else:
            _compare_kind(kind, wanted, scope, api, found)


def _store(api: LiveApi, account: str, members: Iterable[Wanted]) -> str:
    """The account's Secrets Store, of which there is one: what is declared names it, or makes it."""
    if not any(each.resource.kind.startswith("SecretsStore") for each in members):
        return ""
    return next((str(store["id"]) for store in api.items(f"/accounts/{account}/secrets_store/stores")), "none")


def _compare_kind(name: str, wanted: list[Wanted], scope: _Scope, api: LiveApi, found: Compared) -> None:
    kind = KINDS[name]
    live = _live(name, kind, scope, api)
    found.looked_at += len(live)
    pairs, left, extra = _records(wanted, live) if name == "DnsRecord" else _paired(kind, wanted, live)
    for each, item in pairs:
        found.ids[each.resource.urn] = scope.path(kind.import_id, str(item.get("id", "")))
        if name == "Ruleset":
            found.differences += compare_rules(each.resource, each.body, item, scope.name)
        else:
            found.differences += _changes(each, kind, item, scope.name, literal=found.literal)
    for each in left:
        label = _label(name, each.body) or each.resource.name
        found.differences.append(Difference("missing", name, label, urn=each.resource.urn, zone=scope.name))
    if kind.ours:
        found.differences += _undeclared(name, extra, scope)


def _live(name: str, kind: Kind, scope: _Scope, api: LiveApi) -> list[Body]:
    path = scope.path(kind.path)
    if kind.single:
        there = api.get(path)
        return [] if there is None else [there]
    items = list(api.items(path))
    if name != "Ruleset":
        return items
    # The list leaves the rules out; Cloudflare's own rulesets are in it too.
    own = [api.get(f"{path}/{item['id']}") for item in items if item.get("kind") == "zone"]
    return [item for item in own if item is not None]


Pairs = tuple[list[tuple[Wanted, Body]], list[Wanted], list[Body]]


def _paired(kind: Kind, wanted: list[Wanted], live: list[Body]) -> Pairs:
    """Declared and live by their key; what is left over on either side."""
    if kind.single:
        return [(each, live[0]) for each in wanted if live], wanted if not live else [], []
    by_key: dict[Any, list[Body]] = {}
    for item in live:
        by_key.setdefault(kind.key(item), []).append(item)
    pairs, left = [], []
    for each in wanted:
        same_key = by_key.get(kind.key(each.body))
        if same_key:
            pairs.append((each, same_key.pop(0)))
        else:
            left.append(each)
    return pairs, left, [item for items in by_key.values() for item in items]


def _records(wanted: list[Wanted], live: list[Body]) -> Pairs:
    """Records of a type and name are matched by what they say; of those that are left, the first with the first."""
    pairs: list[tuple[Wanted, Body]] = []
    by_place: dict[tuple[Any, ...], tuple[list[Wanted], list[Body]]] = {}
    for each in wanted:
        by_place.setdefault(_place(each.body), ([], []))[0].append(each)
    for item in live:
        by_place.setdefault(_place(item), ([], []))[1].append(item)
    left: list[Wanted] = []
    extra: list[Body] = []
    for ours, theirs in by_place.values():
        same: dict[Any, list[Body]] = {}
        for item in theirs:
            same.setdefault(content_of(item), []).append(item)
        other: list[Wanted] = []
        for each in ours:
            match = same.get(content_of(each.body))
            if match:
                pairs.append((each, match.pop(0)))
            else:
                other.append(each)
        unmatched = [item for items in same.values() for item in items]
        pairs += zip(other, unmatched, strict=False)
        left += other[len(unmatched) :]
        extra += unmatched[len(other) :]
    return pairs, left, extra


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record.get("type"), str(record.get("name", "")).lower()


def _changes(each: Wanted, kind: Kind, live: Body, zone: str, *, literal: bool = False) -> Iterator[Difference]:
    wanted, name = each.body, each.resource.kind
    if name == "DnsRecord" and literal:
        # What is not declared would be taken away.
        wanted = {"comment": None, "tags": [], **wanted}
    elif name == "DnsRecord":
        wanted = _record_form(wanted)
        live = _record_form(live)
    if name == "ZoneDnssec":
        # It is pending until the registrar has the DS record: what was asked for is done.
        live = {**live, "status": _ASKED.get(str(live.get("status")), live.get("status"))}
    label = _label(name, each.body) or each.resource.name
    seen = {key: value for key, value in wanted.items() if key not in kind.unseen}
    for path, ours, theirs in compared(seen, live, unordered=kind.unordered):
        yield Difference("changed", name, label, path, ours, theirs, each.resource.urn, zone)


def _record_form(record: Body) -> dict[str, Any]:
    """A record with its content in one form and its name in lower case."""
    form = {**record, "content": content_of(record), "name": str(record.get("name", "")).lower()}
    form.pop("data", None)
    return form


def _label(kind: str, body: Mapping[str, Any]) -> str:
    """What people call it."""
    if kind == "DnsRecord":
        return f"{body.get('type')} {body.get('name')} {content_of(body)}"
    label = body.get({"ZoneSetting": "id", "Ruleset": "phase", "LoadBalancerMonitor": "description"}.get(kind, "name"))
    return "" if is_open(label) else str(label or "")


def _undeclared(kind: str, extra: Iterable[Body], scope: _Scope) -> Iterator[Difference]:
    for item in extra:
        if kind == "Ruleset":
            yield from undeclared_rules(item, scope.name)
        elif kind == "ZoneSetting":
            # Nobody has touched a setting that was never modified: it has what a new zone has.
            if item.get("modified_on"):
                yield Difference("undeclared", kind, str(item["id"]), "value", live=item.get("value"), zone=scope.name)
        elif kind != "ZeroTrustAccessApplication" or _inside(str(item.get("domain") or ""), scope.name):
            yield Difference("undeclared", kind, _label(kind, item), zone=scope.name)


def _inside(domain: str, zone: str) -> bool:
    host = domain.partition("/")[0]
    return host == zone or host.endswith(f".{zone}")
