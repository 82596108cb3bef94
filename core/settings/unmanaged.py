"""Section ``launch-ready:unmanaged``: what this stack leaves as it is at Cloudflare, for now.

``invoke adopt`` writes it for what it cannot say exactly: the zone then stays as it is until you take a name out, look
at the preview, and let it be brought to what the file says.
"""

from __future__ import annotations

from typing import Annotated, Literal

from core.settings.base import Section, matching

Concern = Literal["tls", "waf", "rate_limits", "web", "email", "secrets", "redirects", "cache", "headers", "dnssec"]


class Unmanaged(Section):
    """Nothing without it: everything that the other sections say is declared."""

    concerns: tuple[Concern, ...] = ()
    """Sections of which nothing is declared, whatever they say; `web` is the records of the web names."""
    settings: tuple[Annotated[str, matching(r"[a-z0-9_]{1,60}", "a setting's id, such as ssl")], ...] = ()
    """Ids of zone settings that are left alone."""
