"""An inbox that gets the mail of a platform in memory by way of the lab's own relay: its signature, its bounces."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from core.site import Mail
from lab.mail.bounce import bounce
from lab.mail.signing import Key, Signer, whole_lines
from tests.unit.readiness.email.zone import RELAY, ZONE
from tests.unit.readiness.fakes import ROOT, FakeMailbox
from tests.unit.readiness.platform import Platform

BOUNCES = f"no-reply@{ZONE}"


@functools.cache
def signer() -> Signer:
    """The lab's own key, opened once."""
    made = Signer(ROOT / "stacks" / "Pulumi.lab.yaml")
    key = made.key()
    assert isinstance(key, Key)
    return made


@dataclass(frozen=True)
class Way:
    """How mail comes: the lab's own way, unless a test says otherwise."""

    author: str = f"Community <no-reply@{ZONE}>"
    mail_from: str = BOUNCES
    peer: str = RELAY
    helo: str = f"mail.{ZONE}"
    sign: bool = True
    before: Callable[[EmailMessage], object] = lambda message: None
    after: Callable[[bytes], bytes] = lambda raw: raw
    report: Callable[[Mail], Mail | None] = lambda mail: mail


class Relayed(FakeMailbox):
    """What the relay delivers."""

    def __init__(self, platform: Platform, way: Way) -> None:
        super().__init__(platform)
        self._sent, self._way = platform, way

    def wait(self, address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """What came to ``address``; what is for refused.test is never there, and comes back to its sender."""
        way = self._way
        out = [self._delivered(mail) for mail in self._sent.mail]
        here = [mail for mail in out if mail.to == (address,) and not address.endswith("@refused.test")]
        refused = [mail for mail in out if mail.to[0].endswith("@refused.test")] if address == BOUNCES else []
        reports = [way.report(self._report(mail)) for mail in refused]
        back = [report for report in reports if report is not None and report.to == (address,)]
        return [mail for mail in (*here, *back) if mail.id not in seen]

    def _delivered(self, mail: Mail) -> Mail:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._way.author, mail.to[0], mail.subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=ZONE)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        self._way.before(message)
        raw = whole_lines(message.as_bytes())
        raw = self._way.after(signer().signed(raw) if self._way.sign else raw)
        return replace(mail, mail_from=self._way.mail_from, peer=self._way.peer, helo=self._way.helo, raw=raw)

    def _report(self, mail: Mail) -> Mail:
        raw = whole_lines(bounce(self._way.mail_from, {mail.to[0]: (550, b"5.1.1 nobody here")}, mail.raw))
        return replace(mail, id=f"back-{mail.id}", mail_from="", to=(self._way.mail_from,), raw=raw)
