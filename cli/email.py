"""`invoke email.show`, `email.dkim.new`, `email.dkim.retire`: a zone's mail, and the keys that sign it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from cli.guard import ROOT, command
from cli.world import JSON, STACK, stack_name
from core.errors import SettingsError

if TYPE_CHECKING:
    from adapters.stack_file import StackFile
    from core.secret import Secret
    from core.settings.dkim import Selector
    from core.settings.email import Email

_OVERLAP = timedelta(days=7)
_DKIM = ("config", "launch-ready:email", "dkim")


@command(help={"stack": STACK, "json": JSON})
def show(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Show what a zone's mail says in DNS and over HTTPS, what SPF costs, and what others have to do.

        invoke email.show --stack lab
    """
    from cli.output import show as say
    from core import mail

    email, zone = _mail(stack_name(stack))
    costs = {sender.name: sender.cost for sender in email.senders}
    notes = list(mail.notes(email, zone, _today()))
    texts = {
        "spf": mail.spf(email, zone),
        "dmarc": mail.dmarc(email.dmarc),
        **({"mta_sts": mail.sts_record(email, zone), "policy": mail.sts_policy(email, zone)} if email.mta_sts else {}),
        **({"tls_reports": mail.tls_reports(email)} if email.tls_reports else {}),
    }
    keys = {each.selector: _state(each) for each in email.dkim}
    if json:
        say({**texts, "lookups": {"sum": email.lookups, "senders": costs}, "dkim": keys, "notes": notes})
        return
    lines = [f"SPF          {texts['spf']}"]
    lines += [f"             {email.lookups} of 10 DNS lookups, {len(texts['spf'])} bytes"]
    lines += [f"             {cost} for {name}" for name, cost in costs.items() if cost]
    lines += [f"DKIM         {selector}: {state}" for selector, state in keys.items()]
    lines += [f"DMARC        {texts['dmarc']}"]
    lines += [f"             by {stage.by}: {stage.policy}{', tested' * stage.testing}" for stage in email.dmarc.stages]
    if email.mta_sts:
        lines += [
            f"MTA-STS      {texts['mta_sts']}",
            *(f"             {line}" for line in texts["policy"].splitlines()),
        ]
    lines += [f"TLS-RPT      {texts['tls_reports']}"] * bool(email.tls_reports)
    say("\n".join([*lines, *(f"note: {note}" for note in notes)]))


@command(help={"selector": "the new key's name, such as platform-2026b", "stack": STACK, "json": JSON})
def new(_context: Context, selector: str, stack: str = "", json: bool = False) -> None:
    """
    Make a DKIM key of 2048 bits and put it into the stack's file, beside those that are there.

    The private half stands there as a config secret, encrypted; the public one is published by `invoke up`. Then have
    the mail server sign with it (launch-ready:credentials can hand it over), and retire the key before a week later.

        invoke email.dkim.new --selector platform-2026b --stack lab

    Exit status: 0 done; 2 there is such a selector, or the file cannot be changed.
    """
    from adapters.file_keeper import put_sealed
    from adapters.stack_file import StackFile
    from cli.output import show as say
    from core.settings.base import NAMESPACE
    from custody.generate import rsa

    chosen = stack_name(stack)
    email, _zone = _mail(chosen)
    if any(each.selector == selector for each in email.dkim):
        raise SettingsError(f"--selector {selector} is there already: a name is used once, or old mail fails its check")
    private, public = rsa(2048)
    secret = f"dkim-{selector.replace('.', '-')}"
    file = StackFile(_path(chosen))
    put_sealed(file, f"{NAMESPACE}:{secret}", _sealer(chosen)(private))
    file.append(
        _DKIM,
        {"selector": selector, "public_key": public, "config_secret": secret, "published": _today().isoformat()},
    )
    _validated(file)
    file.save()
    say(
        {"selector": selector, "config_secret": secret, "public_key": public}
        if json
        else f"{selector} is in stacks/Pulumi.{chosen}.yaml, its private half sealed as {NAMESPACE}:{secret}: commit"
        " that, run `invoke up`, and have the mail server sign with it"
    )


