"""Tasks that look at what is really there: `drift`, beside what a stack declares, and `adopt`, for a zone that nobody
has declared yet.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from core.errors import SettingsError
from core.terminal import clean

if TYPE_CHECKING:
    from adapters.cloudflare_api import CloudflareApi
    from core.secret import Secret
    from drift.compare import Compared, Wanted
    from drift.differences import Difference
    from lab.engine.declared import Declared

_LAB = "lab"
_PLATFORM = "launch-ready:stacks:Zone::"
"""In the URN of the component that declares the platform's zone (stacks/zone.py)."""
_DRIFTED = 2
_LONGEST = 200
_HEADS = {
    "missing": "declared, and not there",
    "changed": "not as it is declared",
    "undeclared": "there, and declared by nobody",
}


@command(
    help={
        "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
        "json": "JSON on standard output, and nothing else there",
    }
)
def drift(_context: Context, stack: str = _LAB, json: bool = False) -> None:
    """Say how the live zone differs from what the stack declares; nothing is changed.

    It is read through Cloudflare's API (CLOUDFLARE_API_TOKEN) and not from Pulumi's state: what was changed by hand,
    and records, rules and settings that nobody declared. The exit status is 0 without a difference, 2 with one, 1 if
    not all of it could be read.

    Examples: `invoke drift`, `invoke drift --stack production --json`.
    """
    from core.settings.base import stack_file

    stack_file(ROOT / "stacks", stack)
    found = compared(stack, api_of(stack))
    if json:
        _say_json({"stack": stack, **document(found)})
    else:
        _say(*lines(found))
    if found.differences:
        raise Exit(code=_DRIFTED)


@command(
    default=True,
    help={
        "zone": "the domain, as Cloudflare has it",
        "out": "the file to write, stacks/Pulumi.NAME.yaml (without it, NAME is the domain with hyphens)",
        "lab": "the lab's API, in place of the one that CLOUDFLARE_API_TOKEN is for",
    },
)
def adopt(_context: Context, zone: str, out: str = "", lab: bool = False) -> None:
    """Write a stack's file that declares an existing zone as it is, and the file that imports it; nothing is changed.

    After the import, `invoke preview` has no change. What the file cannot say exactly is left as it is
    (launch-ready:unmanaged) and listed, here and at the file's head.

    Examples: `invoke adopt --zone community.example`, `invoke adopt --zone community.example --out
    stacks/Pulumi.production.yaml`.
    """
    from cli.adopt import adopt as write

    file = ROOT / (out or f"stacks/Pulumi.{zone.replace('.', '-')}.yaml")
    if file.parent != ROOT / "stacks" or not file.name.startswith("Pulumi.") or file.suffix != ".yaml":
        raise SettingsError(f"--out is {out}: a stack's file is stacks/Pulumi.NAME.yaml")
    done = write(zone, file, ROOT, api_of(_LAB if lab else file.stem.removeprefix("Pulumi.")), declared_by, wanted_by)
    stack = file.stem.removeprefix("Pulumi.")
    where = done.imports.relative_to(ROOT)
    _say(
        f"{file.relative_to(ROOT)} declares {done.resources} things as they are; {where} imports them:",
        f"  pulumi stack init {stack}",
        f"  pulumi import --stack {stack} --file {where} --generate-code=false --protect=false",
        f"  (or, with the lab's engine: invoke adopt.import --stack {stack})",
        f"  invoke preview --stack {stack}      # no change",
        *(["left as it is, or in no file:"] if done.left else []),
        *(f"  {clean(line)}" for line in done.left),
    )


@command(name="import", help={"stack": "the stack that `invoke adopt` wrote: stacks/import.STACK.json is read"})
def import_(_context: Context, stack: str) -> None:
    """Take what an import file names into the state of the lab's engine; nothing is changed in the API.

    The Pulumi CLI does the same by `pulumi import --file`. Example: `invoke adopt.import --stack community-test`.
    """
    from core.settings.base import stack_file
    from lab.engine import api, render
    from lab.engine.connect import project_of
    from lab.engine.terminal import progress_to
    from lab.place import here

    stack_file(ROOT / "stacks", stack)
    project = project_of(here(ROOT), stack, os.environ)
    done = api.take_over(project, progress_to(sys.stdout), ROOT / "stacks" / f"import.{stack}.json")
    _say(*render.result(done))


def compared(stack: str, api: CloudflareApi) -> Compared:
    """What the stack declares, beside what ``api`` has."""
    from drift.compare import compare

    return compare(wanted_by(declared_by(stack)), api)


def declared_by(stack: str) -> list[Declared]:
    """What the program of the stack declares. Without a passphrase, what it makes of secrets is made of digests."""
    from core.settings.base import stack_file
    from lab.engine.declared import declared

    stack_file(ROOT / "stacks", stack)
    return declared(ROOT, stack, _passphrase(stack))


def wanted_by(found: Sequence[Declared]) -> list[Wanted]:
    """Cloudflare's resources among them, each with the zone that it is in; the account's go with the platform's own.

    Zones are declared side by side, in any order: which one is the platform's is told by what it was declared in.
    """
    from drift.compare import Wanted

    ours = [each for each in found if each.resource.type.startswith("cloudflare:")]
    zones = {each.resource.urn: each.parent for each in ours if each.resource.kind == "Zone"}
    platform = next((urn for urn, parent in zones.items() if _PLATFORM in parent), "")
    wanted = []
    for each in (one.resource for one in ours):
        own = each.urn if each.urn in zones else each.zone
        wanted.append(Wanted(each, own if own in zones else platform))
    return wanted


def api_of(stack: str) -> CloudflareApi:
    """The API that the stack's zone is at."""
    from adapters.cloudflare_api import CloudflareApi
    from cli.around import cloudflare_access

    return CloudflareApi(*cloudflare_access(stack))


def _passphrase(stack: str) -> Secret | None:
    from lab.passphrase import passphrase_of

    try:
        return passphrase_of(stack, os.environ)
    except SettingsError:
        return None


def document(found: Compared) -> dict[str, Any]:
    """``{drift, differences: [{what, kind, name, path, declared, live, urn, zone}], not_compared, looked_at}``."""
    return {
        "drift": bool(found.differences),
        "differences": [difference.as_json() for difference in found.differences],
        "not_compared": found.not_compared,
        "looked_at": found.looked_at,
    }


def lines(found: Compared) -> list[str]:
    """For people: text from the zone is shown and never obeyed."""
    told: list[str] = []
    for what, head in _HEADS.items():
        these = [difference for difference in found.differences if difference.what == what]
        if these:
            told += [f"{head}:", *(f"  {_line(difference)}" for difference in these)]
    if found.not_compared:
        told += ["not compared:", *(f"  {clean(each)}" for each in found.not_compared)]
    count = len(found.differences)
    end = f"{count} difference{'s'[: count != 1]}" if count else "no difference"
    return [*told, f"{end}, in {found.looked_at} objects that are there"]


def _line(difference: Difference) -> str:
    name = f"{difference.kind} {difference.name}"
    if difference.what == "changed":
        return clean(f"{name}: {difference.path} is {_shown(difference.live)}, declared {_shown(difference.declared)}")
    return clean(name + (f" is {_shown(difference.live)}" if difference.live is not None else ""))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text or '""'
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _say(*told: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in told))


def _say_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
