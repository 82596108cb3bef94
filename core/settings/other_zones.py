"""Section ``launch-ready:other_zones``: domains beside the platform's own: they lead to it, or nothing is there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.names import APEX, HostName, RelativeName
from core.settings.section import Section
from core.settings.zone import Plan


class _Other(Section):
    """What both kinds have. Neither receives nor sends mail: null MX, `-all`, `p=reject`, revoked keys."""

    name: HostName
    """The domain, such as `community.net`. It stands in the account of `launch-ready:zone`."""
    plan: Plan = "free"
    """What is paid for."""
    protect: bool = True
    """Whether Pulumi must refuse to delete the zone."""
    dnssec: bool = True
    """Whether it is signed: its DS record (output `ds_records`) has to be given to the registrar."""


class RedirectZone(_Other):
    """A domain whose every address leads to the same one on the platform, for good (301), path and query kept."""

    kind: Literal["redirect"]
    """`redirect`: everything goes to the platform."""
    names: Annotated[tuple[RelativeName, ...], Field(min_length=1)] = (APEX, "www")
    """The names that answer."""
    to: RelativeName = APEX
    """The name in `launch-ready:dns`, under `web`, where they lead."""


class ParkedZone(_Other):
    """A domain that is held and not used: no mail, no web."""

    kind: Literal["parked"]
    """`parked`: nothing is there."""


OtherZone = Annotated[RedirectZone | ParkedZone, Field(discriminator="kind")]


class OtherZones(Section):
    """The domains, in any order."""

    zones: tuple[OtherZone, ...] = ()
    """Each domain, once."""

    @model_validator(mode="after")
    def _each_once(self) -> OtherZones:
        seen: set[str] = set()
        for zone in self.zones:
            if zone.name in seen:
                raise ValueError(f"two of the zones are {zone.name}: keep one")
            seen.add(zone.name)
        return self
