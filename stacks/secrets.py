"""The secrets, in Cloudflare's Secrets Store and in AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.secrets import Secrets, StoredSecret
from stacks.aws_secret import AwsSecret, Service
from stacks.component import Component

# What AWS takes in the value of a tag.
_NOT_IN_A_TAG = re.compile(r"[^\w .:/=+@-]")


class SecretsComponent(Component):
    """A store, or the account's own where the settings name it; and each secret, everywhere that it is kept."""

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
        for item in (each for each in secrets.items if each.scopes):
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
        for item in secrets.items:
            for service, place in _in_aws(item):
                AwsSecret(
                    f"{item.name}/{service}",
                    service=service,
                    name=place,
                    value=values[item.config_secret],
                    description=_comment(item),
                    tags={"owner": _tag(item.owner), "readers": _tag(", ".join(item.readers))},
                    opts=self.child(),
                )
        self.register_outputs({"store_id": self.store_id})

    def _store(self, secrets: Secrets, account_id: str) -> pulumi.Input[str]:
        if secrets.store_id:
            return secrets.store_id
        return cloudflare.SecretsStore(
            secrets.store_name, account_id=account_id, name=secrets.store_name, opts=self.child()
        ).id


def _in_aws(item: StoredSecret) -> Iterator[tuple[Service, str]]:
    if item.aws_secrets_manager:
        yield "secretsmanager", item.aws_secrets_manager
    if item.aws_ssm:
        yield "ssm", item.aws_ssm


def _tag(text: str) -> str:
    return _NOT_IN_A_TAG.sub("-", text)[:256]


def _comment(item: StoredSecret) -> str:
    return f"{item.owner}; replace after {item.max_age_days} days"
