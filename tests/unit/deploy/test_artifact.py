"""Artefacts that mean harm, that were cut, that say too little: each refused by its reason."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ArtifactError
from deploy.artifact import open_artifact
from deploy.manifest import read_manifest

MANIFEST = b'name = "tiny"\nversion = "1.0.0"\ncommand = ["bin/serve"]\nhealth_path = "/healthz"\n'


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, mode
    return made


def packed(*members: tarfile.TarInfo, manifest: bytes | None = MANIFEST) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file, tarfile.open(fileobj=file, mode="w") as tar:
        if manifest is not None:
            top = member("release.toml")
            top.size = len(manifest)
            tar.addfile(top, io.BytesIO(manifest))
        for each in members:
            tar.addfile(each, io.BytesIO(b"x" * each.size) if each.size else None)
    return out.getvalue()


def opened(folder: Path, data: bytes, **limits: int) -> str:
    """What is said against it."""
    path = folder / "a.tar.gz"
    path.write_bytes(data)
    with pytest.raises(ArtifactError) as refused:
        open_artifact(path, (), **limits)
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_good_one_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    files = (
        member("bin", tarfile.DIRTYPE),
        member("bin/serve"),
        member("current", tarfile.SYMTYPE, "bin/serve"),
        member("lib/deep/up", tarfile.SYMTYPE, "../../bin/serve"),
        member("hard", tarfile.LNKTYPE, "bin/serve"),
    )
    path.write_bytes(packed(*files))
    artifact = open_artifact(path)
    assert (artifact.version, artifact.members) == ("1.0.0", 6)
    assert artifact.record() == (
        f'{{"version":"1.0.0","health_path":"/healthz","secrets":[],"schema":null,"digest":"{artifact.digest}"'
        f',"tree":"{artifact.tree}","migrations":false}}'
    )
    assert artifact.run_script() == "#!/bin/sh\nexport APP_VERSION=1.0.0\nexec bin/serve"
    assert artifact.migrate_script() == ""


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (member("../etc/cron.d/x"), "leads out of the release"),
        (member("a/../../x"), "leads out of the release"),
        (member("/etc/passwd"), "leads out of the release"),
        (member("a\nb"), "has a line break"),
        (member(".launch/run"), "is in .launch/"),
        (member("./.launch"), "is in .launch/"),
        (member("release.toml"), "is there twice"),
        (member("./release.toml"), "is there twice"),
        (member("x", tarfile.SYMTYPE, "/etc/shadow"), "links out of the release, to '/etc/shadow'"),
        (member("x", tarfile.SYMTYPE, "../x"), "links out of the release"),
        (member("a/x", tarfile.SYMTYPE, "../../x"), "links out of the release"),
        (member("x", tarfile.SYMTYPE, "a/../../.."), "links out of the release"),
        (member("x", tarfile.SYMTYPE, "a/../b"), "links through `..`"),
        (member("x", tarfile.LNKTYPE, "../x"), "links out of the release"),
        (member("a/x", tarfile.LNKTYPE, "../x"), "links out of the release"),
        (member("x", tarfile.LNKTYPE, "/etc/shadow"), "links out of the release"),
        (member("x", tarfile.CHRTYPE), "is no file, folder or link"),
        (member("x", tarfile.BLKTYPE), "is no file, folder or link"),
        (member("x", tarfile.FIFOTYPE), "is no file, folder or link"),
        (member("x", mode=0o4755), "is setuid"),
        (member("x", mode=0o2755), "is setuid"),
        (member("release.toml/x"), "lies below the link or file 'release.toml'"),
    ],
)
def test_a_member_that_means_harm_is_named(tmp_path: Path, bad: tarfile.TarInfo, reason: str) -> None:
    assert reason in opened(tmp_path, packed(bad))


def test_a_member_below_a_link_is_refused_in_any_order(tmp_path: Path) -> None:
    link, below = member("a", tarfile.SYMTYPE, "b"), member("a/x")
    assert "lies below the link or file 'a'" in opened(tmp_path, packed(link, below))
    assert "lies below the link or file 'a'" in opened(tmp_path, packed(below, link))


def test_every_reason_is_said_and_none_can_drive_a_terminal(tmp_path: Path) -> None:
    said = opened(tmp_path, packed(member("/a\x1b[2J"), member("b", tarfile.FIFOTYPE), manifest=None))
    assert "\x1b" not in said
    assert len(said.splitlines()) == 4
    assert "there is no file release.toml at its top" in said


def test_bombs_are_stopped_by_size_and_by_count(tmp_path: Path) -> None:
    large = member("large")
    large.size = 2_000_000
    assert "unpacks to more than 1000000 bytes" in opened(tmp_path, packed(large), most_bytes=1_000_000)
    many = packed(*(member(f"f{number}") for number in range(50)))
    assert "40 members" in opened(tmp_path, many, most_members=40)
    padded = gzip.compress(gzip.decompress(packed()) + bytes(3_000_000))
    assert "unpacks to more" in opened(tmp_path, padded, most_bytes=1_000_000)


def test_a_header_of_megabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    long = member("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    long.size = 5_000_000
    assert "a header of 5000000 bytes" in opened(tmp_path, packed(long))


@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, -1, -8])
def test_a_cut_file_is_known_wherever_it_was_cut(tmp_path: Path, keep: float) -> None:
    data = packed(member("bin/serve"))
    cut = data[: int(len(data) * keep)] if isinstance(keep, float) else data[:keep]
    assert "is damaged or no .tar.gz" in opened(tmp_path, cut)


@pytest.mark.parametrize("spoil", [lambda t: t[:-10240], lambda t: t[:1024], lambda t: t[:700]])
def test_a_tar_that_was_cut_before_it_was_packed_is_known(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    large = member("bin/serve")
    large.size = 20_000
    plain = gzip.decompress(packed(large))
    assert "is damaged or no .tar.gz" in opened(tmp_path, gzip.compress(spoil(plain)))


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(ArtifactError, match="there is no file"):
            open_artifact(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name =", "is not TOML of plain values"),
        ('name = "x"', "version is missing"),
        ('version = "../1"', "version is"),
        ('version = ""', "version is"),
        ("version = 1", "version is 1; it must be a text"),
        ('version = "1.0 0"', "version is"),
        ("command = []", "command is"),
        ('command = "bin/serve"', "command is"),
        ('command = ["a\\u0000"]', "command[0] is"),
        ('health_path = "healthz"', "health_path is"),
        ('health_path = "/x y"', "health_path is"),
        ('environment = ["A-B"]', "environment[0] is"),
        ("schema = {minimum = 3, maximum = 2, target = 2}", "target must lie between minimum and maximum"),
        ("schema = {minimum = 1, maximum = 2, taget = 2}", "schema.taget is not a known key (did you mean target?)"),
        ("migration = 1", "migration is not a known key (did you mean migrations?)"),
        ("when = 2026-01-01", "is not TOML of plain values"),
    ],
)
def test_a_wrong_manifest_is_explained(text: str, reason: str) -> None:
    manifest, reasons = read_manifest(text.encode())
    assert manifest is None
    assert any(reason in each for each in reasons), reasons


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_is_a_traceback_or_another_release(tmp_path: Path, data: st.DataObject) -> None:
    """One changed byte is a refusal, or (in gzip's own header) leaves what is in it as it was."""
    whole = bytearray(packed(member("bin/serve"), member("a", tarfile.SYMTYPE, "bin/serve")))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "a.tar.gz"
    path.write_bytes(whole)
    try:
        artifact = open_artifact(path)
    except ArtifactError:
        return
    assert (artifact.members, artifact.version) == (3, "1.0.0")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_manifest_or_reasons(data: bytes) -> None:
    manifest, reasons = read_manifest(data)
    assert (manifest is None) == bool(reasons)
