"""Where secrets are kept: a stack's file, Cloudflare's store, AWS. Each fulfils :class:`custody.ports.Keeper`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from adapters.secret_stores import ConfigSecrets
from adapters.stack_file import StackFile
from adapters.web import Client
from core.errors import AfterError, StoreError
from core.ports import Kept
from core.secret import Secret
from core.settings.base import NAMESPACE
from core.settings.credentials import Credential
from core.settings.secrets import Secrets, StoredSecret

_ID = re.compile(r"[0-9a-f]{32}")
_PER_PAGE = 100
OURS = "launch-ready:stack"


class FileKeeper:
    """The stack's own file: every secret's config secret, encrypted, and the day on which it was made."""

    name = "the stack's file"

    def __init__(self, path: Path, config: ConfigSecrets, today: Callable[[], date]) -> None:
        """``config`` reads and seals by the stack's passphrase."""
        self._path = path
        self._config = config
        self._today = today

    def keeps(self, item: StoredSecret) -> bool:
        """Always: the file is what the other places are filled from."""
        del item
        return True

    def look(self, item: StoredSecret) -> Kept | None:
        """The day that the file names."""
        if self._sealed(StackFile(self._path), item) is None:
            return None
        return Kept(None if item.made is None else datetime.combine(item.made, time(), UTC))

    def put(self, item: StoredSecret, value: Secret) -> str:
        """Seal it in the file's place, with today beside the item."""
        file = StackFile(self._path)
        if self._sealed(file, item) is not None and self._config.read(_config_credential(item)) == value:
            return "there already"
        key = f"{NAMESPACE}:{item.config_secret}"
        put_sealed(file, key, self._config.seal(value))
        items = ("config", f"{NAMESPACE}:secrets", "items")
        index = [each["name"] for each in _list(file.value, items)].index(item.name)
        file.set((*items, index, "made"), self._today().isoformat())
        file.save()
        self._config.forget()
        return f"config.{key} is sealed anew: commit the file"

    def retire(self, item: StoredSecret) -> str:
        """Nothing more is to be done here."""
        del item
        return "replaced; the file's history has the old one, sealed"

    def others(self, items: Collection[StoredSecret]) -> list[str]:
        """None: what no section names is refused when the file is read."""
        del items
        return []

    @staticmethod
    def _sealed(file: StackFile, item: StoredSecret) -> str | None:
        config = file.value.get("config", {}) if isinstance(file.value, dict) else {}
        found = config.get(f"{NAMESPACE}:{item.config_secret}") if isinstance(config, dict) else None
        sealed = found.get("secure") if isinstance(found, dict) else None
        return sealed if isinstance(sealed, str) else None


def put_sealed(file: StackFile, key: str, sealed: str) -> None:
    """Have ``config.<key>`` hold a sealed value, new or in the place of another."""
    config = file.value.get("config") if isinstance(file.value, dict) else None
    if isinstance(config, dict) and key in config:
        file.set(("config", key, "secure"), sealed)
    else:
        file.set_mapping(("config", key), {"secure": sealed})


def _list(value: Any, place: tuple[str, ...]) -> list[dict[str, Any]]:
    for step in place:
        value = value[step]
    return list(value)


def _config_credential(item: StoredSecret) -> Credential:
    return Credential(name="VALUE", config_secret=item.config_secret)


class CloudflareKeeper:
    """Secrets Store: https://developers.cloudflare.com/api/resources/secrets_store/. It never shows a value."""

    name = "Cloudflare"

    def __init__(self, account: str, secrets: Secrets, access: Callable[[], tuple[str, Secret]]) -> None:
        """``access`` gives the API's address and a token when it is needed."""
        self._account = account
        self._secrets = secrets
        self._access = access

    def keeps(self, item: StoredSecret) -> bool:
        """Whether a service of Cloudflare may read it."""
        return bool(item.scopes)

    def look(self, item: StoredSecret) -> Kept | None:
        """When it was changed last: that may have been its scopes or its comment too."""
        found = self._found(item.name)
        return None if found is None else Kept(_moment(found.get("modified")), str(found.get("id", "")))

    def put(self, item: StoredSecret, value: Secret) -> str:
        """PATCH the value, or POST a secret that `invoke up` will find there."""
        found = self._found(item.name)
        if found is None:
            raise StoreError(f"Cloudflare's store has no secret {item.name}: run `invoke up` first")
        with _cloudflares():
            path = f"{self._secrets_path}/{_id(found.get('id'))}"
            self._client.send("PATCH", path, json.dumps({"value": value.reveal()}).encode())
        return "its value was replaced"

    def retire(self, item: StoredSecret) -> str:
        """Nothing more is to be done: a value that is replaced is gone."""
        del item
        return "gone with its replacement"

    def others(self, items: Collection[StoredSecret]) -> list[str]:
        """What the store holds beside ``items``."""
        ours = {item.name for item in items if item.scopes}
        return sorted({str(each.get("name")) for each in self._all} - ours)

    def _found(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self._all if each.get("name") == name), None)

    @cached_property
    def _client(self) -> Client:
        with _cloudflares():
            base, token = self._access()
        return Client(Secret(base), {"Authorization": Secret(f"Bearer {token.reveal()}")}, seconds=15)

    @cached_property
    def _secrets_path(self) -> str:
        stores = f"/accounts/{quote(self._account)}/secrets_store/stores"
        if self._secrets.store_id:
            return f"{stores}/{self._secrets.store_id}/secrets"
        found = [each for each in self._pages(stores) if each.get("name") == self._secrets.store_name]
        if not found:
            raise StoreError(f"Cloudflare shows no Secrets Store {self._secrets.store_name}: run `invoke up` first")
        return f"{stores}/{_id(found[0].get('id'))}/secrets"

    @property
    def _all(self) -> list[dict[str, Any]]:
        return list(self._pages(self._secrets_path))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        page, pages = 1, 1
        while page <= pages:
            with _cloudflares():
                document = self._client.get(f"{path}?page={page}&per_page={_PER_PAGE}").document
            if not isinstance(document, dict) or document.get("success") is not True:
                raise StoreError("Cloudflare's API did not say what its Secrets Store has")
            yield from (each for each in document.get("result") or [] if isinstance(each, dict))
            info = document.get("result_info") or {}
            pages = -(-int(info.get("total_count") or 0) // _PER_PAGE)
            page += 1


@contextmanager
def _cloudflares() -> Iterator[None]:
    try:
        yield
    except AfterError as error:
        raise StoreError(f"Cloudflare's Secrets Store: {error}") from None


def _id(value: Any) -> str:
    """It goes into a path."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise StoreError("Cloudflare's API gives an id that is none")
    return value


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


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
