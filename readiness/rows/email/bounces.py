"""What becomes of mail that is refused: it must come back to a mailbox that is declared, from nobody, for machines."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

from core.settings.readiness import Readiness
from core.site import Mail, Mailbox
from readiness.check import Result, Said, failed, held, unknown
from readiness.people import Person
from readiness.rows.email.checks import BOUNCES
from readiness.target import Target

_SECONDS = 15.0
_MOST_TEXT = 3000


def bounced(target: Target, sent_as: str) -> Result:
    """Have the platform mail an address that is refused, and wait for the report.

    ``sent_as`` is the envelope's sender of a message of the platform's: reports go there, and nowhere else.
    """
    back, mailbox = target.settings.readiness.bounces, target.mailbox
    why = _unread(target.settings.readiness, mailbox)
    if why or back is None or mailbox is None:
        return unknown(BOUNCES, why)
    if _untagged(sent_as) != _untagged(back):
        return failed(BOUNCES, f"mail is sent as <{sent_as}>, so what is refused does not come back to {back}")
    refused = _tagged(target.settings.readiness.refused or "")
    seen = [mail.id for mail in mailbox.wait(back, seconds=0)]
    nobody = Person(refused, "Check bounce", secrets.token_urlsafe(18), target.visitor())
    target.redactor.learn(nobody.password)
    target.people.sign_up(nobody)
    report = _awaited(mailbox, back, seen, refused)
    if report is None:
        why = f"no report came to {back} within {_SECONDS:g} s of mail to {refused}, which is refused"
        return failed(BOUNCES, why)
    summary = f"1 of 1 refused messages came back to {back}"
    return held(BOUNCES, list(_faults(report, refused)), summary, _shown(report))


def _unread(settings: Readiness, mailbox: Mailbox | None) -> str:
    """Why no bounce can be seen; "" where one can."""
    if settings.bounces is None or settings.refused is None:
        return "it is not known where bounces go, or who refuses mail: give launch-ready:readiness.bounces and .refused"
    if mailbox is None:
        return "no inbox can be read: give launch-ready:readiness.mailbox"
    if settings.mailbox and _untagged(settings.bounces) != settings.mailbox.address:
        return f"the inbox that can be read is not that of {settings.bounces}: have its mail go there too"
    return ""


def _awaited(mailbox: Mailbox, address: str, seen: list[str], refused: str) -> Mail | None:
    """The report about ``refused``, of all that comes to ``address``: other mail bounces too."""
    waited = list(seen)
    while arrived := mailbox.wait(address, seen=waited, seconds=_SECONDS):
        for mail in arrived:
            if refused.encode() in mail.raw.lower():
                return mail
        waited += [mail.id for mail in arrived]
    return None


def _faults(report: Mail, refused: str) -> Iterator[str]:
    message = message_from_bytes(report.raw, policy=policy.compat32)
    if report.mail_from:
        yield f"it is sent by {report.mail_from}, not by nobody: two such can answer each other for ever"
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        yield f"it is {message.get_content_type()}, not a report that a program can read (RFC 3464)"
        return
    recipients = [part for part in message.walk() if part["Final-Recipient"]]
    told = [part for part in recipients if refused in str(part["Final-Recipient"]).lower()]
    if not told:
        yield f"it does not say that {refused} was refused"
    elif not any(str(part.get("Action", "")).lower() == "failed" and _permanent(part) for part in told):
        yield "it does not say that the refusal is for good (Action: failed, Status: 5.x.x)"


def _permanent(part: Message) -> bool:
    return str(part.get("Status", "")).strip().startswith("5")


def _shown(report: Mail) -> Said:
    """Without the returned message, whose text has a token."""
    message = message_from_bytes(report.raw, policy=policy.compat32)
    lines = [f"MAIL FROM:<{report.mail_from}>"]
    lines += [f"{name}: {message[name]}" for name in ("From", "To", "Subject") if message[name]]
    for part in message.walk():
        if part["Final-Recipient"] or part["Reporting-MTA"]:
            lines += [f"{name}: {value}" for name, value in part.items()]
    return Said("The report", "\n".join(lines)[:_MOST_TEXT])


def _tagged(address: str) -> str:
    """An address of this run's own, so that an older report is not taken for this one's."""
    local, _, domain = _untagged(address).rpartition("@")
    return f"{local}+{secrets.token_hex(4)}@{domain}"


def _untagged(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
