"""The ledger's copy in S3, by boto3, which is imported once a copy is made or read.

An object is put with Object Lock, with its SHA-256 for S3 to check, and only where none has its name:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from core.errors import StoreError
from core.settings.proof import Ledger

_CONNECT_SECONDS, _READ_SECONDS = 4, 10
_TAKEN = ("PreconditionFailed", "412")


class S3Ledger:
    """Fulfils :class:`deploy.ledger.copy.Vault`. Region, login and endpoint are AWS's own environment."""

    def __init__(self, settings: Ledger) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def names(self, folder: str) -> list[str]:
        """The names below ``folder/``, without the prefix of the settings; a marker of deletion hides none."""
        prefix = self._settings.prefix
        versions = self._versions(f"{prefix}{folder}/")
        return sorted({version["Key"].removeprefix(prefix) for version in versions})

    def put(self, name: str, data: bytes) -> None:
        """Put a new object, locked for the days of the settings; one that is there already is left as it is."""
        until = datetime.now(UTC) + timedelta(days=self._settings.retention_days)
        with self._words("be written to", ignore=_TAKEN) as client:
            client.put_object(
                Bucket=self._settings.bucket,
                Key=self._settings.prefix + name,
                Body=data,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(data).digest()).decode(),
                ObjectLockMode=self._settings.mode,
                ObjectLockRetainUntilDate=until,
                IfNoneMatch="*",
                ContentType="application/jsonl",
            )

    def get(self, name: str) -> bytes:
        """An object's content by its first version: a later one, or a marker of deletion, hides it and no more."""
        key = self._settings.prefix + name
        versions = [version for version in self._versions(key) if version["Key"] == key]
        if not versions:
            raise StoreError(f"the bucket {self._settings.bucket} has no {key}")
        # Their times are whole seconds; S3 lists what was stored last first.
        first = min(reversed(versions), key=lambda version: version["LastModified"])["VersionId"]
        with self._words("be read") as client:
            answer = client.get_object(Bucket=self._settings.bucket, Key=key, VersionId=first)
            return bytes(answer["Body"].read())

    def _versions(self, prefix: str) -> list[dict[str, Any]]:
        with self._words("be listed") as client:
            pages = client.get_paginator("list_object_versions").paginate(Bucket=self._settings.bucket, Prefix=prefix)
            return [version for page in pages for version in page.get("Versions", [])]

    @contextmanager
    def _words(self, what: str, ignore: tuple[str, ...] = ()) -> Iterator[Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket = self._settings.bucket
        try:
            with self._lock:
                client = self._client
            yield client
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "no code"))
            if code not in ignore:
                raise StoreError(f"the bucket {bucket} cannot {what}: {code}{_hint(code)}") from None
        except BotoCoreError as error:
            raise StoreError(f"the bucket {bucket} cannot {what}: {str(error).splitlines()[0][:200]}") from None

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        limits = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
        return boto3.session.Session().client("s3", config=limits)


def _hint(code: str) -> str:
    if code in ("InvalidRequest", "ObjectLockConfigurationNotFoundError"):
        return " (has the bucket Object Lock?)"
    return ""
