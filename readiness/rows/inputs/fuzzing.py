"""What schemathesis is given, and what it reports. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.settings.calls import Call

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
SERVER_ERROR = "ServerError"
ACCEPTED = "AcceptedNegativeData"


@dataclass(frozen=True)
class Fuzzed:
    """One run. ``failures`` are schemathesis's kinds of failure with the operations that have them."""

    version: str
    seed: int
    complete: bool
    selected: int
    tested: int
    cases: int
    failures: Mapping[str, tuple[str, ...]]
    errors: int
    said: str = ""
    """What schemathesis says of what it could not try."""

    def of(self, *kinds: str) -> list[str]:
        """``operation (kind)`` for each failure of these kinds."""
        return [f"{where} ({kind})" for kind, places in self.failures.items() if kind in kinds for where in places]

    def but(self, *kinds: str) -> list[str]:
        """The same for all other kinds."""
        return self.of(*(kind for kind in self.failures if kind not in kinds))


def narrowed(document: Mapping[str, Any], left_out: Iterable[Call | None], ids: Mapping[str, str]) -> dict[str, Any]:
    """The document without the calls that would end the session or the account, and with ``ids`` as the only values of
    parameters of these names, so that requests get to what the account owns.
    """
    made = copy.deepcopy(dict(document))
    out = {(call.method.lower(), call.path.partition("?")[0]) for call in left_out if call is not None}
    paths = made.get("paths")
    for path, item in list(paths.items()) if isinstance(paths, dict) else ():
        if not isinstance(item, dict):
            continue
        for method in _METHODS:
            if (method, path) in out:
                item.pop(method, None)
            elif isinstance(item.get(method), dict):
                _pin(item[method].get("parameters"), ids)
        _pin(item.get("parameters"), ids)
    made["servers"] = []
    return made


def bounded(document: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """What is left of a :func:`narrowed` document of operations that take a body or a query, with ``ids`` in their
    paths: what may be sent there has bounds, and odd ids have been tried by chance.
    """
    made = copy.deepcopy(dict(document))
    paths = made.get("paths")
    found = {}
    for path, item in paths.items() if isinstance(paths, dict) else ():
        kept = {key: value for key, value in item.items() if key not in _METHODS or _takes(value)}
        for part in (kept, *(value for key, value in kept.items() if key in _METHODS)):
            if isinstance(part.get("parameters"), list):
                part["parameters"] = [one for one in part["parameters"] if not _is_id(one, ids)]
        if kept.keys() & set(_METHODS):
            found[filled(path, ids)] = kept
    made["paths"] = found
    return made


def filled(path: str, ids: Mapping[str, str]) -> str:
    """``path`` with values for names."""
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def unfilled(text: str, ids: Mapping[str, str]) -> str:
    """``text`` with names for values again: no two runs have the same ids."""
    for name, value in ids.items():
        text = text.replace(value, f"{{{name}}}") if value else text
    return text


def _takes(operation: Any) -> bool:
    """Whether it has a body, or a parameter in its query."""
    if not isinstance(operation, dict):
        return False
    given = operation.get("parameters")
    return "requestBody" in operation or any(
        isinstance(one, dict) and one.get("in") == "query" for one in (given if isinstance(given, list) else ())
    )


def _is_id(one: Any, ids: Mapping[str, str]) -> bool:
    return isinstance(one, dict) and one.get("in") == "path" and one.get("name") in ids


def _pin(parameters: Any, ids: Mapping[str, str]) -> None:
    for one in parameters if isinstance(parameters, list) else ():
        if isinstance(one, dict) and one.get("in") == "path" and one.get("name") in ids:
            one["schema"] = {"type": "string", "enum": [ids[one["name"]]]}


def reported(report: Mapping[str, Any]) -> Fuzzed | None:
    """The JSON report of schemathesis 4; None for what is none."""
    try:
        operations, cases = report["operations"], report["test_cases"]
        failures = {one["type"]: tuple(one["operations"]) for one in report["failures"]}
        return Fuzzed(
            str(report["schemathesis_version"]),
            int(report["seed"]),
            bool(report["complete"]),
            int(operations["selected"]),
            int(operations["tested"]),
            int(cases["generated"]),
            failures,
            max(len(report["errors"]), int(operations["errored"])),
            json.dumps(report["errors"])[:1000] if report["errors"] else "",
        )
    except (KeyError, TypeError, ValueError):
        return None


def short_of(fuzzed: Fuzzed, beyond: int) -> str:
    """Why a run says less than it should; "" where it was whole."""
    why = []
    if not fuzzed.complete:
        why.append("it did not come to its end")
    if fuzzed.tested < fuzzed.selected or not fuzzed.selected:
        why.append(f"{fuzzed.tested} of {fuzzed.selected} operations were tried")
    if fuzzed.errors:
        why.append(f"{fuzzed.errors} operations could not be tried")
    if beyond:
        why.append(f"{beyond} requests were more than a run may send")
    return ", ".join(why)
