"""The findings that somebody closed: by the digest of what was found, or by a rule in some files; who, when and why.

The file is the repository's own, ``secrets-baseline.yaml``. No value stands in it: a digest is scrypt (RFC 7914) over
the SHA-256 of the value, so that a weak password cannot be guessed from it at leisure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from core.errors import SettingsError
from core.leaks import Leak
from core.settings.explain import explain
from core.settings.section import Section, matching
from core.settings.yaml_tree import read_tree

NAME = "secrets-baseline.yaml"
ELSEWHERE = ("release/", "site/")
"""What the paths of the live release's files and of the site's begin with here."""
_SURE = "high"
_LENGTH = 16


class Closed(Section):
    """One finding, or one kind of findings in some files, that is none to be mended any more."""

    digest: (
        Annotated[str, matching(r"[0-9a-f]{32}", "the digest that the check shows, 32 hexadecimal digits")] | None
    ) = None
    """What was found, by its digest: wherever it stands."""
    rule: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Or the scanner's rule, in the files that ``paths`` are: never for what the scanner is sure of."""
    paths: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    """Patterns such as ``tests/*``, where ``*`` stands for slashes too."""
    verdict: Literal["rotated", "not-a-secret"]
    """``rotated``: the value was a secret and is of no use any more. ``not-a-secret``: it never was one."""
    who: Annotated[str, Field(min_length=2, max_length=80)]
    """Who looked at it and answers for that."""
    when: date
    """The day, in quotes."""
    why: Annotated[str, Field(min_length=10, max_length=300)]
    """What it is, and how that is known."""

    @model_validator(mode="after")
    def _one_way(self) -> Closed:
        if (self.digest is None) == (self.rule is None) or (self.rule is None) != (not self.paths):
            raise ValueError("it must have either a digest, or a rule and paths")
        return self

    @property
    def what(self) -> str:
        """What it closes, for people."""
        return self.digest or f"{self.rule} in {', '.join(self.paths)}"


class Baseline(Section):
    """The file."""

    salt: Annotated[str, matching(r"[0-9a-f]{32}", "32 hexadecimal digits, made once for this file")]
    """What the digests are made with."""
    closed: Annotated[tuple[Closed, ...], Field(max_length=1000)] = ()
    """The findings."""


def load(root: Path) -> Baseline | None:
    """The baseline of the repository at ``root``; None without the file.

    Raises :class:`core.errors.SettingsError` with every reason: an entry without who, when or why is one.
    """
    path = root / NAME
    if not path.exists() and not path.is_symlink():
        return None
    if path.is_symlink() or not path.is_file():
        raise SettingsError(f"{path} is no plain file: put the file itself there")
    tree = read_tree(path)
    try:
        return Baseline.model_validate_json(_json(tree.value), strict=True)
    except ValidationError as error:
        raise SettingsError("\n".join(explain(error, Baseline, tree.value, tree, (), NAME))) from None


def _json(value: object) -> str:
    import json

    return json.dumps(value)


class Judge:
    """Says which findings are closed, and which entries closed none."""

    def __init__(self, baseline: Baseline | None, today: date) -> None:
        self._baseline, self._today = baseline, today
        self._digests: dict[str, str] = {}
        self._used: set[int] = set()

    def digest(self, leak: Leak) -> str:
        """What the baseline would have for it; "" without a baseline, for there is no salt."""
        if self._baseline is None:
            return ""
        if leak.fingerprint not in self._digests:
            salt = bytes.fromhex(self._baseline.salt)
            made = hashlib.scrypt(leak.fingerprint.encode(), salt=salt, n=1 << 13, r=8, p=1, dklen=_LENGTH)
            self._digests[leak.fingerprint] = made.hex()
        return self._digests[leak.fingerprint]

    def closed_by(self, leak: Leak) -> Closed | None:
        """The entry that closes it, if one does."""
        for number, entry in enumerate(self._baseline.closed if self._baseline else ()):
            if entry.when <= self._today and self._fits(entry, leak):
                self._used.add(number)
                return entry
        return None

    def _fits(self, entry: Closed, leak: Leak) -> bool:
        if entry.digest is not None:
            return entry.digest == self.digest(leak)
        by_rule = entry.rule == leak.rule and leak.confidence != _SURE
        return by_rule and any(fnmatchcase(leak.path, pattern) for pattern in entry.paths)

    def idle(self) -> list[str]:
        """The entries for the repository that closed nothing: the finding is gone, or the day is to come."""
        entries = self._baseline.closed if self._baseline else ()
        return [
            entry.what
            for number, entry in enumerate(entries)
            if number not in self._used
            and not (entry.paths and all(path.startswith(ELSEWHERE) for path in entry.paths))
        ]

    def used(self) -> Sequence[Closed]:
        """The entries that closed something."""
        entries = self._baseline.closed if self._baseline else ()
        return [entry for number, entry in enumerate(entries) if number in self._used]


def by_value(leaks: Iterable[Leak]) -> Mapping[tuple[str, str], list[Leak]]:
    """Findings of the same value by the same rule, together: a value stands in many commits."""
    found: dict[tuple[str, str], list[Leak]] = {}
    for leak in leaks:
        found.setdefault((leak.rule, leak.fingerprint), []).append(leak)
    return found
