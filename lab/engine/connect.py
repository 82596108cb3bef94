"""How a command reaches the lab: the Cloudflare API of the lab that is up, and the stack's passphrase."""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.errors import LabError
from core.loopback import require_loopback_url
from core.secret import Secret
from lab.engine.project import Project
from lab.passphrase import passphrase_of
from lab.place import Place


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


def aws_of(place: Place) -> str:
    """The URL of the lab's AWS. Raises :class:`LabError` if the lab is not up."""
    cloudflare_of(place)
    address, port = place.aws
    return f"http://{address}:{port}"


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
        aws_url=aws_of(place),
    )
