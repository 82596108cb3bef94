"""What a program declares is known without a state, an API or a secret."""

from __future__ import annotations

import json
from typing import Any

from lab.engine.declare import declare

SECRET = "v1:bm9uY2Vub25jZQ==:c2VhbGVkc2VhbGVkc2VhbGVkc2VhbGVk"
PROGRAM = """
word = pulumi.Config().require_secret("word")
Thing("a", text=word, zone=pulumi.Config().require("zone"))
"""


def test_a_declaration_needs_no_passphrase_and_holds_no_secret(lab: Any) -> None:
    lab.write(PROGRAM)
    file = lab.project.root / "stacks" / "Pulumi.dev.yaml"
    file.write_text(f"encryptionsalt: v1:x:v1:y:z\nconfig:\n  demo:word:\n    secure: {SECRET}\n  demo:zone: z1\n")
    document = declare(lab.project.root, "dev", {"demo:zone": "z2"})
    (thing,) = [one for one in document["steps"] if one["urn"].endswith("::a")]
    assert thing["op"] == "create"
    assert thing["newState"]["inputs"] == {"text": "[secret]", "zone": "z2"}
    assert "sealed-" not in json.dumps(document)
    assert lab.taken() == []
