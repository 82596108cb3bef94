"""What the lab's Cloudflare API holds, as the edge and DNS read it: typed, read-only, from the state file.

The API replaces the file whole (rename), so a reader sees one revision or the next, never half of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import LabError

# Types whose content ends in a name, which Cloudflare gives without the last dot.
_NAME_LAST = frozenset({"CNAME", "NS", "PTR", "SRV"})


def _absolute(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


class _Part(BaseModel):
    """Ignores what a reader does not act on: the API's objects have many more fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Record(_Part):
    """A DNS record as Cloudflare's API returns it.

    ``name`` is a full name in lower case without the last dot. ``ttl`` is in seconds; 1 means automatic (Cloudflare
    serves 300). ``content`` is the record's data in text form, without ``priority`` for MX; a TXT's is one or more
    quoted strings.
    """

    id: str
    type: str
    name: str
    content: str
    ttl: int
    proxied: bool = False
    priority: int | None = None
    data: dict[str, Any] | None = None

    @property
    def rdata(self) -> str:
        """The data as a zone file has it (RFC 1035): names absolute, MX and SRV with their numbers."""
        if self.type == "MX":
            return f"{self.priority} {_absolute(self.content)}"
        return _absolute(self.content) if self.type in _NAME_LAST else self.content


class Ruleset(_Part):
    """A ruleset; ``rules`` are API objects (``id``, ``ref``, ``expression``, ``action`` …) in their order."""

    id: str
    name: str
    kind: str
    phase: str
    version: str
    rules: list[dict[str, Any]] = Field(default_factory=list)


class Purge(_Part):
    """A cache purge that was asked for: of everything, or of what ``files``, ``tags``, ``hosts``, ``prefixes`` name."""

    id: str
    purged_on: str
    everything: bool
    files: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    hosts: list[str] = Field(default_factory=list)
    prefixes: list[str] = Field(default_factory=list)


class PullCertificate(_Part):
    """A certificate that the edge can show to origins, with its key: both in PEM."""

    id: str
    certificate: str
    private_key: str


class OriginPulls(_Part):
    """Zone-level authenticated origin pulls; of ``certificates`` the last is the one to show."""

    enabled: bool = False
    certificates: list[PullCertificate] = Field(default_factory=list)

    @property
    def shown(self) -> PullCertificate | None:
        """What the edge shows to origins, if anything."""
        return self.certificates[-1] if self.enabled and self.certificates else None


class Dnssec(_Part):
    """A zone's DNSSEC: ``key`` is the private one in PEM, for ECDSA with P-256 and SHA-256; it is kept while off."""

    status: str = "disabled"
    key: str = ""

    @property
    def signs(self) -> bool:
        """Whether answers are signed: while the parent lacks the DS record (``pending``) too."""
        return self.status != "disabled"


class Zone(_Part):
    """A zone. ``plan`` is ``free``, ``pro``, ``business`` or ``enterprise``; ``settings`` go by a setting's id.

    ``purges`` are the latest cache purges, oldest first; each has an id of its own. ``load_balancers`` are API objects.
    """

    id: str
    name: str
    status: str
    plan: str
    settings: dict[str, Any]
    dns_records: list[Record]
    rulesets: list[Ruleset]
    name_servers: list[str] = Field(default_factory=list)
    paused: bool = False
    purges: list[Purge] = Field(default_factory=list)
    origin_pulls: OriginPulls = OriginPulls()
    load_balancers: list[dict[str, Any]] = Field(default_factory=list)
    dnssec: Dnssec = Dnssec()

    def entry_point(self, phase: str) -> Ruleset | None:
        """The zone's own ruleset of ``phase``, for example ``http_request_firewall_custom``; None without one."""
        return next((one for one in self.rulesets if one.phase == phase and one.kind == "zone"), None)


class Account(_Part):
    """The account that zones and secrets belong to, and API objects of its own: for load balancing and for Access.

    A service token has ``secret_sha256``, the hash of its secret in hexadecimal.
    """

    id: str
    name: str
    pools: list[dict[str, Any]] = Field(default_factory=list)
    access_apps: list[dict[str, Any]] = Field(default_factory=list)
    access_policies: list[dict[str, Any]] = Field(default_factory=list)
    access_tokens: list[dict[str, Any]] = Field(default_factory=list)


class StoredSecret(_Part):
    """A secret of the Secrets Store: everything but its value, which the API does not keep."""

    id: str
    name: str
    scopes: list[str]
    status: str


class SecretsStore(_Part):
    """An account's store of secrets."""

    id: str
    name: str
    secrets: list[StoredSecret]


class Snapshot(_Part):
    """The whole state at one ``revision``, a number that grows by one with each change."""

    revision: int
    accounts: list[Account]
    zones: list[Zone]
    secrets_stores: list[SecretsStore]

    def zone_of(self, hostname: str) -> Zone | None:
        """The zone that ``hostname`` belongs to (the longest suffix wins), or None."""
        name = hostname.rstrip(".").lower()
        fitting = [zone for zone in self.zones if name == zone.name or name.endswith(f".{zone.name}")]
        return max(fitting, key=lambda zone: len(zone.name), default=None)


def parse_snapshot(data: bytes | str, path: Path) -> Snapshot:
    """Return the state in ``data``. Raises :class:`LabError` that names ``path`` and the place of the first fault."""
    try:
        return Snapshot.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "its top"
        raise LabError(
            f"{path} is damaged at {place}: {first['msg']}; bring the file back, or run `invoke lab.down` to start anew"
        ) from None


def read_snapshot(path: Path) -> Snapshot:
    """Return the state in the file ``path``. Raises :class:`LabError` if it is missing, unreadable or damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabError(
            f"the Cloudflare state {path} cannot be read: {error.strerror}; run `invoke lab.up` to start its API"
        ) from None
    return parse_snapshot(data, path)


def health_file(state: Path) -> Path:
    """Beside the state file ``state``: how origins of monitored pools are, as JSON: pool's id → address → whether it is
    well. What has not been probed yet is left out.
    """
    return state.with_name("pool-health.json")


class Follower:
    """Follows a state file. :meth:`poll` costs one ``stat`` as long as nothing changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def poll(self) -> Snapshot | None:
        """Return the state if it changed since the last call (the first call always does), else None.

        Raises :class:`LabError` if the file is missing or damaged, again on every call until it is mended: keep serving
        the snapshot from before.
        """
        mark = self._mark()
        if mark is not None and mark == self._seen:
            return None
        snapshot = read_snapshot(self.path)
        # The mark from before the read: a change in between is read again next time, and never missed.
        self._seen = mark
        return snapshot

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
