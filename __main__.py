"""The Pulumi program: a stack's settings in, its environment declared, its outputs exported."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pulumi

from stacks.environment import Environment
from stacks.settings import read_settings, secret_values


async def main() -> pulumi.Inputs:
    """Declare the environment; its outputs."""
    stack = read_settings(Path(__file__).resolve().parent)
    environment = Environment("environment", stack, secret_values(stack))
    # The SDK waits for what has begun. Of what has not, it looks at every output again with each that comes in:
    # of many resources that takes longer than all else.
    await asyncio.sleep(0)
    return environment.outputs


pulumi.run(main)
