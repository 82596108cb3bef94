"""Secrets that are kept in a stack's file, encrypted: :class:`custody.ports.Keeper`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from adapters.secret_stores import ConfigSecrets
from adapters.stack_file import StackFile
from core.ports import Kept
from core.secret import Secret
from core.settings.base import NAMESPACE
from core.settings.credentials import Credential
from core.settings.secrets import StoredSecret


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
