"""Invites, used as they are not meant to be: guessed, used again, late, by others, elsewhere, for a higher role."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from datetime import datetime

from core.errors import CheckError
from readiness import calls
from readiness.check import Result, Said, unknown
from readiness.rows.auth.strength import FEWEST, MAIL_BITS, examine
from readiness.rows.authorization import checks, verdict
from readiness.rows.authorization.invite_desk import SHORT, Case, Desk, Invite, had
from readiness.target import Target


def misuse(target: Target) -> Iterator[Result]:
    """Decides the checks of invites, one after another: each leaves the organisation as the next one needs it."""
    desk = Desk(target)
    late = _late(desk)
    for check, work in _WORK:
        case = Case(check)
        try:
            well = work(desk, case)
        except CheckError as error:
            yield unknown(check, str(error), Said("What was done", "\n".join(case.lines)))
            continue
        yield case.result(well)
    yield _expired(desk, late)


def _forwarding(desk: Desk, case: Case) -> str:
    made = desk.must_invite(desk.first)
    if desk.joins(case, desk.second, made.token, "another account accepts"):
        case.wrong.append("an account with another address joins by it")
        desk.remove(desk.second)
    if not desk.joins(case, desk.first, made.token, "the invited account accepts") and not case.wrong:
        case.open.append("the invited account cannot accept it afterwards, so no other being let in tells nothing")
    return "another account is refused, and the invited one joins afterwards"


def _duplicate(desk: Desk, case: Case) -> str:
    made = desk.must_invite(desk.first)
    desk.accept(case, desk.first, made.token, "a member accepts another invite")
    found = desk.members(case, desk.first)
    if len(found) != 1:
        case.wrong.append(f"who accepted two invites stands {len(found)} times among the members")
    own = desk.invite(desk.owner)
    if isinstance(own, Invite):
        desk.accept(case, desk.owner, own.token, "the owner accepts an invite as a member")
        found = desk.members(case, desk.owner)
        if found != [desk.roles[-1]]:
            case.wrong.append(f"the owner who accepted an invite is then {', '.join(found) or 'no member'}")
    return "a member and the owner each accepted one more invite, and stand once among the members, as they were"


def _reuse(desk: Desk, case: Case) -> str:
    made = desk.must_invite(desk.second)
    if not desk.joins(case, desk.second, made.token, "the invited account accepts"):
        raise CheckError("the invited account cannot accept its invite, so using it again tells nothing")
    desk.remove(desk.second)
    case.lines.append("its owner takes them out again")
    if desk.joins(case, desk.second, made.token, "they accept the same invite again"):
        case.wrong.append("who was taken out comes in again by the invite that they used")
        desk.remove(desk.second)
    return "who was taken out cannot come in again by the invite that they used"


def _workspace(desk: Desk, case: Case) -> str:
    made = desk.must_invite(desk.second)
    desk.accept(case, desk.second, made.token, "with another organisation's id beside the token", org_id=desk.other)
    if desk.members(case, desk.second, desk.other):
        case.wrong.append("an invite to one organisation lets into the one that is named beside it")
    if not desk.members(case, desk.second) and not desk.joins(case, desk.second, made.token, "without it"):
        case.open.append("the invite does not let into its own organisation either, so the rest tells nothing")
    if desk.members(case, desk.second, desk.other) and not case.wrong:
        case.wrong.append("an invite to one organisation lets into another")
    return "it let into its own organisation, and not into the one that was named beside it"


def _revoked(desk: Desk, case: Case) -> str:
    made = desk.must_invite(desk.third)
    call = had(desk.calls.revoke_invite, "revoke_invite")
    if not made.id:
        raise CheckError("making an invite gives no id by which to take it back: see launch-ready:readiness.calls")
    reply = desk.target.people.make(desk.owner, call, org_id=desk.org, invite_id=made.id)
    case.lines.append(f"its owner takes it back: {call.method} answers {reply.status}")
    if not verdict.good(reply):
        raise CheckError(f"{call.method} {call.path} answers {reply.status}, so nothing was taken back")
    if desk.joins(case, desk.third, made.token, "the invited account accepts it"):
        case.wrong.append("an invite that was taken back lets in")
        desk.remove(desk.third)
    return "an invite that was taken back is refused"


def _unverified(desk: Desk, case: Case) -> str:
    people = desk.target.people
    stranger = people.stranger("unproven")
    people.sign_up(stranger)
    if desk.target.mailbox is not None:
        people.mail_for(stranger, "after signing up")
    made = desk.must_invite(stranger)
    reply = people.make(stranger, desk.calls.login)
    case.lines.append(f"logging in with an address that is not proven answers {reply.status}")
    if not verdict.good(reply):
        return "an account whose address is not proven cannot even log in"
    stranger.id = calls.found(desk.calls.login, reply)
    if desk.joins(case, stranger, made.token, "the account accepts the invite for its address"):
        case.wrong.append("an account that has not proven its address joins by an invite for it")
    return "an account that has not proven its address is refused"


def _role(desk: Desk, case: Case) -> str:
    if len(desk.roles) < 2:
        raise CheckError("there are no two roles: see launch-ready:readiness.roles")
    middle, top = desk.roles[-2], desk.roles[-1]
    raised = desk.must_invite(desk.third, role=middle)
    if not desk.joins(case, desk.third, raised.token, f"invited as {middle}, the account accepts"):
        raise CheckError(f"nobody can be invited as {middle}: see launch-ready:readiness.roles")
    guest = desk.second
    for inviter, role in ((desk.third, middle), (desk.first, desk.roles[0])):
        made = desk.invite(guest, by=inviter, role=top)
        if not isinstance(made, Invite):
            case.lines.append(f"a {role} invites as {top}: refused ({made.status})")
            if verdict.refused(made).reached is None:
                case.open.append(f"a {role} who invites as {top} got no telling answer ({made.status})")
            continue
        case.lines.append(f"a {role} invites as {top}: taken")
        if desk.members(case, guest):
            desk.remove(guest)
        desk.accept(case, guest, made.token, "it is accepted")
        if top in desk.members(case, guest):
            case.wrong.append(f"a {role} has somebody join as {top}")
    return f"neither a {middle} nor a {desk.roles[0]} can invite as {top}"


def _guessing(desk: Desk, case: Case) -> str:
    by = desk.behind()
    made = [desk.must_invite(desk.third, org=desk.other, by=by) for _ in range(FEWEST)]
    tokens = [one.token for one in made]
    strength = examine(tokens, (desk.third.email, desk.other, desk.third.id, *(one.id for one in made)))
    case.lines.append(str(strength))
    case.wrong += strength.wrong(MAIL_BITS)
    token = tokens[0]
    swapped = token.swapcase()
    tries = {
        "the invite's id in the token's place": made[0].id,
        "a token that was made up": "".join(secrets.choice(string.ascii_letters + string.digits) for _ in token),
        "a token without its last character": token[:-1],
        "the first half of a token": token[: len(token) // 2],
        "a token in the other case": swapped if swapped != token else "",
        "every token there is (%)": "%",
    }
    for words, tried in tries.items():
        if tried:
            desk.accept(case, desk.third, tried, words)
            if desk.members(case, desk.third, desk.other):
                case.wrong.append(f"{words} is accepted")
                break
    return f"{strength}; {len(tries)} made-up ones refused"


def _late(desk: Desk) -> tuple[Invite, datetime] | str:
    """An invite that will have expired when the others are done, and when that is; why there is none, where none is."""
    ends = desk.target.clock.now() + SHORT
    try:
        made = desk.must_invite(desk.first, org=desk.other, expires_at=ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    except CheckError as error:
        return f"no invite can be made that expires within {SHORT.seconds} s ({error})"
    # Two clocks are at work.
    return made, ends + SHORT / 2


def _expired(desk: Desk, late: tuple[Invite, datetime] | str) -> Result:
    case = Case(checks.INVITE_EXPIRY)
    if isinstance(late, str):
        return unknown(case.check, f"{late}: give launch-ready:readiness.calls.create_short_invite")
    made, over = late
    desk.target.clock.sleep(max(0.0, (over - desk.target.clock.now()).total_seconds()))
    desk.accept(case, desk.first, made.token, f"an invite for {SHORT.seconds} s is accepted after them")
    if desk.members(case, desk.first, desk.other):
        case.wrong.append("an invite that has expired lets in")
    return case.result(f"an invite that lasted {SHORT.seconds} s is refused after them")


_WORK = (
    (checks.INVITE_FORWARDING, _forwarding),
    (checks.INVITE_DUPLICATE, _duplicate),
    (checks.INVITE_REUSE, _reuse),
    (checks.INVITE_WORKSPACE, _workspace),
    (checks.INVITE_REVOKED, _revoked),
    (checks.INVITE_UNVERIFIED, _unverified),
    (checks.INVITE_ROLE, _role),
    (checks.INVITE_GUESSING, _guessing),
)
