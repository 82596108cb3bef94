"""The settings as Pulumi hands them to its program: values from its config, places for messages from the stack's file.

The values are the CLI's own, so ``--config`` and decrypted secrets count. Pulumi passes an object as JSON text.
"""

from __future__ import annotations

import json
from pathlib import Path

import pulumi

from core.errors import SettingsError
from core.settings.base import NAMESPACE, config_of, stack_file
from core.settings.stack import SECTIONS, STACKS_DIR, Stack, stack_of
from core.settings.yaml_tree import Json, read_tree


def read_settings(root: Path) -> Stack:
    """The stack that runs now; ``root`` is the project's folder.

    Raises :class:`pulumi.RunError`, which ends a program with its message and no traceback.
    """
    try:
        tree = read_tree(stack_file(root / STACKS_DIR, pulumi.get_stack()))
        return stack_of({**config_of(tree), **_handed_over()}, tree, root)
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def secret_names(stack: Stack) -> list[str]:
    """Every ``config_secret`` that the program needs the value of."""
    names = [item.config_secret for item in stack.secrets.items]
    names += [item.config_secret for item in stack.monitoring.webhooks if item.config_secret]
    if stack.tls.origin_pulls:
        names.append(stack.tls.origin_pulls.config_secret)
    return names


def secret_values(stack: Stack) -> dict[str, pulumi.Output[str]]:
    """The value of each ``config_secret`` of the stack, as a secret output.

    Raises :class:`pulumi.RunError` for one that Pulumi does not have, or was handed in the clear.
    """
    names = secret_names(stack)
    for key in (f"{NAMESPACE}:{name}" for name in names):
        if pulumi.runtime.get_config(key) is not None and not pulumi.runtime.is_config_secret(key):
            raise pulumi.RunError(f"{key} is not encrypted: set it with `pulumi config set --secret {key}`")
    config = pulumi.Config(NAMESPACE)
    return {name: config.require_secret(name) for name in names}


def _handed_over() -> dict[str, Json]:
    config = pulumi.Config(NAMESPACE)
    texts = {f"{NAMESPACE}:{name}": config.get(name) for name in SECTIONS}
    return {key: _value(text) for key, text in texts.items() if text is not None}


def _value(text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError:
        # A plain text where an object belongs: the section's model says so.
        return text
    return value
