"""Mass assignment: fields that a form does not offer, one by one, with every creation and change; then read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.site import Reply
from readiness.check import Result, Table, beside_the_point, held, unknown
from readiness.people import Person
from readiness.rows.authorization import checks, verdict
from readiness.rows.authorization.fields import Extra, extras, holds
from readiness.rows.authorization.ids import creates, kind_in_path
from readiness.rows.authorization.matrix import account_calls
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.plan import Effect, effect_of, filled
from readiness.rows.authorization.stage import HERE, THERE, Stage, operations_in, shared
from readiness.target import Target

_TELLING = 19
"""Characters: no role is as long."""
_AT_SIGN_UP = (Extra("is_admin", True), Extra("role", "admin"), Extra("verified", True))


@dataclass(frozen=True)
class Sent:
    """One field that was sent with one call. ``taken`` None: it could not be told."""

    label: str
    field: str
    taken: bool | None
    why: str


def assign(target: Target) -> Iterator[Result]:
    """Decides the check of mass assignment."""
    operations = operations_in(target)
    stage = shared(target, operations)
    kept_out = account_calls(operations, target.settings.readiness)
    forms = [
        one
        for one in operations
        if effect_of(one) is Effect.WRITE and one.body and one.label not in kept_out and stage.worlds[HERE].has(one)
    ]
    sent = [one for form in forms for one in _form(stage, form, target.settings.readiness.roles)]
    sent += [_sign_up(target, extra) for extra in _AT_SIGN_UP]
    table = Table(
        "Fields that are not offered",
        ("call", "field", "what came of it"),
        tuple((s.label, s.field, s.why) for s in sent),
    )
    wrong = [f"{one.field} of {one.label} is taken: {one.why}" for one in sent if one.taken]
    silent = [f"{one.field} of {one.label}: {one.why}" for one in sent if one.taken is None]
    if not sent:
        yield beside_the_point(checks.ASSIGNMENT, "the API has no call that takes JSON", table)
    elif silent and not wrong:
        yield unknown(checks.ASSIGNMENT, "; ".join(silent[:6]) + ": have these answered, then run it again", table)
    else:
        calls = len({one.label for one in sent})
        yield held(checks.ASSIGNMENT, wrong, f"{len(sent)} fields with {calls} calls: none was taken", table)


def _form(stage: Stage, form: Operation, roles: tuple[str, ...]) -> Iterator[Sent]:
    """Each field with one form, by the owner of what it is about."""
    here, there = stage.worlds[HERE], stage.worlds[THERE]
    for number, extra in enumerate(extras(form, there.ids, roles, _kind(stage, form))):
        ask = filled(form, here.ids, f"{here.mark}f{number}{form.method[0]}")
        reply = stage.ask(f"owner {HERE}", replace(ask, json={**(ask.json or {}), extra.name: extra.value}))
        if verdict.good(reply):
            plain = stage.ask(f"owner {HERE}", filled(form, here.ids, f"{here.mark}p{number}{form.method[0]}"))
            yield _accepted(stage, form.label, extra, reply, plain)
        else:
            yield _refused(form.label, extra, reply)


def _refused(label: str, extra: Extra, reply: Reply) -> Sent:
    said = verdict.refused(reply)
    return Sent(label, extra.name, said.reached, f"refused ({said.why})" if said.reached is False else said.why)


def _accepted(stage: Stage, label: str, extra: Extra, reply: Reply, plain: Reply) -> Sent:
    """Whether it was taken, or passed over: ``plain`` is the same call without it, which may say the same."""
    if holds(reply.json, extra) and not holds(plain.json, extra):
        return Sent(label, extra.name, True, f"{reply.status}, and the answer has it")
    # A role or a yes stands in many an answer; an id of others and a time long past do not.
    if isinstance(extra.value, str) and len(extra.value) >= _TELLING:
        found = [read for read, seen in stage.look(stage.worlds[HERE]).items() if holds(seen, extra)]
        if found:
            return Sent(label, extra.name, True, f"{reply.status}, and {found[0]} then shows it")
    return Sent(label, extra.name, False, f"{reply.status}, and passed over: no read shows it")


def _kind(stage: Stage, form: Operation) -> str:
    made = creates(form, stage.operations)
    return made or (kind_in_path(form, form.in_path[-1]) if form.in_path else "")


def _sign_up(target: Target, extra: Extra) -> Sent:
    """One field with the call that makes an account; the account is used where it was not refused."""
    calls = target.settings.readiness.calls
    label = f"{calls.signup.method} {calls.signup.path}"
    person = target.people.stranger("assign")
    body = {key: text.format_map(_known(person)) for key, text in calls.signup.body.items()}
    reply = person.visitor.ask(
        calls.signup.method, target.url(calls.signup.path), json={**body, extra.name: extra.value}, patient=True
    )
    if not verdict.good(reply):
        return _refused(label, extra, reply)
    target.people.remember(person)
    if extra.name == "verified":
        target.people.log_in(person)
        made = target.people.make(person, calls.create_org, name=person.name)
        why = (
            "the account may act, its address unproven"
            if verdict.good(made)
            else "passed over: it must prove its address"
        )
        return Sent(label, extra.name, verdict.good(made), why)
    target.people.verify(person)
    target.people.log_in(person)
    return _used(target, label, extra, person)


def _used(target: Target, label: str, extra: Extra, person: Person) -> Sent:
    """What an account that was made with ``extra`` shows, and whether it is an administrator's."""
    calls = target.settings.readiness.calls
    if holds(target.people.make(person, calls.me).json, extra):
        return Sent(label, extra.name, True, f"{calls.me.path} then shows it")
    if calls.admin and verdict.good(target.people.make(person, calls.admin)):
        return Sent(label, extra.name, True, f"{calls.admin.path} then answers the account")
    return Sent(label, extra.name, False, "passed over: the account is like any other")


def _known(person: Person) -> dict[str, str]:
    return {"email": person.email, "password": person.password, "name": person.name}
