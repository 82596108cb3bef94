"""Reading the case files of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import SettingsError
from core.settings.explain import explain, near
from core.settings.yaml_tree import Tree, read_tree
from edge.cases.model import Case, CaseFile
from edge.request import RequestError
from edge.typed import typed_field

FOLDER = "stacks/requests"


@dataclass(frozen=True)
class Cases:
    """All cases of a folder, with where each stands (``file:line``), and the clients of all files."""

    cases: tuple[Case, ...]
    where: Mapping[str, str]
    clients: Mapping[str, Mapping[str, Any]]

    def only(self, name: str) -> Cases:
        """The one case of this name. Raises :class:`SettingsError` if there is none."""
        found = tuple(case for case in self.cases if case.name == name)
        if not found:
            hint = near(name, [case.name for case in self.cases])
            raise SettingsError(f"there is no case {name!r}{hint}: --case takes a case's name")
        return Cases(found, self.where, self.clients)


def read_cases(root: Path) -> Cases:
    """The cases of the project in ``root``. Raises :class:`SettingsError` that holds every reason, a line each."""
    files = sorted((root / FOLDER).glob("*.yaml"))
    if not files:
        raise SettingsError(f"{root / FOLDER} has no case file: write one, NAME.yaml (docs/requests.md)")
    trees = [replace(read_tree(file), name=str(file.relative_to(root))) for file in files]
    read, reasons = [], []
    for tree in trees:
        try:
            read.append((tree, CaseFile.model_validate_json(json.dumps(tree.value or {}))))
        except ValidationError as error:
            reasons += explain(error, CaseFile, tree.value, tree)
    clients = {name: fields for _, file in read for name, fields in file.clients.items()}
    where: dict[str, str] = {}
    for tree, file in read:
        reasons += [*_bad_clients(tree, file), *_bad_cases(tree, file, clients, where)]
    if reasons:
        raise SettingsError("\n".join(reasons))
    return Cases(tuple(case for _, file in read for case in file.cases), where, clients)


def _bad_clients(tree: Tree, file: CaseFile) -> Iterator[str]:
    for name, fields in file.clients.items():
        yield from _bad_fields(tree, ("clients", name), fields)


def _bad_cases(
    tree: Tree, file: CaseFile, clients: Mapping[str, Mapping[str, Any]], where: dict[str, str]
) -> Iterator[str]:
    """What a case says of others; ``where`` collects the names."""
    for index, case in enumerate(file.cases):
        place = ("cases", index)
        if case.name in where:
            yield f"{tree.where(place)}: the case {case.name} stands at {where[case.name]} already: rename one"
        where.setdefault(case.name, tree.where(place))
        for client in (case.request.client, *(case.burst.clients if case.burst else ())):
            if client not in clients:
                yield f"{tree.where(place)}: case {case.name}: there is no client {client!r}{near(client, clients)}"
        yield from _bad_fields(tree, (*place, "request", "fields"), case.request.fields)


def _bad_fields(tree: Tree, place: tuple[str | int, ...], fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        try:
            typed_field(name, value, RequestError)
        except RequestError as error:
            yield f"{tree.where((*place, name))}: {error}"
