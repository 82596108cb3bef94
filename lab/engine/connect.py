"""How a command reaches the lab: the Cloudflare API of the lab that is up, and the stack's passphrase."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.errors import LabError
from core.loopback import require_loopback_url
from core.pulumi_crypt import passphrase_from
from core.secret import Secret
from lab.engine.project import Project
from lab.place import Place

LAB_STACK = "lab"
# A public word, for the lab's values are no secrets; the CLI asks for a passphrase all the same.
LAB_PASSPHRASE = "launch-ready-lab"  # noqa: S105


def cloudflare_of(place: Place) -> tuple[str, Secret]:
    """Base URL and token of the lab's Cloudflare API. Raises :class:`LabError` if the lab is not up."""
    try:
        status = json.loads(place.status_file.read_text(encoding="utf-8"))
        base_url, token = status["cloudflare"]["base_url"], status["cloudflare"]["token"]
    except FileNotFoundError:
        raise LabError("the lab is not up: run `invoke lab.up` first") from None
    except PermissionError:
        raise LabError(
            f"{place.status_file} is readable by another user alone: run this as the one who ran `lab.up`"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise LabError(f"{place.status_file} cannot be understood: run `invoke lab.up` to write it again") from None
    return require_loopback_url(str(base_url)), Secret(str(token))


def passphrase_of(stack: str, environment: Mapping[str, str]) -> Secret:
    """The passphrase from the environment; the lab's stack has one of its own."""
    set_already = any(name in environment for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))
    return Secret(LAB_PASSPHRASE) if stack == LAB_STACK and not set_already else passphrase_from(environment)


def project_of(place: Place, stack: str, environment: Mapping[str, str]) -> Project:
    """What the engine needs for a stack of this checkout."""
    base_url, token = cloudflare_of(place)
    return Project(
        root=place.root,
        stack=stack,
        state_folder=place.engine_state,
        base_url=base_url,
        token=token,
        passphrase=passphrase_of(stack, environment),
    )
