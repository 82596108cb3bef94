"""`invoke adopt`: the loop that writes a stack's file, sees what it would change, and leaves that alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import LiveError, SettingsError
from core.ports import LiveApi
from core.settings.base import NAMESPACE
from core.settings.dns import Dns
from core.settings.records import record_key
from core.settings.stack import load_stack
from drift.adopt import Draft, draft_of, read_zone
from drift.compare import Compared, Wanted, compare
from drift.differences import Difference
from drift.stack_file import import_file, stack_file
from lab.engine.declared import Declared

_MOST_ROUNDS = 8
_SECTION = re.compile(rf"config\.{NAMESPACE}:(?P<section>[a-z_]+)(?:\.records\[(?P<record>\d+)\])?")
_COMPONENT = re.compile(r"launch-ready:stacks:(\w+)")
_CONCERNS = {
    "Waf": "waf",
    "RateLimits": "rate_limits",
    "Email": "email",
    "Secrets": "secrets",
    "Redirects": "redirects",
    "Cache": "cache",
    "Headers": "headers",
}


@dataclass(frozen=True)
class Adopted:
    """What was written: ``left`` is what is in no file, a line each."""

    file: Path
    imports: Path
    left: tuple[str, ...]
    resources: int


def adopt(
    zone: str,
    file: Path,
    root: Path,
    api: LiveApi,
    declared: Callable[[str], Sequence[Declared]],
    wanted: Callable[[Sequence[Declared]], list[Wanted]],
) -> Adopted:
    """Write ``file`` and the import file beside it. Neither is left behind if that cannot be done.

    Raises :class:`LiveError` if the zone cannot be read, and :class:`SettingsError` if a file of that name is there.
    """
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    imports = file.with_name(f"import.{stack}.json")
    for each in (file, imports):
        if each.exists():
            raise SettingsError(f"{each} is there already: choose another name with --out")
    found = [each for each in api.items("/zones", {"name": zone}) if each.get("name") == zone]
    if len(found) != 1:
        raise LiveError(f"the token sees {len(found)} zones with the name {zone}: it needs Zone Read for one")
    draft = draft_of(read_zone(api, found[0]))
    try:
        everything, seen = _settled(draft, zone, stack, file, root, api, declared, wanted)
        draft.left += [_told(each) for each in seen.differences]
        draft.left += seen.not_compared
        _write(file, stack_file(draft, zone))
        document = import_file([_entry(each) for each in everything if _imports(each, seen)], seen.ids)
        _write(imports, json.dumps(document, indent=2) + "\n")
    except BaseException:
        file.unlink(missing_ok=True)
        imports.unlink(missing_ok=True)
        raise
    return Adopted(file, imports, tuple(draft.left), len(seen.ids))


def _settled(
    draft: Draft,
    zone: str,
    stack: str,
    file: Path,
    root: Path,
    api: LiveApi,
    declared: Callable[[str], Sequence[Declared]],
    wanted: Callable[[Sequence[Declared]], list[Wanted]],
) -> tuple[Sequence[Declared], Compared]:
    """Write, declare, compare, and leave alone what differs, until nothing does."""
    for _round in range(_MOST_ROUNDS):
        _valid(draft, zone, stack, file, root)
        everything = declared(stack)
        seen = compare(wanted(everything), api, literal=True)
        differing = [each for each in seen.differences if each.what != "undeclared"]
        records = _by_key(draft)
        if not [each for each in differing if _leave(draft, each, records)]:
            return everything, seen
    return everything, seen


def _valid(draft: Draft, zone: str, stack: str, file: Path, root: Path) -> None:
    """Write a file that can be read: what a section does not allow is taken out of it, and told."""
    for _round in range(_MOST_ROUNDS):
        _write(file, stack_file(draft, zone))
        try:
            load_stack(root, stack)
        except SettingsError as error:
            if not [line for line in _a_record_once(str(error).splitlines()) if _mend(draft, line, zone)]:
                raise
        else:
            return


def _a_record_once(lines: Sequence[str]) -> list[str]:
    """The last record first, for taking one out moves those behind it; of what is wrong with one record, one line."""
    of_records = {index: line for line in reversed(lines) if (index := _record_index(line)) >= 0}
    rest = dict.fromkeys(line for line in lines if _record_index(line) < 0)
    return [*(of_records[index] for index in sorted(of_records, reverse=True)), *rest]


def _record_index(line: str) -> int:
    found = _SECTION.search(line)
    return int(found["record"]) if found and found["record"] else -1


def _mend(draft: Draft, line: str, zone: str) -> bool:
    found = _SECTION.search(line)
    section = found["section"] if found else ""
    why = line.partition(": ")[2]
    if section == "dns" and found and found["record"]:
        records = draft.config["dns"]["records"]
        index = int(found["record"])
        if index >= len(records) or records[index] is None:
            return False
        draft.left.append(f"record {records[index].get('type')} {records[index].get('name')}: {why}")
        del records[index]
        return True
    if section == "email" and "email" not in draft.unmanaged["concerns"]:
        draft.config["email"] = {"dmarc": {"policy": "quarantine", "reports": [f"dmarc@{zone}"]}}
        draft.leave("email", why)
        return True
    if section == "waf" and "waf" not in draft.unmanaged["concerns"]:
        draft.config["waf"] = {"rules": []}
        draft.leave("waf", why)
        return True
    if section == "tls" and "tls" not in draft.unmanaged["concerns"]:
        draft.config["tls"] = {}
        draft.leave("tls", why)
        return True
    return False


def _leave(draft: Draft, difference: Difference, records: Mapping[str, dict[str, Any]]) -> bool:
    """Leave alone what the difference is about; whether there is something to leave."""
    before = len(draft.left)
    component = (_COMPONENT.findall(difference.urn) or [""])[-1]
    name, why = difference.urn.rsplit("::", 1)[-1], _why(difference)
    if component == "Tls" and difference.kind == "ZoneSetting":
        draft.leave_setting(name, why)
    elif difference.kind == "ZoneDnssec":
        draft.leave("dnssec", why)
    elif component == "Dns":
        _leave_record(draft, name, why, records)
    elif component in _CONCERNS:
        draft.leave(_CONCERNS[component], f"{difference.kind} {difference.name}: {why}")
    return len(draft.left) > before


def _by_key(draft: Draft) -> dict[str, dict[str, Any]]:
    """The records of the file, each by what its resource is called."""
    records = draft.config["dns"]["records"]
    section = Dns.model_validate_json(json.dumps(draft.config["dns"]))
    return {record_key(read): record for read, record in zip(section.records, records, strict=True)}


def _leave_record(draft: Draft, key: str, why: str, records: Mapping[str, dict[str, Any]]) -> None:
    record = records.get(key)
    if record is None:
        draft.leave("web", f"{key}: {why}")
        return
    listed = draft.config["dns"]["records"]
    place = next((index for index, each in enumerate(listed) if each is record), -1)
    if place >= 0:
        draft.left.append(f"record {record['type']} {record['name']}: {why}")
        del listed[place]


def _why(difference: Difference) -> str:
    if difference.what == "missing":
        return "there is none"
    return f"{difference.path} is {json.dumps(difference.live)}, and would be {json.dumps(difference.declared)}"


def _told(difference: Difference) -> str:
    if difference.what == "undeclared":
        return f"{difference.kind} {difference.name}: there, and not in this file"
    return f"{difference.kind} {difference.name}: the first `up` would change it: {_why(difference)}"


def _imports(each: Declared, seen: Compared) -> bool:
    return not each.resource.type.startswith("pulumi:") and (not each.resource.custom or each.resource.urn in seen.ids)


def _entry(each: Declared) -> dict[str, Any]:
    resource = each.resource
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": each.parent,
        "custom": resource.custom,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
