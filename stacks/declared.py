"""What a stack declares: its environment is run against Pulumi's own mock monitor, and nothing is asked or changed.

This needs no CLI, no lab and no secret. Ids are made up (``id-of-NAME``), secret values are empty.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

from core.settings.stack import Stack
from stacks.environment import Environment
from stacks.settings import secret_names

PROJECT = "launch-ready"


@dataclass(frozen=True)
class DeclaredResource:
    """A resource as it goes over Pulumi's wire: ``type`` is a token, ``inputs`` have Pulumi's names."""

    type: str
    name: str
    id: str
    inputs: dict[str, Any]


def declared(stack: Stack, name: str) -> list[DeclaredResource]:
    """Every resource that the stack ``name`` declares, in the order in which it declares them."""
    found: list[DeclaredResource] = []

    def program() -> None:
        secrets = {name: pulumi.Output.secret("") for name in secret_names(stack)}
        Environment("environment", stack, secrets)

    async def run() -> None:
        mocks.set_mocks(_Mocks(), PROJECT, name, monitor=_Monitor(found))
        await run_pulumi_func(program)

    asyncio.run(run())
    return found


class _Mocks(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"id-of-{args.name}", {**args.inputs, "nameServers": []}

    def call(self, _: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


class _Monitor(mocks.MockMonitor):
    def __init__(self, found: list[DeclaredResource]) -> None:
        super().__init__(_Mocks())
        self._found = found

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        inputs = MessageToDict(request.object)
        self._found.append(DeclaredResource(request.type, request.name, response.id, inputs))
        return response
