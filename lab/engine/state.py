"""The state of a stack on disk, in the format that ``pulumi stack export`` writes (``apitype.DeploymentV3``).

``{version: 3, deployment: {manifest, secrets_providers: {type: passphrase, state: {salt}}, resources,
pending_operations}}``. A secret stands as Pulumi's signature map with ``ciphertext`` around its JSON. The file is
replaced whole, so that a reader or a power cut finds the old one or the new one; it is readable by its owner alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import EngineError, LockedError, SettingsError
from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY, Crypter
from lab.engine.model import Resource
from lab.engine.wire import Properties, Secret

FORMAT = 3
ENGINE_VERSION = "v3.272.0"
"""The Pulumi whose formats this engine follows; it stands in the manifest."""

_FIELDS = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "inputs",
    "outputs": "outputs",
    "parent": "parent",
    "protect": "protect",
    "external": "external",
    "dependencies": "dependencies",
    "provider": "provider",
    "propertyDependencies": "property_dependencies",
    "additionalSecretOutputs": "additional_secret_outputs",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "created": "created",
    "modified": "modified",
}
_PROPERTIES = ("inputs", "outputs")
_ALWAYS = ("urn", "custom", "type")


@dataclass(frozen=True)
class Pending:
    """A step that was begun: ``kind`` is ``creating``, ``updating``, ``deleting``, ``reading`` or ``importing``."""

    kind: str
    resource: Resource


class Codec:
    """Turns resources into JSON and back, with one stack's key.

    An unchanged secret keeps its ciphertext from one writing to the next, so that a state that did not change is the
    same file. Without a crypter secrets read as masked ones and cannot be written.
    """

    def __init__(self, crypter: Crypter | None) -> None:
        """Take the stack's crypter, or None to look without the passphrase."""
        self._crypter = crypter
        self._sealed: dict[tuple[str, str], str] = {}

    def encode(self, resource: Resource) -> dict[str, Any]:
        """``apitype.ResourceV3``; fields without a value are left out, as Pulumi does."""
        document: dict[str, Any] = dict(resource.extra)
        for name, attribute in _FIELDS.items():
            value = getattr(resource, attribute)
            if name in _PROPERTIES:
                value = self._encode(value, resource.urn)
            if value or name in _ALWAYS:
                document[name] = value
        return document

    def decode(self, document: Mapping[str, Any]) -> Resource:
        """The resource of a state file's entry. Raises :class:`EngineError` for one that is not one."""
        if not isinstance(document.get("urn"), str) or not isinstance(document.get("type"), str):
            raise EngineError("the state has a resource without a urn or a type: restore the state from a copy")
        urn = document["urn"]
        known = {attribute: document[name] for name, attribute in _FIELDS.items() if document.get(name) is not None}
        for name in _PROPERTIES:
            known[name] = self._decode(known.get(name, {}), urn)
        known.setdefault("custom", False)
        extra = {key: value for key, value in document.items() if key not in _FIELDS}
        return Resource(**known, extra=extra)

    def _encode(self, value: Any, urn: str) -> Any:
        if isinstance(value, Mapping):
            return {key: self._encode(item, urn) for key, item in value.items()}
        if isinstance(value, list):
            return [self._encode(item, urn) for item in value]
        if isinstance(value, Secret):
            return {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": self._seal(value, urn)}
        return value

    def _seal(self, secret: Secret, urn: str) -> str:
        if self._crypter is None:
            raise EngineError("the state holds secrets and was opened without its passphrase")
        plain = json.dumps(self._encode(secret.value, urn), separators=(",", ":"))
        if (urn, plain) not in self._sealed:
            self._sealed[urn, plain] = self._crypter.encrypt(plain)
        return self._sealed[urn, plain]

    def _decode(self, value: Any, urn: str) -> Any:
        if isinstance(value, Mapping):
            if value.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
                return self._open(value, urn)
            return {key: self._decode(item, urn) for key, item in value.items()}
        if isinstance(value, list):
            return [self._decode(item, urn) for item in value]
        return value

    def _open(self, sealed: Mapping[str, Any], urn: str) -> Secret:
        if "plaintext" in sealed:
            return Secret(self._decode(json.loads(sealed["plaintext"]), urn))
        if self._crypter is None:
            return Secret(None)
        try:
            plain = self._crypter.decrypt(str(sealed.get("ciphertext", ""))).reveal()
            value = json.loads(plain)
        except (SettingsError, json.JSONDecodeError) as error:
            raise EngineError(f"the state of {urn} holds a secret that cannot be opened: {error}") from None
        self._sealed[urn, plain] = str(sealed["ciphertext"])
        return Secret(self._decode(value, urn))


@dataclass(frozen=True)
class StateFile:
    """Where a stack's state is: ``<folder>/<stack>.json``, and beside it the lock that a run holds."""

    folder: Path
    stack: str

    @property
    def path(self) -> Path:
        """The state itself."""
        return self.folder / f"{self.stack}.json"

    def read(self) -> dict[str, Any]:
        """The document; one of an empty stack if there is none yet. Raises :class:`EngineError` for a damaged one."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            deployment = document["deployment"]
            if document["version"] != FORMAT or not isinstance(deployment["resources"], list):
                raise EngineError(f"{self.path} is not a state of version {FORMAT}: restore it from a copy")
        except FileNotFoundError:
            return {"version": FORMAT, "deployment": {"resources": []}}
        except OSError as error:
            raise EngineError(f"{self.path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise EngineError(
                f"{self.path} is not a Pulumi state that can be understood: restore it from a copy"
            ) from None
        return dict(document)

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the state, durably. The one temporary file has a fixed name: whoever writes holds the lock."""
        temporary = self.folder / f".{self.stack}.json.new"
        data = json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            self._sync_folder()
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise EngineError(f"the state {self.path} cannot be written: {error.strerror}") from None

    def _open_lock(self) -> int:
        lock = self.folder / f"{self.stack}.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise EngineError(f"the stack's lock {lock} cannot be opened: {error.strerror}") from None

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def hold(self, operation: str) -> Iterator[None]:
        """Hold the stack's lock, or raise :class:`LockedError` that names who does.

        The kernel lets go of it when the process ends, however it ends.
        """
        descriptor = self._open_lock()
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = file.read(200).strip() or "another run"
                raise LockedError(f"the stack {self.stack} is held by {holder}: wait until it is done") from None
            file.truncate(0)
            file.write(f"`{operation}`, process {os.getpid()}, since {_now()}")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def manifest() -> dict[str, str]:
    """The deployment's manifest; ``magic`` is what ``pulumi stack import`` checks."""
    return {"time": _now(), "magic": hashlib.sha256(ENGINE_VERSION.encode()).hexdigest(), "version": ENGINE_VERSION}


def salt_of(document: Mapping[str, Any]) -> str:
    """The ``encryptionsalt`` of a state, or nothing. Raises :class:`EngineError` for another secrets provider."""
    provider = document["deployment"].get("secrets_providers") or {}
    if not provider:
        return ""
    if provider.get("type") != "passphrase":
        raise EngineError(f"the state's secrets are kept by {provider.get('type')!r}, and this engine knows passphrase")
    return str(provider.get("state", {}).get("salt", ""))


def stack_outputs(resources: list[Resource]) -> Properties:
    """The outputs of the stack's root resource."""
    return next((resource.outputs for resource in resources if resource.is_stack), {})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
