"""Signatures by keys that are made here: which hold, which do not, and what is said of those."""

from __future__ import annotations

from pathlib import Path

import minisign
import pytest
from pydantic import ValidationError

from core.errors import ArtifactError
from core.settings.release import Release
from deploy.artifact import open_artifact, require_vouched
from deploy.signature import key_id
from tests.tiny_release import build

FIRST, SECOND, STRANGER = (minisign.KeyPair.generate() for _ in range(3))
KEYS = tuple(pair.public_key.to_base64().decode() for pair in (FIRST, SECOND))


def signed(folder: Path, pair: minisign.KeyPair, comment: str = "community 1.0.0", *, prehash: bool = True) -> Path:
    path = build(folder, "1.0.0").path
    signature = pair.secret_key.sign(path.read_bytes(), prehash=prehash, trusted_comment=comment)
    path.with_name(path.name + ".minisig").write_bytes(bytes(signature) + b"\n")
    return path


@pytest.mark.parametrize("pair", [FIRST, SECOND])
def test_any_of_the_keys_may_have_signed(tmp_path: Path, pair: minisign.KeyPair) -> None:
    artifact = open_artifact(signed(tmp_path, pair), KEYS)
    assert artifact.vouched == f"key {key_id(pair.public_key.to_base64().decode())}: community 1.0.0"
    require_vouched(artifact, KEYS)


def test_a_key_is_named_as_minisign_names_it() -> None:
    # From the manual: https://jedisct1.github.io/minisign/
    assert key_id("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3") == "E7620F1842B4E81F"


def test_a_stranger_is_named_beside_those_that_are_trusted(tmp_path: Path) -> None:
    path = signed(tmp_path, STRANGER)
    with pytest.raises(ArtifactError) as refused:
        open_artifact(path, KEYS)
    for key in (*KEYS, STRANGER.public_key.to_base64().decode()):
        assert key_id(key) in str(refused.value)


def test_what_is_not_signed_is_refused_only_where_there_are_keys(tmp_path: Path) -> None:
    path = build(tmp_path, "1.0.0").path
    artifact = open_artifact(path)
    assert artifact.vouched == ""
    require_vouched(artifact, ())
    with pytest.raises(ArtifactError, match="was not checked"):
        require_vouched(artifact, KEYS)
    with pytest.raises(ArtifactError, match=r"is not signed, there is no .*\.tar\.gz\.minisig: the stack trusts "):
        open_artifact(path, KEYS)


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_change_of_the_artefact_is_found(tmp_path: Path, place: int) -> None:
    path = signed(tmp_path, FIRST)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match="is not what key"):
        open_artifact(path, KEYS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"community 1.0.0", b"community 2.0.0", "is not what key"),
        (b"trusted comment: ", b"", "is no minisign signature"),
        (b"RU", b"xx", "is no minisign signature|is signed by key"),
    ],
)
def test_a_change_of_the_signature_is_found(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    path = signed(tmp_path, FIRST)
    beside = path.with_name(path.name + ".minisig")
    beside.write_bytes(beside.read_bytes().replace(b"\n" + old, b"\n" + new).replace(b": " + old, b": " + new))
    with pytest.raises(ArtifactError, match=said):
        open_artifact(path, KEYS)


@pytest.mark.parametrize("data", [b"", b"\n\n\n\n", b"x" * 100_000, b"\xff\xfe\n\xff\n", b"untrusted comment: a\nRU\n"])
def test_what_is_no_signature_is_no_traceback(tmp_path: Path, data: bytes) -> None:
    path = build(tmp_path, "1.0.0").path
    path.with_name(path.name + ".minisig").write_bytes(data)
    with pytest.raises(ArtifactError, match="is no minisign signature"):
        open_artifact(path, KEYS)


def test_the_old_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="old format"):
        open_artifact(signed(tmp_path, FIRST, prehash=False), KEYS)


@pytest.mark.parametrize(
    "key",
    ["", "x", KEYS[0][:-4], "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3AAAA"],
    ids=["empty", "short", "cut", "long"],
)
def test_a_setting_that_is_no_key_is_refused(key: str) -> None:
    assert Release.model_validate({"signing_keys": KEYS}).signing_keys == KEYS
    with pytest.raises(ValidationError, match="it must be a minisign public key"):
        Release.model_validate({"signing_keys": (key,)})
