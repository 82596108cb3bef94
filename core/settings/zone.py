"""Section ``launch-ready:zone``: the domain and the plan that it is on at Cloudflare."""

from __future__ import annotations

from typing import Annotated, Literal

from core.settings.base import Section, matching
from core.settings.names import HostName

Plan = Literal["free", "pro", "business", "enterprise"]
Identifier = Annotated[str, matching(r"[0-9a-f]{32}", "32 hexadecimal digits, in lower case")]
"""An identifier as Cloudflare writes most of them: 32 hexadecimal digits."""


class Zone(Section):
    """The zone. Everything else in a stack is declared in it."""

    name: HostName
    """The domain, such as `community.example`."""
    account_id: Identifier
    """The Cloudflare account that holds the zone."""
    plan: Plan
    """What is paid for. A rule that the plan cannot do is refused before anything is changed."""
    dnssec: bool = True
    """Whether the zone is signed (DNSSEC): its DS record (output `ds_records`) has to be given to the registrar. Take
    it away there, and wait for its TTL, before you turn this off."""
    protect: bool = True
    """Whether Pulumi must refuse to delete the zone. With `false`, `invoke destroy` takes the domain off Cloudflare."""
