"""Who is told of releases: Slack, a webhook of yours, GitHub, Sentry. Each fulfils :class:`core.ports.MarkerSink`."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from adapters.web import Answered, Client
from core.errors import AfterError
from core.ports import Event, MarkerSink
from core.secret import Secret
from core.settings import after as settings

_COLOURS = {"live": ":large_green_circle:", "taken back": ":red_circle:", "rolled back": ":large_orange_circle:"}
_LONGEST_DESCRIPTION = 140


def marker(wanted: settings.Marker, environment: Mapping[str, str]) -> MarkerSink:
    """The one that a stack's file asks for."""
    if isinstance(wanted, settings.Slack):
        return Slack(wanted, environment)
    if isinstance(wanted, settings.Webhook):
        return Webhook(wanted, environment)
    return Github(wanted, environment) if isinstance(wanted, settings.Github) else Sentry(wanted, environment)


def sentence(event: Event) -> str:
    """What happened, in one line."""
    how = {
        "live": f"{event.serves} is live" + (f", after {event.left}" if event.left else ""),
        "taken back": f"{event.left} was taken back; {event.serves or 'nothing'} serves",
        "rolled back": f"rolled back from {event.left} to {event.serves}",
        "drill": f"a rollback was rehearsed, to {event.left} and back; {event.serves} serves",
    }[event.happening]
    return f"{event.stack}: {how} on {event.hosts} host{'s'[: event.hosts != 1]}, by {event.who}" + (
        f": {event.why}" if event.why else ""
    )


class Slack:
    """An incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""

    name = "slack"

    def __init__(self, wanted: settings.Slack, environment: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._environment = environment

    def send(self, event: Event) -> None:
        """A message of one line."""
        text = sentence(event).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        sign = _COLOURS.get(event.happening, ":large_blue_circle:")
        client = Client(_needed(self._environment, self._wanted.url_env))
        client.post("", _json({"text": f"{sign} {text}"}))


class Webhook:
    """The event as JSON, signed as Standard Webhooks has it: HMAC-SHA256 over ``ID.TIMESTAMP.BODY``.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """

    name = "webhook"

    def __init__(self, wanted: settings.Webhook, environment: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._environment = environment

    def send(self, event: Event) -> None:
        """``{"type": "release.live", "timestamp": …, "data": {…}}``."""
        kind = f"release.{event.happening.replace(' ', '_')}"
        body = _json({"type": kind, "timestamp": event.at, "data": asdict(event)})
        ident, moment = f"{event.run}.{event.happening.replace(' ', '_')}", str(int(time.time()))
        key = _key(_needed(self._environment, self._wanted.secret_env))
        signed = hmac.digest(key, f"{ident}.{moment}.".encode() + body, "sha256")
        headers = {
            "webhook-id": ident,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        Client(_needed(self._environment, self._wanted.url_env)).post("", body, headers)


class Github:
    """A deployment and its status: https://docs.github.com/en/rest/deployments/deployments. Drills are none."""

    name = "github"

    def __init__(self, wanted: settings.Github, environment: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._environment = environment

    def send(self, event: Event) -> None:
        """Of the version that the command was about; one that was taken back is a failure."""
        if event.happening == "drill":
            return
        failed = event.happening == "taken back"
        version, description = event.left if failed else event.serves, sentence(event)[:_LONGEST_DESCRIPTION]
        made = self._client().post(
            f"/repos/{self._wanted.repository}/deployments",
            _json(
                {
                    "ref": self._wanted.ref.replace("{version}", version),
                    "environment": self._wanted.environment,
                    "task": "rollback" if event.happening == "rolled back" else "deploy",
                    "auto_merge": False,
                    "required_contexts": [],
                    "description": description,
                    "payload": {"run": event.run, "stack": event.stack},
                }
            ),
        )
        status = {"state": "failure" if failed else "success", "description": description, "auto_inactive": not failed}
        if event.url:
            status["environment_url"] = event.url
        path = f"/repos/{self._wanted.repository}/deployments/{_id_in(made)}/statuses"
        self._client().post(path, _json(status))

    def _client(self) -> Client:
        headers = {
            "Authorization": _bearer(self._environment, self._wanted.token_env),
            "Accept": Secret("application/vnd.github+json"),
            "X-GitHub-Api-Version": Secret("2022-11-28"),
        }
        return Client(Secret(self._wanted.api), headers)


class Sentry:
    """A release and a deploy of it: https://docs.sentry.io/api/releases/create-a-deploy. Drills are none."""

    name = "sentry"

    def __init__(self, wanted: settings.Sentry, environment: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._environment = environment

    def send(self, event: Event) -> None:
        """Of what serves now: errors from then on are that release's."""
        if event.happening == "drill" or not event.serves:
            return
        release = self._wanted.release.replace("{version}", event.serves)
        path = f"/api/0/organizations/{self._wanted.organization}/releases/"
        headers = {"Authorization": _bearer(self._environment, self._wanted.token_env)}
        client = Client(Secret(self._wanted.api), headers)
        client.post(path, _json({"version": release, "projects": list(self._wanted.projects)}))
        deploy: dict[str, Any] = {"environment": self._wanted.environment, "name": event.run}
        deploy |= {"dateStarted": event.began, "dateFinished": event.at, "projects": list(self._wanted.projects)}
        if event.url:
            deploy["url"] = event.url
        client.post(f"{path}{quote(release, safe='')}/deploys/", _json(deploy))


def _needed(environment: Mapping[str, str], name: str) -> Secret:
    value = environment.get(name, "").strip()
    if not value:
        raise AfterError(f"the environment does not set {name}")
    return Secret(value)


def _bearer(environment: Mapping[str, str], name: str) -> Secret:
    return Secret(f"Bearer {_needed(environment, name).reveal()}")


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    if not text.startswith("whsec_"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise AfterError("the key begins with whsec_ and has no base64 after it") from None


def _id_in(made: Answered) -> int:
    found = made.document.get("id") if isinstance(made.document, dict) else None
    if not isinstance(found, int):
        # 202: it merged the default branch into the ref instead of making a deployment.
        raise AfterError(f"GitHub answered {made.status} without a deployment's id")
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
