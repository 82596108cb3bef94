"""Sends notifications where they are to go, and remembers what was sent.

In memory: what was sent and how webhooks fare is gone when the process ends, as a status of a health check is.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import uuid
from collections import deque
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from lab.cloudflare.monitoring import notices
from lab.cloudflare.monitoring.internet import Internet, is_loopback
from lab.cloudflare.store import Json, now

KEPT = 1000
_TRIES = (0.0, 0.5, 2.0, 4.0)
"""Seconds before each attempt: a name that was declared a moment ago has to get into DNS."""
_SECONDS = 5.0

_log = logging.getLogger("lab.cloudflare")


@dataclass
class Dispatch:
    """``history`` has what was sent, oldest first; ``fares`` the last success and failure of each webhook, by id."""

    internet: Internet
    history: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    fares: dict[str, Json] = field(default_factory=dict)

    async def tell(self, change: notices.Change, account: Json) -> None:
        """Send what the policies of ``account`` want sent of ``change``. Raises nothing for what does not take it."""
        sending = []
        for policy in notices.policies_for(change, account):
            body = notices.payload(change, policy, account)
            hooks = {hook["id"]: hook for hook in account.get("alert_webhooks", [])}
            ways = policy["mechanisms"]
            sending += [self._hook(hooks[one["id"]], body, policy) for one in ways.get("webhooks", [])]
            sending += [self._mail(one["id"], body, policy) for one in ways.get("email", [])]
        await asyncio.gather(*sending)

    async def test(self, webhook: Json) -> None:
        """Send a new webhook Cloudflare's test message; how it fared is to be read from the webhook."""
        await self._post(webhook, {"text": notices.TEST_TEXT})

    async def _hook(self, webhook: Json, body: Json, policy: Json) -> None:
        if await self._post(webhook, body):
            self._remember(policy, "webhook", webhook["name"], body)

    async def _mail(self, to: str, body: Json, policy: Json) -> None:
        try:
            message = notices.mail(to, body, policy)
            await asyncio.to_thread(_send, self.internet.smtp, message)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            _log.warning("the alert %s did not reach %s: %s", policy["name"], to, error)
        else:
            self._remember(policy, "email", to, body)

    def _remember(self, policy: Json, kind: str, mechanism: str, body: Json) -> None:
        self.history.append(
            {
                "id": str(uuid.uuid4()),
                "name": policy["name"],
                "description": policy.get("description", ""),
                "alert_body": body["text"],
                "alert_type": policy["alert_type"],
                "mechanism": mechanism,
                "mechanism_type": kind,
                "policy_id": policy["id"],
                "sent": now(),
            }
        )

    async def _post(self, webhook: Json, body: Json) -> bool:
        why = ""
        for pause in _TRIES:
            await asyncio.sleep(pause)
            why = await self._once(webhook, notices.shaped(body, webhook))
            if not why:
                break
        fared = self.fares.setdefault(webhook["id"], {})
        fared["last_failure" if why else "last_success"] = now()
        if why:
            _log.warning("the webhook %s did not take an alert: %s", webhook["name"], why)
        return not why

    async def _once(self, webhook: Json, body: Json) -> str:
        """Why it was not taken; "" if it was."""
        url, why = await self._place_of(webhook["url"])
        if why:
            return why
        headers = {"Host": urlsplit(webhook["url"]).netloc, "User-Agent": "Cloudflare-Notifications"}
        if webhook.get("secret"):
            headers["cf-webhook-auth"] = webhook["secret"]
        try:
            async with (
                aiohttp.ClientSession(
                    connector=self.internet.connector(), timeout=aiohttp.ClientTimeout(total=_SECONDS)
                ) as session,
                session.post(url, json=body, headers=headers, ssl=self.internet.tls, allow_redirects=False) as answer,
            ):
                return "" if answer.status < 300 else f"it answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"no answer ({type(error).__name__})"

    async def _place_of(self, text: str) -> tuple[URL, str]:
        """Where a webhook is: at its own address if that is on loopback, else at the sink; or why it is nowhere."""
        parts = urlsplit(text)
        addresses, ours = await self.internet.look_up(parts.hostname or "")
        if any(map(is_loopback, addresses)):
            return URL(text, encoded=True), ""
        if ours and not addresses:
            return URL(), f"there is no {parts.hostname} in DNS"
        query = f"?{parts.query}" if parts.query else ""
        return URL(f"{self.internet.sink}{parts.path or '/'}{query}", encoded=True), ""


def _send(server: tuple[str, int], message: EmailMessage) -> None:
    with smtplib.SMTP(*server, timeout=_SECONDS) as session:
        session.send_message(message)
