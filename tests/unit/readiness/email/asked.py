"""The probes that ask DNS, run over a zone in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core import mail
from core.settings.stack import Stack
from core.site import Reply
from readiness.check import Result
from readiness.probe import Touch
from readiness.rows.email import PROBES
from readiness.run import Limits, run
from tests.unit.readiness.email.zone import ZONE
from tests.unit.readiness.fakes import lab_stack, make_target
from tests.unit.readiness.platform import Platform

DNS = tuple(probe for probe in PROBES if probe.touch is Touch.READS)
POLICY = mail.sts_policy(lab_stack().email, ZONE)
TEXT = ("Content-Type", "text/plain; charset=utf-8")
LAB_KEY = lab_stack().email.dkim[0].public_key


class Policy:
    """A visitor who gets one answer."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def ask(self, _method: str, url: str) -> Reply:
        """The policy of MTA-STS, and nothing else."""
        assert url == f"https://mta-sts.{ZONE}/.well-known/mta-sts.txt"
        return self._reply


def look(
    dns: Any, policy: Reply | None = None, settings: Callable[[Stack], Stack] = lambda same: same
) -> dict[str, Result]:
    """What they say, by the check's id."""
    served = policy or Reply(200, (TEXT,), POLICY.encode())
    target = make_target(Platform(), resolver=dns, settings=settings, visitor=lambda from_address="": Policy(served))
    return {one.check.id: one for one in run(DNS, target, Limits(), lambda _result, _at: None).results}


def declared(**email: Any) -> Callable[[Stack], Stack]:
    """The lab's stack with other mail."""
    return lambda stack: replace(stack, email=stack.email.model_copy(update=email))
