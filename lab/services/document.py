"""The status document: what a client must know to use the lab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.errors import LabError
from core.secret import Secret
from lab.cloudflare.snapshot import read_snapshot
from lab.place import ACCOUNT_ID, Place
from lab.services.files import write_atomically

_PARTS = {"net", "cloudflare", "dns", "edge", "aws", "mail", "sink", "database", "hosts"}


def compose(
    place: Place, token: Secret, ca_file: str, hosts: Sequence[dict[str, Any]], database: dict[str, Any]
) -> dict[str, Any]:
    """The document of the lab that is up, with its app hosts and database as :mod:`lab.hosts.api` tells of them.

    It holds the token in the clear: the file is root's alone.
    """
    cloudflare, cloudflare_port = place.cloudflare
    edge, http_port, https_port = place.edge
    aws, aws_port = place.aws
    mail, smtp_port, mail_http_port = place.mail
    sink, sink_port = place.sink
    return {
        "net": place.net,
        "cloudflare": {
            "base_url": f"http://{cloudflare}:{cloudflare_port}/client/v4",
            "token": token.reveal(),
            "account_id": ACCOUNT_ID,
        },
        "zones": zones_of(place),
        "dns": {"address": place.dns[0], "port": place.dns[1]},
        "edge": {"address": edge, "http_port": http_port, "https_port": https_port, "ca_file": ca_file},
        "aws": {"endpoint_url": f"http://{aws}:{aws_port}"},
        "mail": {
            "address": mail,
            "smtp_port": smtp_port,
            "exchanger_port": place.mail_exchanger[1],
            "messages_url": f"http://{mail}:{mail_http_port}/messages",
        },
        "sink": {"url": f"http://{sink}:{sink_port}", "received_url": f"http://{sink}:{sink_port}/received"},
        "database": database,
        "hosts": list(hosts),
    }


def write(place: Place, document: dict[str, Any]) -> None:
    """Write the document where every client looks for it."""
    write_atomically(place.status_file, json.dumps(document, indent=2) + "\n")


def read(place: Place) -> dict[str, Any]:
    """The document, with the zones that the API holds now. Raises :class:`LabError` if the lab is not up."""
    try:
        document = json.loads(place.status_file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise LabError(f"the lab of {place.root} is not up: run `invoke lab.up`") from None
    except PermissionError:
        raise LabError(f"{place.status_file} is root's alone: run this as root or with sudo") from None
    except (OSError, ValueError) as error:
        raise LabError(f"{place.status_file} cannot be read ({error}): run `invoke lab.up` to mend it") from None
    if not isinstance(document, dict) or not _PARTS.issubset(document):
        raise LabError(f"{place.status_file} is no status document: run `invoke lab.up` to mend it")
    return {**document, "zones": zones_of(place)}


def zones_of(place: Place) -> list[str]:
    """The names of the zones that the Cloudflare API holds; none as long as it holds nothing."""
    if not place.cloudflare_state.exists():
        return []
    return [zone.name for zone in read_snapshot(place.cloudflare_state).zones]
