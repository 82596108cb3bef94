"""Cloudflare's Secrets Store, and the secrets in it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.secrets import Secrets, StoredSecret
from stacks.component import Component


class SecretsComponent(Component):
    """A store, or the account's own where the settings name it, and a ``SecretsStoreSecret`` a secret."""

    def __init__(
        self,
        name: str,
        secrets: Secrets,
        account_id: str,
        values: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the secrets; ``values`` has a secret output for each ``config_secret``."""
        super().__init__("Secrets", name, opts)
        self.store_id = self._store(secrets, account_id)
        for item in secrets.items:
            cloudflare.SecretsStoreSecret(
                item.name,
                account_id=account_id,
                store_id=self.store_id,
                name=item.name,
                value=values[item.config_secret],
                scopes=sorted(item.scopes),
                comment=_comment(item),
                opts=self.child(),
            )
        self.register_outputs({"store_id": self.store_id})

    def _store(self, secrets: Secrets, account_id: str) -> pulumi.Input[str]:
        if secrets.store_id:
            return secrets.store_id
        return cloudflare.SecretsStore(
            secrets.store_name, account_id=account_id, name=secrets.store_name, opts=self.child()
        ).id


def _comment(item: StoredSecret) -> str:
    return f"{item.owner}; replace after {item.max_age_days} days"
