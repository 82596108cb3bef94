"""The ways of the checks to secrets, to the record of releases and to what differs from what is declared."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from cli.guard import ROOT

if TYPE_CHECKING:
    from core.secret import Secret
    from custody.audit import Finding
    from deploy.ledger.verify import Evidence
    from deploy.operation import World
    from drift.compare import Compared

_LAB = "lab"
_PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - the variable's name


def own_secrets(stack: str) -> Callable[[], Mapping[str, Secret]]:
    """Every value that this machine knows of the stack: its config secrets, its passphrase, the token of its API.

    The lab's passphrase is a public word.
    """

    def read() -> Mapping[str, Secret]:
        from adapters.secret_stores import ConfigSecrets
        from cli.around import cloudflare_access, passphrase_of
        from core.errors import LaunchReadyError
        from core.secret import Secret
        from core.settings.base import stack_file

        found = ConfigSecrets(stack_file(ROOT / "stacks", stack), lambda: passphrase_of(stack)).everything()
        if stack != _LAB and (passphrase := os.environ.get(_PASSPHRASE)):
            found[_PASSPHRASE] = Secret(passphrase)
        # Without a token there is none that could have leaked from here.
        with suppress(LaunchReadyError):
            found["CLOUDFLARE_API_TOKEN"] = cloudflare_access(stack)[1]
        return found

    return read


def custody(stack: str, world: World | None) -> Callable[[], Sequence[Finding]]:
    """What `invoke secrets.audit` finds."""

    def look() -> Sequence[Finding]:
        from cli.secrets import looked_over

        return looked_over(stack, world).findings

    return look


def witnesses(world: World) -> Callable[[], Evidence]:
    """What there is of the hosts' ledgers beside them."""

    def look() -> Evidence:
        from cli.ledger import evidence_of

        return evidence_of(world)

    return look


def drift(stack: str) -> Callable[[], Compared]:
    """What `invoke drift` finds."""

    def look() -> Compared:
        from cli.live_state import api_of, compared

        return compared(stack, api_of(stack))

    return look
