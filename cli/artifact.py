"""Artefacts: ``artifact.pack`` and ``artifact.show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from cli.guard import command
from core.errors import SettingsError
from core.terminal import clean

if TYPE_CHECKING:
    from deploy.artifact import Artifact

PASSWORD = "MINISIGN_PASSWORD"  # noqa: S105 - the name of a variable


@command(
    help={
        "folder": "the built release, with release.toml at its top",
        "out": "the .tar.gz to write",
        "sign": "a minisign secret key to sign it with, into OUT.minisig",
    }
)
def pack(_context: Context, folder: str = "", out: str = "", sign: str = "") -> None:
    """
    Pack a built folder into an artefact that `invoke deploy` takes; the same folder gives the same bytes.

    Every member gets the time of SOURCE_DATE_EPOCH, or else of the Git commit that is checked out there. What a deploy
    would refuse is refused here. The password of an encrypted key is asked for, or taken from MINISIGN_PASSWORD.

        invoke artifact.pack --folder build --out community-2.0.0.tar.gz
        invoke artifact.pack --folder build --out community-2.0.0.tar.gz --sign minisign.key

    Exit status: 0 packed; 2 something speaks against it, and nothing was written.
    """
    import os

    from cli.output import show as tell
    from deploy.packing import pack_artifact, source_date

    if not folder or not out:
        raise SettingsError("--folder and --out are needed: the built release, and the .tar.gz to write")
    mtime = source_date(Path(folder), os.environ)
    made = pack_artifact(Path(folder), Path(out), mtime, Path(sign) if sign else None, _password)
    tell(_text(made))


@command(
    positional=["file"],
    help={
        "file": "the artefact",
        "stack": "check its signature against this stack's signing_keys",
        "json": "print one JSON document and nothing else",
    },
)
def show(_context: Context, file: str, stack: str = "", json: bool = False) -> None:
    """
    Check an artefact as `invoke deploy` does, and show what is in it.

        invoke artifact.show community-2.0.0.tar.gz
        invoke artifact.show community-2.0.0.tar.gz --stack production --json

    Exit status: 0 a deploy would take it; 2 it would not.
    """
    from cli.output import show as tell
    from deploy.artifact import open_artifact

    artifact = open_artifact(Path(file), _keys(stack) if stack else ())
    tell(_document(artifact) if json else _text(artifact))


def _keys(stack: str) -> tuple[str, ...]:
    from cli.guard import ROOT
    from core.settings.base import load_sections, stack_file
    from core.settings.release import Release

    release = load_sections(stack_file(ROOT / "stacks", stack), {"release": Release})["release"]
    if not isinstance(release, Release):
        raise TypeError("load_sections returned another section than was asked for")
    return release.signing_keys


def _password() -> str:
    import getpass
    import os

    return os.environ.get(PASSWORD) or getpass.getpass("password of the key: ")


def _document(artifact: Artifact) -> dict[str, Any]:
    return {
        **artifact.manifest.model_dump(mode="json", by_alias=True),
        "digest": artifact.digest,
        "tree": artifact.tree,
        "bytes": artifact.packed_bytes,
        "unpacked_bytes": artifact.unpacked_bytes,
        "files": sum(item.is_file for item in artifact.contents.items),
        "signature": artifact.vouched or None,
    }


def _text(artifact: Artifact) -> str:
    found = _document(artifact)
    lines = [f"{found['name']} {found['version']}  {artifact.path}"]
    lines += [f"sha256     {found['digest']}", f"tree       {found['tree']}"]
    lines.append(f"size       {found['bytes']} bytes; {found['files']} files of {found['unpacked_bytes']} bytes")
    lines.append(f"command    {' '.join(found['command'])}")
    lines.append(f"health     {found['health_path']}")
    lines.append(f"needs      {', '.join(found['environment']) or 'no environment'}")
    if schema := found["schema"]:
        lines.append(f"schema     {schema['minimum']} to {schema['maximum']}, brought to {schema['target']}")
    lines.append(f"signature  {found['signature'] or 'not checked'}")
    return "\n".join(clean(line) for line in lines)
