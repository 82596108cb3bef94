"""A stack that is right, to be made wrong in one place at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import SettingsError
from core.settings.base import config_of
from core.settings.stack import Stack, stack_of
from core.settings.yaml_tree import parse_tree

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "stacks" / "Pulumi.lab.yaml"
EXAMPLE = ROOT / "stacks" / "Pulumi.example.yaml"

Change = Callable[[dict[str, Any]], object]


class StackFile:
    """The lab's stack file with two hosts written into it, changed and read again."""

    def __init__(self) -> None:
        self._document = yaml.safe_load(LAB.read_text())
        hosts = [{"name": "web-1", "address": "203.0.113.11"}, {"name": "web-2", "address": "2001:db8::12"}]
        self._document["config"]["launch-ready:hosts"] = {"app": hosts}
        # They name the web names: a test that makes one of those wrong is told of each place.
        for name in ("access", "monitoring", "other_zones"):
            del self._document["config"][f"launch-ready:{name}"]
        # It is nobody's secret once a test declares other keys.
        del self._document["config"]["launch-ready:email"]["dkim"][0]["config_secret"]
        del self._document["config"]["launch-ready:dkim-lab1"]
        # One record, so that those that a test adds have the numbers from 1.
        records = self._document["config"]["launch-ready:dns"]["records"]
        records[:] = [record for record in records if record["name"] == "mail"]

    def read(self, change: Change) -> Stack:
        """The stack after ``change``, which gets the config without the namespace before its keys."""
        document = copy.deepcopy(self._document)
        config = {key.removeprefix("launch-ready:"): value for key, value in document["config"].items()}
        change(config)
        document["config"] = {key if ":" in key else f"launch-ready:{key}": value for key, value in config.items()}
        tree = parse_tree(json.dumps(document, indent=1, ensure_ascii=False), "f.yaml")
        return stack_of(config_of(tree), tree, ROOT)

    def reasons(self, change: Change) -> list[str]:
        """What is wrong after ``change``, without file and line."""
        with pytest.raises(SettingsError) as caught:
            self.read(change)
        return [line.partition(": ")[2] for line in str(caught.value).splitlines()]


@pytest.fixture(scope="session")
def stack_file() -> StackFile:
    """The lab's stack, whose hosts are web-1 (203.0.113.11) and web-2 (2001:db8::12)."""
    return StackFile()
