"""The passphrase of the lab's stack, apart from the engine: a deploy that reads a config secret needs no engine."""

from __future__ import annotations

from collections.abc import Mapping

from core.pulumi_crypt import passphrase_from
from core.secret import Secret
from lab.place import LAB_STACK

# A public word, for the lab's values are no secrets; the CLI asks for a passphrase all the same.
LAB_PASSPHRASE = "launch-ready-lab"  # noqa: S105


def passphrase_of(stack: str, environment: Mapping[str, str]) -> Secret:
    """The passphrase from the environment; the lab's stack has one of its own."""
    set_already = any(name in environment for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))
    return Secret(LAB_PASSPHRASE) if stack == LAB_STACK and not set_already else passphrase_from(environment)
