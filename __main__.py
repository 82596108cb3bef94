"""The Pulumi program: a stack's settings in, its environment declared, its outputs exported."""

from __future__ import annotations

from pathlib import Path

import pulumi

from stacks.environment import Environment
from stacks.settings import read_settings, secret_values

stack = read_settings(Path(__file__).resolve().parent)
environment = Environment("environment", stack, secret_values(stack))
for name, value in environment.outputs.items():
    pulumi.export(name, value)
