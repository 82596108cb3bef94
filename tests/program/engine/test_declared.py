"""What a program declares, with no lab, no state and no passphrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EngineError
from core.resources import SECRET, UNKNOWN
from lab.engine.declared import declared

PROGRAM = """\
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Thing", name, {"made": None, **props}, opts)

class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Part", name, None, opts)

config = pulumi.Config()
part = Part("part")
first = Thing("first", text=config.require("word"), opts=pulumi.ResourceOptions(parent=part))
Thing("second", token=config.require_secret("key"), zoneId=first.id, deep={"list": [first.made, 1]})
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    secret = "v1:xjYeSREUeThiQXZy:j8LC+UGZQwWDI8eZv3w+lQVWY6Pe5erY6D25QcYePQ=="
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text(f"config:\n  word: plain\n  key: {{secure: '{secret}'}}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def test_it_is_all_there_with_secrets_and_unknowns_as_such(root: Path) -> None:
    found = {each.resource.name: each for each in declared(root, "dev")}
    first, second = found["first"], found["second"]
    assert first.resource.properties == {"text": "plain"}
    assert first.parent == found["part"].resource.urn
    assert (first.resource.custom, found["part"].resource.custom) == (True, False)
    assert second.resource.properties == {"token": SECRET, "zoneId": UNKNOWN, "deep": {"list": [UNKNOWN, 1]}}
    assert second.resource.zone == first.resource.urn
    assert [path.name for path in root.rglob("*.json")] == []


def test_a_program_that_fails_says_where(root: Path) -> None:
    (root / "__main__.py").write_text("raise ValueError('no')\n")
    with pytest.raises(EngineError, match=r"__main__\.py:1: the program failed: ValueError: no"):
        declared(root, "dev")


def test_a_setting_can_be_given_in_the_place_of_the_files(root: Path) -> None:
    found = {each.resource.name: each.resource.properties for each in declared(root, "dev", instead={"demo:word": "b"})}
    assert found["first"] == {"text": "b"}


def test_a_secret_that_is_no_secret_any_more_is_a_digest_that_changes_with_it(root: Path) -> None:
    (root / "__main__.py").write_text(
        f'{PROGRAM}\nThing("third", text=pulumi.Output.unsecret(config.require_secret("key")))\n'
    )
    file = root / "stacks" / "Pulumi.dev.yaml"

    def third() -> str:
        (text,) = [
            str(one.resource.properties["text"]) for one in declared(root, "dev") if one.resource.name == "third"
        ]
        return text

    before = third()
    file.write_text(file.read_text().replace("v1:xjYe", "v1:xjYf"))
    assert before.startswith("sealed-")
    assert third() != before


def test_a_look_up_says_that_nobody_is_asked(root: Path) -> None:
    (root / "__main__.py").write_text(f'{PROGRAM}\nThing("there", opts=pulumi.ResourceOptions(id="a1"))\n')
    with pytest.raises(EngineError, match=r"a declaration asks nobody, and this looks up test:index:Thing a1"):
        declared(root, "dev")
