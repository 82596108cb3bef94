"""A project in a folder of its own, run by the engine against a provider that is kept in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineError
from core.secret import Secret
from lab.engine import api
from lab.engine.model import Event, Result
from lab.engine.plan import Shape
from lab.engine.project import Project
from lab.engine.providers import Found, PartlyDoneError
from lab.engine.wire import Properties

PASSPHRASE = "correct horse"
PREAMBLE = """\
import pulumi

class Thing(pulumi.CustomResource):
    size: pulumi.Output[int]
    stamp: pulumi.Output[int]
    token: pulumi.Output[str]
    zone: pulumi.Output[str]
    text: pulumi.Output[str]

    def __init__(self, name, opts=None, **props):
        outputs = {"size": None, "stamp": None, "token": None, "zone": None, "text": None}
        super().__init__("test:index:Thing", name, {**outputs, **props}, opts)

class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Part", name, None, opts)

"""


@dataclass(frozen=True)
class ThingShape:
    replaced_by: frozenset[str] = frozenset({"zone"})
    identity: tuple[str, ...] = ("label",)
    volatile: frozenset[str] = field(default_factory=lambda: frozenset({"stamp"}))


@dataclass
class Things:
    """A provider of ``test:index:Thing`` that notes every call and refuses whatever it was not told of."""

    there: dict[str, Properties] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    configured: list[Properties] = field(default_factory=list)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shape(self, type_: str) -> Shape:
        if type_ != "test:index:Thing":
            raise EngineError(f"no such type: {type_}")
        return ThingShape()

    def secret_outputs(self, type_: str) -> frozenset[str]:
        return frozenset({"token"})

    def create(self, type_: str, inputs: Properties) -> Found:
        self._note("create", inputs)
        with self._lock:
            self._number += 1
            id_ = f"id{self._number}"
        self.there[id_] = {**inputs, "size": len(inputs), "stamp": self._number, "token": f"token-of-{id_}"}
        if inputs.get("text") == "half":
            raise PartlyDoneError("only half of it", Found(id_, {"text": "a quarter"}, self.there[id_]))
        return self._found(id_)

    def read(self, type_: str, id_: str, known: Properties) -> Found | None:
        return self._found(id_) if id_ in self.there else None

    def lookup(self, type_: str, import_id: str, known: Properties) -> Found | None:
        self.calls.append(("lookup", import_id))
        return self.read(type_, import_id, known)

    def find(self, type_: str, inputs: Properties) -> Found | None:
        self._note("find", inputs)
        same = [id_ for id_, has in self.there.items() if has.get("text") == inputs.get("text")]
        return self._found(same[0]) if same else None

    def update(self, type_: str, id_: str, known: Properties, inputs: Properties) -> Found:
        self._note("update", inputs)
        self._number += 1
        self.there[id_] = {**inputs, "size": len(inputs), "stamp": self._number, "token": f"token-of-{id_}"}
        return self._found(id_)

    def delete(self, type_: str, id_: str, known: Properties) -> None:
        self._note("delete", known)
        del self.there[id_]

    def _note(self, what: str, inputs: Properties) -> None:
        text = str(inputs.get("text"))
        self.calls.append((what, text))
        if text in self.refused:
            raise EngineError(self.refused[text])

    def _found(self, id_: str) -> Found:
        has = self.there[id_]
        inputs = {key: value for key, value in has.items() if key not in ("size", "stamp", "token")}
        return Found(id_, inputs, dict(has))


@dataclass
class Lab:
    """A project to write programs for and to run."""

    project: Project
    things: Things
    events: list[Event] = field(default_factory=list)

    def write(self, program: str) -> None:
        (self.project.root / "__main__.py").write_text(PREAMBLE + program)

    def up(self, program: str | None = None) -> Result:
        if program is not None:
            self.write(program)
        return api.up(self.project, self.events.append)

    def preview(self, program: str) -> api.Preview:
        self.write(program)
        return api.preview(self.project, self.events.append)

    @property
    def text(self) -> str:
        return self.project.state.path.read_text()

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """What the state file holds, by name; replaced instances that wait for their deletion are left out."""
        entries = json.loads(self.text)["deployment"]["resources"]
        return {entry["urn"].rsplit("::", 1)[-1]: entry for entry in entries if not entry.get("delete")}

    def taken(self) -> list[tuple[str, str]]:
        """The calls since this was asked last."""
        made, self.things.calls = self.things.calls, []
        return made


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config:\n  word: plain\n")
    things = Things()

    def provider_for(package: str, inputs: Properties) -> Things:
        if package != "test":
            raise EngineError(f"no provider {package}")
        things.configured.append(inputs)
        return things

    def providers_of(_project: Project) -> Callable[[str, Properties], Things]:
        return provider_for

    monkeypatch.setattr(api, "providers_of", providers_of)
    project = Project(
        root=tmp_path,
        stack="dev",
        state_folder=tmp_path / "state",
        base_url="http://127.0.0.1:9/client/v4",
        token=Secret("unused"),
        passphrase=Secret(PASSPHRASE),
    )
    return Lab(project, things)
