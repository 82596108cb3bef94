"""What the edge does to the headers of answers."""

from __future__ import annotations

import pulumi

from core.rulesets import RESPONSE_HEADERS
from core.rulesets.headers import header_rules
from core.settings.headers import Headers
from stacks.rulesets import RulesetsComponent


class HeadersComponent(RulesetsComponent):
    """The header rules."""

    def __init__(
        self, name: str, headers: Headers, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare every rule."""
        super().__init__("Headers", name, zone_id, opts)
        self.add("response-headers", "Response headers", RESPONSE_HEADERS, header_rules(headers))
        self.register_outputs({})
