"""The administrators' routes, asked by everybody else: through the edge, and at the hosts behind it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import CheckError
from core.site import Reply
from readiness.check import Check, Result, Table, held, unknown
from readiness.rows.authorization import checks, verdict
from readiness.rows.authorization.layers import EDGE, HOSTS, NOBODY, Layers, let_in
from readiness.rows.authorization.matrix import is_admins
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.plan import Ask, filled, kinds_of
from readiness.rows.authorization.stage import operations_in
from readiness.rows.authorization.verdict import Belongings, Verdict
from readiness.target import Target

_ADMIN = "administrator"
_PAGE = "/admin"
_USUAL = (_PAGE, "/api/admin", "/internal", "/metrics", "/debug", "/actuator/env", "/server-status")
"""Where others have theirs; what answers there is shown to nobody without a session."""


@dataclass(frozen=True)
class Asked:
    """One answer: who asked what of which layer."""

    route: str
    who: str
    layer: str
    verdict: Verdict


def routes(target: Target) -> Iterator[Result]:
    """Decides the two checks of the administrators' routes."""
    cast, admin = target.people.cast(), target.people.admin()
    people = {_ADMIN: admin, "owner": cast.here.owner, "member": cast.here.member}
    layers = Layers(target, people)
    asks = _asks(target)
    known = [person.email for org in (cast.here, cast.there) for person in (org.owner, org.member)]
    theirs = Belongings(frozenset(known), frozenset({cast.here.id, cast.there.id}))
    measures = {ask.label: _measure(layers, ask) for ask in asks if ask.method == "GET"}
    page = Ask("GET", _PAGE)
    if measure := _measure(layers, page):
        asks, measures = [*asks, page], {**measures, page.label: measure}
    asked = list(_by_others(layers, asks, measures, theirs))
    asked += _by_strangers(layers)
    evidence = _table(asked, measures)
    for check, layer in ((checks.ADMIN_EDGE, EDGE), (checks.ADMIN_ORIGIN, HOSTS)):
        yield _decided(check, [one for one in asked if one.layer == layer], measures, evidence)


def _asks(target: Target) -> list[Ask]:
    """One for each of the administrators' operations and their page; a change of theirs is never made by them."""
    call = target.settings.readiness.calls.admin
    found = [] if call is None else [Ask(call.method, call.path)]
    mark = f"x{secrets.token_hex(5)}"
    found += [_without_ids(one, mark) for one in operations_in(target) if is_admins(one.path)]
    if not found:
        raise CheckError("nothing says what administrators may ask: give launch-ready:readiness.calls.admin")
    return list({one.label: one for one in found}.values())


def _without_ids(operation: Operation, mark: str) -> Ask:
    return filled(operation, dict.fromkeys(kinds_of(operation), "00000000-0000-4000-8000-000000000000"), mark)


def _measure(layers: Layers, ask: Ask) -> Reply | None:
    """What the administrator is answered, at the first layer that lets them in; the edge may know their network."""
    replies = (layers.ask(layer, _ADMIN, ask) for layer in layers.names)
    return next((reply for reply in replies if verdict.good(reply)), None)


def _by_others(
    layers: Layers, asks: Sequence[Ask], measures: dict[str, Reply | None], theirs: Belongings
) -> Iterator[Asked]:
    for layer in layers.names:
        for ask in asks:
            for who in (NOBODY, "owner", "member"):
                reply = layers.ask(layer, who, ask)
                measure = measures.get(ask.label)
                judged = verdict.read(reply, theirs, ask, measure, ask) if measure else let_in(reply)
                yield Asked(ask.label, who, layer, judged)


def _by_strangers(layers: Layers) -> list[Asked]:
    asked = []
    for layer in layers.names:
        nothing = layers.ask(layer, NOBODY, Ask("GET", f"/{secrets.token_hex(6)}"))
        for path in _USUAL:
            reply = layers.ask(layer, NOBODY, Ask("GET", path))
            # A page for every path there is is no administrators' page.
            same = reply.status == nothing.status and abs(len(reply.body) - len(nothing.body)) < 64
            asked.append(Asked(f"GET {path}", NOBODY, layer, verdict.refused(nothing) if same else _page(reply)))
    return asked


def _page(reply: Reply) -> Verdict:
    if verdict.good(reply):
        return Verdict(True, f"{reply.status}, a page of its own")
    return verdict.refused(reply)


def _decided(check: Check, asked: Sequence[Asked], measures: dict[str, Reply | None], evidence: Table) -> Result:
    if not asked:
        return unknown(check, "the hosts cannot be asked past the edge: give launch-ready:hosts", evidence)
    wrong = [f"{one.route} by {one.who}: {one.verdict.why}" for one in asked if one.verdict.reached]
    silent = [f"{one.route} by {one.who}: {one.verdict.why}" for one in asked if one.verdict.reached is None]
    unmeasured = [label for label, reply in measures.items() if reply is None]
    if not wrong and (silent or unmeasured):
        why = [*silent, *(f"the administrator themselves is refused {one}" for one in unmeasured)]
        return unknown(check, "; ".join(why) + ": look at launch-ready:readiness.admin", evidence)
    routes_asked = len({one.route for one in asked})
    where = asked[0].layer
    return held(check, wrong, f"{routes_asked} routes, {len(asked)} calls {where}: all refused", evidence)


def _table(asked: Sequence[Asked], measures: dict[str, Reply | None]) -> Table:
    own = {label: str(reply.status) for label, reply in measures.items() if reply}
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for one in asked:
        said = f"REACHED: {one.verdict.why}" if one.verdict.reached else one.verdict.why
        cells.setdefault((one.route, one.who), {})[one.layer] = said
    rows = tuple(
        (route, own.get(route, "-"), who, answers.get(EDGE, "-"), answers.get(HOSTS, "-"))
        for (route, who), answers in cells.items()
    )
    return Table("The administrators' routes", ("route", "an administrator", "who asked", EDGE, HOSTS), rows)
