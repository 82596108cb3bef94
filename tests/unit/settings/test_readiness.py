"""The secrets that the checks are given: known by the section that names them, missed where they are not there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.settings.conftest import StackFile

SEALED = {"secure": "v1:AAAA:BBBB"}
EVENTS = "https://sentry.io/api/0/projects/example/community/events/"
NAMED: list[tuple[dict[str, Any], str, str]] = [
    ({"admin": {"email": "check@community.test", "config_secret": "check-admin"}}, "check-admin", "admin"),
    (
        {
            "mailbox": {
                "host": "imap.test",
                "user": "checks",
                "config_secret": "checks-mailbox",
                "address": "checks@imap.test",
            }
        },
        "checks-mailbox",
        "mailbox",
    ),
    ({"errors": {"events_url": EVENTS, "config_secret": "tracker-token"}}, "tracker-token", "errors"),
    ({"expired": {"session": "old-session"}}, "old-session", "expired"),
    ({"expired": {"reset": "old-link"}}, "old-link", "expired"),
]


@pytest.mark.parametrize(("section", "name", "part"), NAMED, ids=[name for _, name, _ in NAMED])
def test_a_secret_of_the_checks_is_known_and_missed(
    stack_file: StackFile, section: dict[str, Any], name: str, part: str
) -> None:
    def change(config: dict[str, Any]) -> None:
        config.pop("admin-password")
        config["readiness"] = section

    (reason,) = stack_file.reasons(change)
    assert reason.startswith(f"config.launch-ready:{name} is missing, and the secret of readiness.{part} ")

    def mended(config: dict[str, Any]) -> None:
        change(config)
        config[name] = SEALED

    assert stack_file.read(mended).readiness


def test_the_key_of_webhooks_may_be_another_secret(stack_file: StackFile) -> None:
    def change(config: dict[str, Any]) -> None:
        config["readiness"]["webhook_secret"] = "hooks"
        config["hooks"] = SEALED

    assert stack_file.read(change).readiness.webhook_secret == "hooks"
