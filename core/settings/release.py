"""Section ``launch-ready:release``: when a release counts as healthy, how long it is watched, and what is kept.

Every key has a default, so that a stack without the section can release; ``url`` is worth setting at once, for without
it nothing is asked through the edge.
"""

from __future__ import annotations

import base64
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.settings.after import Marker, Purge
from core.settings.base import Section
from core.settings.gates import Canary as Canary
from core.settings.gates import Health as Health
from core.settings.gates import Watch as Watch
from core.settings.proof import Drill, Ledger


def _https(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.path.strip("/"):
        raise ValueError("it must be https://NAME, with no path: the path comes from the release")
    return text.rstrip("/")


def _minisign(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    # Ed: the algorithm; then the key's id and the key.
    if len(raw) != 42 or raw[:2] != b"Ed":
        raise ValueError("it must be a minisign public key: the second line of the .pub file, which begins with RW")
    return text


SigningKey = Annotated[str, AfterValidator(_minisign)]


class Release(Section):
    """The section itself."""

    url: Annotated[str, AfterValidator(_https)] | None = None
    """The platform's public address, such as ``https://app.example.com``: where the edge is asked who answers."""
    health: Health = Health()
    """When a release counts as healthy."""
    canary: Canary = Canary()
    """What takes a release back that has a part of the traffic."""
    watch: Watch = Watch()
    """What takes a live release back."""
    verify_seconds: Annotated[float, Field(gt=0, le=300)] = 10
    """How long nginx on each host, and the edge, have to answer with the new version after the switch."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 30
    """How long a colour that lost its traffic may go on with what it has open (requests, uploads, event streams,
    websockets) before it is stopped or replaced. It is stopped sooner where nothing is open any more; what is open at
    the deadline is cut, counted and shown. Its unit then gives it 40 s to end. A rollback waits 5 s at most."""
    warm_seconds: Annotated[float, Field(ge=0, le=30 * 86400)] = 86400
    """How long what was live before goes on running after a release or a rollback, so that going back to it is a matter
    of a second. After that it is stopped, and going back means to start it first. 0: until the next release."""
    migration_seconds: Annotated[float, Field(gt=0, le=3600)] = 300
    """How long the migrations may take. The unit ``app-migrate@`` has a limit of 300 s of its own."""
    keep: Annotated[int, Field(ge=2, le=100)] = 5
    """How many good releases stay on each host, with the live one and the one before it. Failed ones do not count."""
    disk_margin_bytes: Annotated[int, Field(ge=0)] = 64 * 1024 * 1024
    """What must stay free on each host once the release is unpacked."""
    budget_seconds: Annotated[float, Field(gt=0)] = 600
    """What a rollback may take; the record says how long each took beside it."""
    signing_keys: Annotated[tuple[SigningKey, ...], Field(max_length=10)] = ()
    """Minisign public keys, in base64. With any, `invoke deploy` takes only an artefact that one of them signed, by
    `ARTIFACT.minisig` beside it. To change keys, list the new one beside the old one for a while."""
    purge: Purge = Purge()
    """Which copies at the edge go once the traffic has moved. Needs `CLOUDFLARE_API_TOKEN`; a purge that fails is told
    and fails no release."""
    markers: Annotated[tuple[Marker, ...], Field(max_length=10)] = ()
    """Who is told that a release is live, was taken back or rolled back, and of drills. What fails is told and fails no
    release."""
    drill: Drill = Drill()
    """How the way back is tried out, and how often that is due."""
    ledger: Ledger | None = None
    """Where the hosts' journals are copied to. Without it, nowhere."""