@command(
    help={
        "selector": "the key's name",
        "stack": STACK,
        "now": "do not wait for the week of overlap: its private half is known to others",
        "json": JSON,
    }
)
def retire(_context: Context, selector: str, stack: str = "", now: bool = False, json: bool = False) -> None:
    """
    Revoke a DKIM key that another has taken over from: `invoke up` then publishes an empty one (RFC 6376 §3.6.1).

    Not before the other has been there for a week, for mail that was signed with the old one is still on its way.

        invoke email.dkim.retire --selector platform-2026a --stack lab

    Exit status: 0 done; 2 there is no such key, none is left that signs, or it is too early.
    """
    from adapters.stack_file import StackFile
    from cli.output import show as say
    from core.settings.base import NAMESPACE

    chosen = stack_name(stack)
    email, _zone = _mail(chosen)
    names = [each.selector for each in email.dkim]
    if selector not in names:
        raise SettingsError(f"--selector {selector}: there is no such key; there are: {', '.join(names) or 'none'}")
    old = email.dkim[names.index(selector)]
    _may_go(email, old, now=now)
    file = StackFile(_path(chosen))
    place = (*_DKIM, names.index(selector))
    for key in ("public_key", "cname", "config_secret", "published"):
        file.remove((*place, key))
    file.set((*place, "revoked"), True)
    if old.config_secret:
        file.remove(("config", f"{NAMESPACE}:{old.config_secret}"))
    _validated(file)
    file.save()
    say(
        {"revoked": selector}
        if json
        else f"{selector} is revoked in stacks/Pulumi.{chosen}.yaml, and its private half taken out: commit that and"
        " run `invoke up`; take the selector out once no mail of its time is checked any more"
    )


def _may_go(email: Email, old: Selector, *, now: bool) -> None:
    if old.revoked:
        raise SettingsError(f"{old.selector} is revoked already")
    others = [each for each in email.dkim if each.signs and each is not old]
    if not others:
        raise SettingsError(f"{old.selector} is the only key: make another first, with `invoke email.dkim.new`")
    ready = [each for each in others if each.published is None or each.published + _OVERLAP <= _today()]
    if not ready and not now:
        first = min(each.published + _OVERLAP for each in others if each.published)
        raise SettingsError(
            f"no other key has been there for a week: wait until {first}, for mail signed with {old.selector} is on its"
            " way; if others know its private half, give --now"
        )


def _mail(stack: str) -> tuple[Email, str]:
    from core.settings.zone_mail import zone_mail

    found = zone_mail(_path(stack))
    if found is None:
        raise SettingsError(f"stacks/Pulumi.{stack}.yaml has no launch-ready:email: docs/email.md says what goes there")
    return found


def _path(stack: str) -> Path:
    from core.settings.base import stack_file

    return stack_file(ROOT / "stacks", stack)


def _sealer(stack: str) -> Callable[[Secret], str]:
    from adapters.secret_stores import ConfigSecrets
    from cli.around import passphrase_of

    return ConfigSecrets(_path(stack), lambda: passphrase_of(stack)).seal


def _validated(file: StackFile) -> None:
    """Raise :class:`SettingsError` where the section would not be read any more."""
    from core.settings.base import config_of, validate_sections
    from core.settings.email import Email
    from core.settings.yaml_tree import parse_tree

    tree = parse_tree(file.text, "the stack's file, as it would be")
    validate_sections(config_of(tree), {"email": Email}, tree)


def _state(selector: Selector) -> str:
    if selector.revoked:
        return "revoked"
    return f"kept at {selector.cname}" if selector.cname else f"{selector.algorithm}, since {selector.published or '?'}"


def _today() -> date:
    return datetime.now(UTC).date()
