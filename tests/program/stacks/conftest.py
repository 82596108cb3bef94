"""Runs the real ``__main__.py`` in a project of its own, against the SDK's mock monitor."""

from __future__ import annotations

import asyncio
import json
import runpy
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi import Output
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_in_stack

from core.pulumi_crypt import decrypt_config, unlock

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASE = "launch-ready-lab"


@dataclass(frozen=True)
class Declared:
    """A resource as it went over Pulumi's wire: a secret is still the map with its signature."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    dependencies: list[str]
    protect: bool
    provider_id: str


@dataclass
class Declaration:
    """What a run declared."""

    resources: list[Declared] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Declared]:
        """The resources of a type such as ``DnsRecord``, by name."""
        return {r.name: r for r in self.resources if r.type.endswith(f":{kind}")}


class _Monitor(mocks.MockMonitor):
    def __init__(self, declaration: Declaration) -> None:
        super().__init__(_Mocks())
        self._declaration = declaration

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._declaration.resources.append(
            Declared(
                urn=response.urn,
                type=request.type,
                name=request.name,
                inputs=MessageToDict(request.object),
                dependencies=sorted(request.dependencies),
                protect=request.protect,
                provider_id=response.id,
            )
        )
        return response


class _Mocks(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        more = {"nameServers": ["a.ns.test", "b.ns.test"]} if args.typ.endswith(":Zone") else {}
        return f"id-of-{args.name}", {**args.inputs, **more}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program calls {args.token}, which no test expects")


class Project:
    """A project's folder with one stack, ``test``, and two hosts in its inventory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "stacks" / "Pulumi.test.yaml"
        self.file.parent.mkdir()
        shutil.copy(ROOT / "__main__.py", root)
        shutil.copy(ROOT / "stacks" / "Pulumi.lab.yaml", self.file)
        shutil.copytree(ROOT / "stacks" / "lab", root / "stacks" / "lab")
        (root / ".lab").mkdir()
        self.hosts("web-1=127.88.1.1", "web-2=127.88.1.2")

    def hosts(self, *hosts: str) -> None:
        """Write the inventory; each host is ``name=address``."""
        known = [dict(zip(("name", "address"), host.split("="), strict=True)) for host in hosts]
        (self.root / ".lab" / "status.json").write_text(json.dumps({"hosts": known}))

    @property
    def config(self) -> dict[str, Any]:
        """The stack's config as it stands in its file."""
        config: dict[str, Any] = yaml.safe_load(self.file.read_text())["config"]
        return config

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrite the stack's file with its config changed."""
        document = yaml.safe_load(self.file.read_text())
        change(document["config"])
        self.file.write_text(yaml.safe_dump(document))

    def declare(self, *, plain: bool = False) -> Declaration:
        """Run the program as Pulumi's language host does; ``plain`` hands secrets over without marking them."""
        document = yaml.safe_load(self.file.read_text())
        crypter = unlock(PASSPHRASE, document["encryptionsalt"])
        values = {key: decrypt_config(value, crypter) for key, value in document["config"].items()}
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, (value, _) in values.items()}
        secret_keys = [] if plain else [key for key, (_, secret) in values.items() if secret]
        return self._run(texts, secret_keys)

    def _run(self, texts: dict[str, str], secret_keys: list[str]) -> Declaration:
        declaration = Declaration()

        def program() -> None:
            runpy.run_path(str(self.root / "__main__.py"), run_name="__main__")

        async def run() -> None:
            # As the language host does: with the SDK's mocks there is a root that has ended before the program begins.
            pulumi.runtime.configure(pulumi.runtime.Settings("launch-ready", "test", monitor=_Monitor(declaration)))
            pulumi.runtime.set_all_config(texts, secret_keys)
            await run_in_stack(program)
            root = get_root_resource()
            assert isinstance(root, Stack)
            declaration.outputs = {
                name: await Output.from_input(value).future() for name, value in root.outputs.items()
            }

        asyncio.run(run())
        return declaration


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the lab's stack file as its stack ``test``."""
    return Project(tmp_path)
