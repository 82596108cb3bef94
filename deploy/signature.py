"""The signature beside an artefact, ``ARTIFACT.minisig``, against the keys that a stack trusts.

Format: https://jedisct1.github.io/minisign/. Only pre-hashed signatures count: the others need all of a file in memory.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import ArtifactError
from core.terminal import clean

SUFFIX = ".minisig"
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Signed:
    """A signature that holds: the id of its key, as ``minisign`` prints it, and the comment that it covers."""

    key: str
    comment: str

    def __str__(self) -> str:
        """For a journal and a terminal."""
        return f"key {self.key}: {self.comment}"


def key_id(key: str) -> str:
    """The id of a key in base64, in hex. Of text that is no key: the text's beginning."""
    try:
        return _id(base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error):
        return clean(key)[:16]


def signature_of(path: Path, file: IO[bytes], keys: Sequence[str]) -> Signed:
    """Check that one of ``keys`` signed what ``file``, read from where it stands, has; it was opened at ``path``.

    ``keys`` are minisign public keys in base64. Raises :class:`ArtifactError` that names the keys' ids.
    """
    import minisign

    beside = path.with_name(path.name + SUFFIX)
    trusted = f"the stack trusts {', '.join(key_id(key) for key in keys)} (signing_keys)"
    data = _read(beside, trusted)
    try:
        signature = minisign.Signature.from_bytes(data)
        signer = _id(base64.b64decode(data.splitlines()[1]))
    except (minisign.Error, ValueError, IndexError) as error:
        raise ArtifactError(f"{beside} is no minisign signature ({clean(str(error))[:100]}): {trusted}") from None
    if not signature.is_prehashed():
        raise ArtifactError(f"{beside} is of minisign's old format, which is not taken: sign again without -l")
    able = [minisign.PublicKey.from_base64(key) for key in keys if key_id(key) == signer]
    if not able:
        raise ArtifactError(f"{path} is signed by key {signer}, and {trusted}")
    began = file.tell()
    for public in able:
        file.seek(began)
        try:
            public.verify(file, signature)
        except minisign.VerifyError:
            continue
        return Signed(signer, clean(signature.trusted_comment)[:300])
    raise ArtifactError(
        f"{path} is not what key {signer} signed: its content or {beside.name} was changed; get both again"
    )


def _read(beside: Path, trusted: str) -> bytes:
    try:
        with beside.open("rb") as file:
            return file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise ArtifactError(f"the artefact is not signed, there is no {beside}: {trusted}") from None
    except OSError as error:
        raise ArtifactError(f"{beside} cannot be read: {error.strerror or error}") from None


def _id(raw: bytes) -> str:
    # Two bytes name the algorithm; the number is little-endian.
    return f"{int.from_bytes(raw[2:10], 'little'):016X}"
