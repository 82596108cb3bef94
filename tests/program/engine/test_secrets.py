"""Secrets go in encrypted and come out masked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.pulumi_crypt import create, unlock
from lab.engine import api

pytestmark = pytest.mark.slow

PROGRAM = """
config = pulumi.Config()
a = Thing("a", text="a", key=config.require_secret("key"), deep={"in": pulumi.Output.secret("hidden-deep")})
pulumi.export("key", config.require_secret("key"))
pulumi.export("token", a.token)
pulumi.export("open", "seen")
"""


def configure(lab: Any) -> None:
    crypter = create("correct horse")
    (lab.project.root / "stacks" / "Pulumi.dev.yaml").write_text(
        f"encryptionsalt: {crypter.state}\nconfig:\n  demo:key:\n    secure: {crypter.encrypt('hidden-key')}\n"
    )


def test_neither_state_nor_preview_nor_progress_shows_one(lab: Any) -> None:
    configure(lab)
    seen = lab.preview(PROGRAM + 'print("the key is hidden-key")\n')
    lab.up(PROGRAM)
    shown = f"{lab.text} {json.dumps(seen.document)} {lab.events}"
    for secret in ("hidden-key", "hidden-deep", "token-of-id1", "correct horse"):
        assert secret not in shown
    assert any(event.message == "the key is [secret]" for event in lab.events)
    assert seen.document["config"] == {"demo:key": "[secret]"}
    assert seen.document["steps"][-1]["newState"]["inputs"]["key"] == "[secret]"


def test_the_provider_gets_the_value_and_the_state_can_be_opened_with_the_passphrase(lab: Any) -> None:
    configure(lab)
    lab.up(PROGRAM)
    assert lab.things.there["id1"]["key"] == "hidden-key"
    salt = json.loads(lab.text)["deployment"]["secrets_providers"]["state"]["salt"]
    sealed = lab.state["a"]["outputs"]["token"]["ciphertext"]
    assert json.loads(unlock("correct horse", salt).decrypt(sealed).reveal()) == "token-of-id1"


def test_outputs_are_masked_until_they_are_asked_for(lab: Any) -> None:
    configure(lab)
    lab.up(PROGRAM)
    assert api.outputs(lab.project) == {"key": "[secret]", "token": "[secret]", "open": "seen"}
    assert api.outputs(lab.project, show_secrets=True) == {
        "key": "hidden-key",
        "token": "token-of-id1",
        "open": "seen",
    }


def test_a_changed_secret_is_told_by_its_path_alone(lab: Any) -> None:
    configure(lab)
    lab.up(PROGRAM)
    seen = lab.preview(PROGRAM.replace("hidden-deep", "other-deep"))
    (step,) = seen.document["steps"]
    assert step["detailedDiff"] == {"deep.in": {"kind": "update", "inputDiff": True}}
    assert "other-deep" not in json.dumps(seen.document)
