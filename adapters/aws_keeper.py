"""Secrets that are kept in AWS Secrets Manager or Parameter Store: :class:`custody.ports.Keeper`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

from core.errors import StoreError
from core.ports import Kept
from core.secret import Secret
from core.settings.secrets import StoredSecret

OURS = "launch-ready:stack"


class AwsKeeper:
    """AWS Secrets Manager or Parameter Store, by boto3, which is imported once it is needed."""

    def __init__(
        self, service: Literal["secretsmanager", "ssm"], stack: str, access: Callable[[], Mapping[str, str]]
    ) -> None:
        """``access`` gives boto3's words for region, endpoint and login; empty, it is AWS's own environment."""
        self.name = "AWS Secrets Manager" if service == "secretsmanager" else "AWS Parameter Store"
        self._service = service
        self._stack = stack
        self._access = access

    def keeps(self, item: StoredSecret) -> bool:
        """Whether the item names a place there."""
        return bool(self._place(item))

    def look(self, item: StoredSecret) -> Kept | None:
        """When its current version was made."""
        with self._words(self._place(item)) as client:
            if self._service == "ssm":
                found = client.describe_parameters(
                    ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [self._place(item)]}]
                )["Parameters"]
                return Kept(found[0].get("LastModifiedDate"), str(found[0].get("Version", ""))) if found else None
            try:
                found = client.describe_secret(SecretId=self._place(item))
            except client.exceptions.ResourceNotFoundException:
                return None
            if found.get("DeletedDate"):
                return None
            current = _staged(found, "AWSCURRENT")
            return Kept(found.get("LastChangedDate"), current or "")

    def put(self, item: StoredSecret, value: Secret) -> str:
        """Make a version of it; where the current one has that value, none."""
        place = self._place(item)
        with self._words(place) as client:
            if self._service == "ssm":
                if client.get_parameter(Name=place, WithDecryption=True)["Parameter"]["Value"] == value.reveal():
                    return "there already"
                words = {"Name": place, "Value": value.reveal(), "Type": "SecureString", "Overwrite": True}
                return f"version {client.put_parameter(**words)['Version']} is the newest"
            if client.get_secret_value(SecretId=place).get("SecretString") == value.reveal():
                return "there already"
            made = client.put_secret_value(SecretId=place, SecretString=value.reveal())
            return f"version {made['VersionId']} is AWSCURRENT"

    def retire(self, item: StoredSecret) -> str:
        """Take the label AWSPREVIOUS away: a version without one is deleted by AWS, and not given out before."""
        if self._service == "ssm":
            return "older versions stay readable by number as long as the parameter exists"
        place = self._place(item)
        with self._words(place) as client:
            previous = _staged(client.describe_secret(SecretId=place), "AWSPREVIOUS")
            if previous is None:
                return "no version is AWSPREVIOUS"
            client.update_secret_version_stage(SecretId=place, VersionStage="AWSPREVIOUS", RemoveFromVersionId=previous)
            return f"version {previous} has no label any more, and AWS deletes it"

    def others(self, items: Collection[StoredSecret]) -> list[str]:
        """What carries this stack's tag beside ``items``."""
        ours = {self._place(item) for item in items if self._place(item)}
        with self._words("this stack's secrets") as client:
            found = set(self._tagged_parameters(client) if self._service == "ssm" else self._tagged_secrets(client))
        return sorted(found - ours)

    def _tagged_secrets(self, client: Any) -> Iterator[str]:
        filters = [{"Key": "tag-key", "Values": [OURS]}, {"Key": "tag-value", "Values": [self._stack]}]
        for page in client.get_paginator("list_secrets").paginate(Filters=filters):
            yield from (each["Name"] for each in page["SecretList"] if not each.get("DeletedDate"))

    def _tagged_parameters(self, client: Any) -> Iterator[str]:
        filters = [{"Key": f"tag:{OURS}", "Option": "Equals", "Values": [self._stack]}]
        for page in client.get_paginator("describe_parameters").paginate(ParameterFilters=filters):
            yield from (each["Name"] for each in page["Parameters"])

    def _place(self, item: StoredSecret) -> str:
        return (item.aws_secrets_manager if self._service == "secretsmanager" else item.aws_ssm) or ""

    @contextmanager
    def _words(self, what: str) -> Iterator[Any]:
        """A client; what goes wrong is said by AWS's code, for its library's own words may quote what was sent."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield self._client
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "no code"))
            if code in ("ResourceNotFoundException", "ParameterNotFound"):
                raise StoreError(f"{self.name} has no {what}: run `invoke up` first") from None
            raise StoreError(f"{self.name} refuses {what}: {code}") from None
        except BotoCoreError as error:
            raise StoreError(f"{self.name} cannot be asked for {what}: {type(error).__name__}") from None

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        limits = Config(connect_timeout=4, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
        return boto3.session.Session().client(self._service, config=limits, **self._access())


def _staged(found: Mapping[str, Any], label: str) -> str | None:
    stages = found.get("VersionIdsToStages") or {}
    return next((str(version) for version, labels in stages.items() if label in labels), None)
