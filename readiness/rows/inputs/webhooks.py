"""Webhooks as Standard Webhooks has them: signed rightly, wrongly, twice, too late and too early."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.errors import LaunchReadyError
from core.settings.calls import Call
from core.site import Reply
from readiness.check import Check, Result, beside_the_point, unknown
from readiness.exchange import exchange
from readiness.rows.inputs import checks
from readiness.rows.inputs.tries import Try, judged, refusal
from readiness.target import Target

CHECKS = (checks.WEBHOOK_SIGNATURE, checks.WEBHOOK_REPLAY, checks.WEBHOOK_STALE)
_TAKEN = range(200, 300)
_OFF = (timedelta(minutes=-10), timedelta(days=-2), timedelta(minutes=10))


class Sender:
    """Who signs. ``secret`` is Base64, with or without ``whsec_``; raises :class:`LaunchReadyError` for another."""

    def __init__(self, target: Target, call: Call, secret: str) -> None:
        from standardwebhooks.webhooks import Webhook

        self._target, self._call = target, call
        try:
            self._signer = Webhook(secret)
        except (ValueError, RuntimeError) as error:
            raise LaunchReadyError(f"the webhooks' secret is no Base64 ({type(error).__name__})") from None

    def headers(self, id_: str, at: datetime, body: bytes) -> dict[str, str]:
        """As the sender would have them."""
        signature = self._signer.sign(id_, at, body.decode())
        stamp = str(int(at.timestamp()))
        return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}

    def send(self, headers: dict[str, str], body: bytes) -> Reply:
        """From an address of its own."""
        given = {"Content-Type": "application/json", **headers}
        url = self._target.url(self._call.path)
        return self._target.visitor().ask(self._call.method, url, headers=given, body=body, patient=True)


def webhooks(target: Target) -> Iterator[Result]:
    """A good one first: where it is not taken, nothing is known of the others."""
    call = target.settings.readiness.calls.webhook
    if call is None:
        for check in CHECKS:
            yield beside_the_point(check, "launch-ready:readiness.calls says that the platform takes no webhooks")
        return
    secret = target.secret(target.settings.readiness.webhook_secret).reveal()
    target.redactor.learn(secret)
    sender, other = Sender(target, call, secret), Sender(target, call, "whsec_" + "bHItbm90LXRoZS1rZXkt" * 2)
    now = datetime.now(UTC)
    id_, body = _message()
    good = sender.headers(id_, now, body)
    first = sender.send(good, body)
    forged = list(_forgeries(sender, other, now))
    yield _judged(
        checks.WEBHOOK_SIGNATURE, forged, first, f"{len(forged)} messages with a wrong signature were refused"
    )
    again = [refusal("webhook", "the same message again", sender.send(good, body))]
    fresh = sender.headers(id_, datetime.now(UTC), body)
    again.append(refusal("webhook", "the same id, signed anew", sender.send(fresh, body)))
    yield _judged(checks.WEBHOOK_REPLAY, again, first, "a message that came twice was refused the second time")
    stale = [_off(sender, now, by) for by in _OFF]
    yield _judged(checks.WEBHOOK_STALE, stale, first, f"{len(stale)} messages of another time were refused")


def _judged(check: Check, tries: list[Try], first: Reply, summary: str) -> Result:
    """A receiver that takes nothing at all refuses the bad ones too, and is not to be praised for it."""
    result = judged(check, tries, f"{summary}; a good one was taken", exchange("a good message", first))
    if first.status not in _TAKEN and result.outcome == "pass":
        why = f"a good message is answered with {first.status}: see launch-ready:readiness.webhook_secret"
        return unknown(check, why, *result.evidence)
    return result


def _forgeries(sender: Sender, other: Sender, now: datetime) -> Iterator[Try]:
    id_, body = _message()
    good = sender.headers(id_, now, body)
    cases = {
        "no signature": {key: value for key, value in good.items() if key != "webhook-signature"},
        "no headers": {},
        "an empty signature": {**good, "webhook-signature": ""},
        "a signature of zeros": {**good, "webhook-signature": "v1," + "A" * 43 + "="},
        "the signature of another key": other.headers(id_, now, body),
        "another version": {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v0,")},
        "another id": {**good, "webhook-id": f"msg_{secrets.token_hex(8)}"},
        "another time": {**good, "webhook-timestamp": str(int(now.timestamp()) + 1)},
        "a time that is none": {**good, "webhook-timestamp": "now"},
    }
    for what, headers in cases.items():
        yield refusal("webhook", what, sender.send(headers, body))
    yield refusal("webhook", "another body", sender.send(good, body.replace(b"lr-check", b"lr-other")))


def _off(sender: Sender, now: datetime, by: timedelta) -> Try:
    id_, body = _message()
    minutes = int(by.total_seconds() // 60)
    what = f"{abs(minutes)} minutes {'old' if minutes < 0 else 'ahead'}"
    return refusal("webhook", what, sender.send(sender.headers(id_, now + by, body), body))


def _message() -> tuple[str, bytes]:
    body = {"type": "check.readiness", "timestamp": datetime.now(UTC).isoformat(), "data": {"note": "lr-check"}}
    return f"msg_{secrets.token_hex(12)}", json.dumps(body).encode()
