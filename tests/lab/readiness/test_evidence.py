"""The stack's own secrets are in no evidence, whichever rows are asked."""

from __future__ import annotations

from typing import Any

from cli.target import reached_target


def test_every_secret_of_the_stack_is_struck_from_the_start(lab: dict[str, Any]) -> None:
    del lab
    with reached_target("lab") as (target, _pace):
        assert target.own_secrets is not None
        values = target.own_secrets()
        assert {"session-key", "webhook-signing-key", "CLOUDFLARE_API_TOKEN"} <= set(values)
        for secret in values.values():
            assert target.redactor.strike(f"<{secret.reveal()}>") == "<[redacted]>"
