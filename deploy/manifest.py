"""``release.toml``: what a release says of itself."""

from __future__ import annotations

import json
import tomllib
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from core.settings.explain import explain
from core.settings.section import Section
from core.settings.yaml_tree import Tree
from core.terminal import clean
from deploy.layout import VERSION

MANIFEST = "release.toml"
MOST_BYTES = 64 * 1024

Words = Annotated[tuple[Annotated[str, Field(min_length=1, pattern=r"^[^\x00\n]+$")], ...], Field(min_length=1)]
SchemaVersion = Annotated[int, Field(ge=0)]


class Migrations(Section):
    """What brings the database to where this release needs it."""

    command: Words
    """Run in the release's folder, once a deploy, on one host, before any colour starts. May be run again."""


class Schema(Section):
    """The versions of the database's schema that a release can live with."""

    minimum: SchemaVersion
    maximum: SchemaVersion
    target: SchemaVersion
    """What its migrations bring the database to."""

    @model_validator(mode="after")
    def _in_order(self) -> Schema:
        if not self.minimum <= self.target <= self.maximum:
            raise ValueError("target must lie between minimum and maximum")
        return self


class Contract(Section):
    """What takes away from the database what only older releases need."""

    command: Words
    """Run in the live release's folder by `invoke deploy.contract`, on one host. All of it in one transaction, and
    doing nothing where that is done: it may be run again."""
    target: SchemaVersion
    """What it brings the database to."""


class Manifest(Section):
    """``release.toml``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[str, Field(pattern=f"^{VERSION.pattern}$")]
    command: Words
    """Run in the release's folder; listens on the Unix socket ``$APP_SOCKET``."""
    health_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$")]
    environment: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = ()
    """Names that ``/etc/app/env`` on every host must set."""
    secrets: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")], ...] = ()
    """Names that it reads from ``$CREDENTIALS_DIRECTORY``: the stack's ``launch-ready:credentials`` says from where."""
    migrations: Migrations | None = None
    contract: Contract | None = None
    schema_: Annotated[Schema | None, Field(alias="schema")] = None

    @model_validator(mode="after")
    def _lives_with_its_contract(self) -> Manifest:
        schema = self.schema_
        if self.contract and not (schema and schema.target < self.contract.target <= schema.maximum):
            raise ValueError("contract.target must be above schema.target, and at most schema.maximum")
        return self


def read_manifest(data: bytes) -> tuple[Manifest | None, list[str]]:
    """The manifest in ``data``, or every reason why there is none."""
    try:
        found = tomllib.loads(data.decode("utf-8"))
        return Manifest.model_validate_json(json.dumps(found)), []
    except UnicodeDecodeError:
        return None, [f"{MANIFEST} is not UTF-8 text of at most {MOST_BYTES} bytes"]
    except (tomllib.TOMLDecodeError, RecursionError, TypeError) as error:
        return None, [f"{MANIFEST} is not TOML of plain values: {clean(str(error))[:160]}"]
    except ValidationError as error:
        return None, explain(error, Manifest, found, Tree(MANIFEST, found, {}))
