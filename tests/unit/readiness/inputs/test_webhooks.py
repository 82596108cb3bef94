"""Receivers of webhooks in memory: a sound one, and each that leaves something out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.secret import Secret
from core.site import Reply
from readiness.check import Outcome, Row
from readiness.probe import Probe
from readiness.rows.inputs import webhooks
from tests.unit.readiness.fakes import make_target, results_of
from tests.unit.readiness.platform import Platform

KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROBE = Probe(Row.INPUTS, webhooks.CHECKS, webhooks.webhooks)


class Receiver:
    """Fulfils the visitor's part that the probe needs; ``leaves_out`` are steps that it does not take."""

    def __init__(self, leaves_out: frozenset[str], key: str = KEY) -> None:
        self._leaves_out = leaves_out
        self._key = key
        self._seen: set[str] = set()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        json: Any = None,
        patient: bool = False,
        timeout: float = 10.0,
    ) -> Reply:
        given = dict(headers or {})
        if "all" in self._leaves_out:
            return Reply(503)
        at = given.get("webhook-timestamp", "")
        if "signature" not in self._leaves_out and not self._signed(given, bytes(body)):  # type: ignore[arg-type]
            return Reply(401)
        if "time" not in self._leaves_out and abs(int(at) - datetime.now(UTC).timestamp()) > 300:
            return Reply(401)
        if "replay" not in self._leaves_out and given.get("webhook-id", "") in self._seen:
            return Reply(409)
        self._seen.add(given.get("webhook-id", ""))
        return Reply(204)

    def _signed(self, given: dict[str, str], body: bytes) -> bool:
        try:
            at = datetime.fromtimestamp(int(given["webhook-timestamp"]), UTC)
            good = Webhook(self._key).sign(given["webhook-id"], at, body.decode())
        except (KeyError, ValueError, WebhookVerificationError):
            return False
        return given.get("webhook-signature", "") == good


def _outcomes(*leaves_out: str, key: str = KEY) -> list[str]:
    receiver = Receiver(frozenset(leaves_out), key)
    target = make_target(Platform(), visitor=lambda: receiver, secret=lambda _name: Secret(KEY))
    results = results_of(PROBE, target)
    return [str(results[check.id].outcome) for check in webhooks.CHECKS]


@pytest.mark.parametrize(
    ("leaves_out", "outcomes"),
    [
        ((), ["pass", "pass", "pass"]),
        (("signature", "time"), ["fail", "pass", "fail"]),
        (("replay",), ["pass", "fail", "pass"]),
        (("time",), ["pass", "pass", "fail"]),
        (("all",), ["fail", "fail", "fail"]),
    ],
)
def test_each_step_that_is_left_out_is_told(leaves_out: tuple[str, ...], outcomes: list[str]) -> None:
    assert _outcomes(*leaves_out) == outcomes


def test_who_refuses_the_good_one_too_is_not_praised() -> None:
    assert _outcomes(key="b3RoZXIta2V5LW90aGVyLWtleS1vdGhlcg==") == ["cannot tell"] * 3


def test_a_secret_that_is_no_base64_cannot_tell() -> None:
    target = make_target(Platform(), secret=lambda _name: Secret("!!"))
    assert {result.outcome for result in results_of(PROBE, target).values()} == {Outcome.CANNOT_TELL}
