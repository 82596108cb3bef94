"""Where the load goes: the edge of a lab, by its status file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError
from core.loopback import require_loopback, require_loopback_url


@dataclass(frozen=True)
class Target:
    """The edge's address and port, who signed its certificate, the app's name behind it, and the lab's net.

    ``messages_url`` lists the mail that arrives; without it, nobody proves an address.
    """

    address: str
    port: int
    ca_file: Path
    host: str
    net: int
    messages_url: str = ""

    @property
    def origin(self) -> str:
        """The URL that every path is added to."""
        return f"https://{self.host}" if self.port == 443 else f"https://{self.host}:{self.port}"

    def source(self, client: int) -> str:
        """The loopback address that client number ``client`` (from 1) comes from."""
        return f"127.{self.net}.100.{client}"


def read_target(path: Path, host: str) -> Target:
    """The target that a status file (``lab.status --json``) describes. Raises :class:`LabError`."""
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
        edge = status["edge"]
        return Target(
            address=require_loopback(edge["address"]),
            port=int(edge["https_port"]),
            ca_file=Path(edge["ca_file"]),
            host=host,
            net=int(status["net"]),
            messages_url=require_loopback_url(status["mail"]["messages_url"]),
        )
    except FileNotFoundError:
        raise LabError(f"{path}: there is no lab to load: run `invoke lab.up` first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} is not the status of a lab: {type(error).__name__}: {error}") from None
