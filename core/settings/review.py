"""Section ``launch-ready:review``: how much of a zone one change may touch before a reviewer has to say so.

As octoDNS does with its plans: a change that takes more than a share of the records is refused, for it is more often a
mistake than a wish. What is meant all the same takes a waiver (`launch-ready:waivers`, rule `threshold.changed`,
`threshold.deleted`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings.section import Section

Share = Annotated[float, Field(ge=0, le=1)]


class Review(Section):
    """Shares of the DNS records that the stack has before the change."""

    max_changed_share: Share = 0.3
    """Records that may be changed (updated or replaced), of all. octoDNS calls it `update_pcent_threshold`."""
    max_deleted_share: Share = 0.3
    """Records that may be deleted, of all. octoDNS calls it `delete_pcent_threshold`."""
    min_records: Annotated[int, Field(ge=0)] = 10
    """With fewer records than this the shares say nothing, and nothing is refused for them."""
