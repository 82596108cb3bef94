"""A built folder becomes an artefact that a deploy will take: the same folder, the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from core.errors import ArtifactError
from core.pack import EPOCH, pack
from core.terminal import clean
from deploy.artifact import Artifact, open_artifact
from deploy.revision import committed_at
from deploy.signature import SUFFIX


def source_date(folder: Path, environment: Mapping[str, str]) -> int:
    """The time that every member gets: ``SOURCE_DATE_EPOCH``, or when the commit was made, or 1980.

    See https://reproducible-builds.org/specs/source-date-epoch/. Raises :class:`ArtifactError` where it is no number.
    """
    given = environment.get("SOURCE_DATE_EPOCH")
    if given is None:
        return committed_at(folder) or EPOCH
    if not (given.isascii() and given.isdecimal() and len(given) < 12):
        raise ArtifactError(f"SOURCE_DATE_EPOCH is {given!r}, and it must be seconds since 1970")
    return int(given)


def pack_artifact(
    folder: Path, out: Path, mtime: int, sign: Path | None = None, password: Callable[[], str] = str
) -> Artifact:
    """Pack ``folder`` into ``out``, check it as a deploy does, and sign it with the minisign secret key in ``sign``.

    ``out`` and ``out.minisig`` appear once all is well. ``password`` is asked where the key is encrypted. Raises
    :class:`ArtifactError` with every reason against it.
    """
    if not folder.is_dir():
        raise ArtifactError(
            f"there is no folder {folder}: give --folder the built release, with release.toml at its top"
        )
    if not out.parent.is_dir():
        raise ArtifactError(f"there is no folder {out.parent} for --out")
    if folder.resolve() in out.resolve().parents:
        raise ArtifactError(f"{out} is inside of {folder}, and would be packed into itself the next time")
    if out.is_dir():
        raise ArtifactError(f"{out} is a folder: give --out the .tar.gz to write")
    try:
        with tempfile.TemporaryDirectory(prefix=".packing-", dir=out.parent) as aside:
            made = Path(aside) / out.name
            artifact = _packed(folder, made, mtime)
            beside = made.with_name(made.name + SUFFIX)
            if sign:
                beside.write_bytes(_signature(made, sign, password, f"{artifact.manifest.name} {artifact.version}"))
            out.with_name(out.name + SUFFIX).unlink(missing_ok=True)
            made.replace(out)
            if sign:
                beside.replace(out.with_name(beside.name))
    except OSError as error:
        raise ArtifactError(f"{out} cannot be written: {error.strerror or error}") from None
    return replace(artifact, path=out)


def _packed(folder: Path, made: Path, mtime: int) -> Artifact:
    try:
        pack(folder, made, mtime)
        return open_artifact(made)
    except ArtifactError as error:
        raise ArtifactError(str(error).replace(str(made), str(folder))) from None
    except OSError as error:
        raise ArtifactError(f"{error.filename or folder} cannot be packed: {error.strerror or error}") from None


def _signature(path: Path, key: Path, password: Callable[[], str], comment: str) -> bytes:
    import minisign

    try:
        with minisign.SecretKey.from_file(key) as secret, path.open("rb") as file:
            if secret.is_encrypted():
                secret.decrypt(password())
            return bytes(secret.sign(file, trusted_comment=comment)) + b"\n"
    except OSError as error:
        raise ArtifactError(f"the key {key} cannot be read: {error.strerror or error}") from None
    except (minisign.Error, ValueError) as error:
        raise ArtifactError(f"the key {key} cannot sign: {clean(str(error))[:200]}") from None
