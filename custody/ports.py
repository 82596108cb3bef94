"""What the care of secrets needs of the world."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from core.ports import Kept
from core.secret import Secret
from core.settings.secrets import StoredSecret


class Keeper(Protocol):
    """A place where secrets are kept. Each call raises :class:`core.errors.StoreError` or ``SettingsError``."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    def keeps(self, item: StoredSecret) -> bool:
        """Whether the stack's file says that ``item`` is kept here."""
        ...

    def look(self, item: StoredSecret) -> Kept | None:
        """What is there; None for nothing. No value is read."""
        ...

    def put(self, item: StoredSecret, value: Secret) -> str:
        """Make ``value`` the one that is given out; where it is already, nothing is done. How it went, in words."""
        ...

    def retire(self, item: StoredSecret) -> str:
        """Have the value before no more given out. How far that goes here, in words."""
        ...

    def others(self, items: Collection[StoredSecret]) -> list[str]:
        """The names of what this stack's store holds beside ``items``."""
        ...


class Sealer(Protocol):
    """The stack's own encryption, for a value that has to outlive this process."""

    def seal(self, value: Secret) -> str:
        """``value`` as a text that nobody without the stack's passphrase reads."""
        ...

    def open(self, sealed: str) -> Secret:
        """The value again. Raises :class:`core.errors.SettingsError`."""
        ...
