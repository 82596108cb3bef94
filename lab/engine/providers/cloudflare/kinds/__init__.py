"""The types that the engine knows, a module a concern.

Tokens are those of ``pulumi_cloudflare`` 6.23; what forces a replacement is what the Terraform provider that it
bridges declares (``RequiresReplace`` in ``internal/services/*/schema.go`` of cloudflare/terraform-provider-cloudflare).
"""

from __future__ import annotations

from collections.abc import Mapping

from lab.engine.providers.cloudflare.kinds import (
    access,
    leaked_credentials,
    monitoring,
    origin,
    rulesets,
    secrets_store,
    tls,
    zone,
)
from lab.engine.providers.cloudflare.kinds.base import Kind as Kind

_MODULES: tuple[tuple[Kind, ...], ...] = (
    zone.KINDS,
    tls.KINDS,
    rulesets.KINDS,
    secrets_store.KINDS,
    leaked_credentials.KINDS,
    origin.KINDS,
    access.KINDS,
    monitoring.KINDS,
)
KINDS: Mapping[str, Kind] = {kind.type: kind for kinds in _MODULES for kind in kinds}
