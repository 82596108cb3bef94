"""Packing: the same folder, the same bytes; what a deploy refuses is refused; a signature that holds."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import minisign
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ArtifactError
from deploy.artifact import open_artifact
from deploy.contents import Contents, Item, contents_of
from deploy.packing import pack_artifact, source_date

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = 'name = "tiny"\nversion = "1.0.0"\ncommand = ["bin/serve"]\nhealth_path = "/healthz"\n'
NAMES = st.text(st.characters(min_codepoint=32, exclude_characters="/\\\x7f", exclude_categories=["Cs"]), min_size=1)
PATHS = st.lists(
    NAMES.filter(lambda name: name not in (".", "..") and len(name.encode()) < 200), min_size=1, max_size=4
)
TREES = st.dictionaries(PATHS.map("/".join), st.tuples(st.binary(max_size=40), st.booleans()), max_size=8)


def laid(folder: Path, tree: dict[str, tuple[bytes, bool]]) -> Path:
    """The tree in a folder, without what does not fit beside what is there."""
    folder.mkdir()
    (folder / "release.toml").write_text(MANIFEST)
    for name, (content, runs) in tree.items():
        path = folder / name
        if name.split("/")[0] in (".launch", "release.toml") or path.exists():
            continue
        if any(parent.is_file() for parent in path.parents):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if runs else 0o644)
    return folder


@settings(max_examples=60, deadline=None)
@given(tree=TREES, order=st.randoms(use_true_random=False))
def test_the_same_folder_makes_the_same_bytes(tree: dict[str, tuple[bytes, bool]], order: random.Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = list(tree)
        first = pack_artifact(laid(folder / "1", tree), folder / "1.tar.gz", 1000)
        again = laid(folder / "2", {key: tree[key] for key in names})
        files = [path for path in again.rglob("*") if path.is_file()]
        order.shuffle(files)
        for path in files:
            os.utime(path, (order.randrange(10**9), order.randrange(10**9)))
            path.chmod(path.stat().st_mode & 0o700)
        second = pack_artifact(again, folder / "2.tar.gz", 1000)
        assert first.path.read_bytes() == second.path.read_bytes()
        assert (first.digest, first.tree) == (second.digest, second.tree)
        later = pack_artifact(again, folder / "3.tar.gz", 2000)
        assert later.tree == first.tree
        assert later.digest != first.digest


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(PATHS.map("/".join), st.sampled_from("fx"), max_size=12), st.randoms(use_true_random=False))
def test_a_list_depends_on_what_is_in_it_alone(files: dict[str, str], order: random.Random) -> None:
    items = [Item(path, "x" if kind == "x" else "f", "ab" * 32, 1) for path, kind in files.items()]
    listed = contents_of(items)
    order.shuffle(items)
    assert contents_of(items) == listed
    lines = listed.text.decode().split("\n")[:-1]
    paths = [line.split("\t")[2] for line in lines]
    assert paths == sorted(paths, key=str.encode)
    assert {parent for path in paths for parent in (path.rpartition("/")[0],) if parent} <= set(paths)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30) | st.from_regex(r"lacks -?[0-9]{0,12}-[0-9]{0,12}", fullmatch=True), max_size=6))
def test_a_host_can_ask_for_what_is_in_the_list_and_for_nothing_else(said: list[str]) -> None:
    items = (Item("a", "d"), Item("a/b", "f", "ab"), Item("a/c", "l", "b"), Item("d", "x", "cd"))
    lacking = Contents(items).lacking(said)
    assert lacking <= {items[1], items[3]}
    assert Contents(items).lacking(["lacks 1-4"]) == {items[1], items[3]}
    assert Contents(items).lacking(["lacks 2-2", "lacks 3-3"]) == {items[1]}


def test_links_stay_links_and_nobody_owns_anything(tmp_path: Path) -> None:
    folder = laid(tmp_path / "in", {"lib/a": (b"a", False), "bin/serve": (b"#!", True)})
    (folder / "current").symlink_to("lib")
    (folder / "empty").mkdir()
    made = pack_artifact(folder, tmp_path / "out.tar.gz", 1234)
    with tarfile.open(made.path) as tar:
        members = {member.name: member for member in tar}
    assert list(members) == ["bin", "bin/serve", "current", "empty", "lib", "lib/a", "release.toml"]
    assert (members["current"].issym(), members["current"].linkname) == (True, "lib")
    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in members.values()} == {(0, 0, "", "", 1234)}
    assert made.path.read_bytes()[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_what_a_deploy_refuses_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    folder = laid(tmp_path / "in", {})
    (folder / "out").symlink_to("/etc/passwd")
    (folder / ".launch").mkdir()
    with pytest.raises(ArtifactError) as refused:
        pack_artifact(folder, tmp_path / "out.tar.gz", 1)
    assert f"{folder}: member 'out' links out of the release" in str(refused.value)
    assert f"{folder}: member '.launch' is in .launch/" in str(refused.value)
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArtifactError, match="pipe is no file, folder or link"):
        pack_artifact(folder, tmp_path / "out.tar.gz", 1)
    with pytest.raises(ArtifactError, match="is inside of"):
        pack_artifact(folder, folder / "out.tar.gz", 1)
    with pytest.raises(ArtifactError, match="there is no folder"):
        pack_artifact(tmp_path / "none", tmp_path / "out.tar.gz", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("out", ["folder", "signed.tar.gz", "/proc/out.tar.gz"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, out: str) -> None:
    folder = laid(tmp_path / "in", {})
    (tmp_path / "folder").mkdir()
    (tmp_path / "signed.tar.gz.minisig").mkdir()
    with pytest.raises(ArtifactError, match=r"out\.tar\.gz|folder|signed\.tar\.gz") as refused:
        pack_artifact(folder, tmp_path / out, 1)
    assert ".packing-" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "in", "signed.tar.gz.minisig"]


def test_a_folder_that_cannot_be_read_is_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = laid(tmp_path / "in", {"lib/a": (b"a", False)})
    real = os.scandir

    def scandir(path: str | Path | int = ".") -> object:
        if not isinstance(path, int) and Path(path).name == "lib":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ArtifactError, match="lib cannot be packed: Permission denied"):
        pack_artifact(folder, tmp_path / "out.tar.gz", 1)


def test_a_signature_by_an_encrypted_key_holds_and_an_old_one_does_not_stay(tmp_path: Path) -> None:
    pair = minisign.KeyPair.generate()
    public = pair.public_key.to_base64().decode()
    pair.secret_key.encrypt("strong password", opslimit=minisign.OPSLIMIT // 64, memlimit=minisign.MEMLIMIT // 64)
    key = tmp_path / "key"
    key.write_bytes(bytes(pair.secret_key))
    folder, out = laid(tmp_path / "in", {}), tmp_path / "out.tar.gz"
    pack_artifact(folder, out, 1, key, lambda: "strong password")
    assert open_artifact(out, (public,)).vouched.endswith(": tiny 1.0.0")
    with pytest.raises(ArtifactError, match="cannot sign") as refused:
        pack_artifact(folder, out, 1, key, lambda: "hunter22")
    assert "hunter22" not in str(refused.value)
    assert open_artifact(out, (public,)).vouched
    (folder / "more").write_text("more")
    pack_artifact(folder, out, 1)
    with pytest.raises(ArtifactError, match="is not signed"):
        open_artifact(out, (public,))


@pytest.mark.parametrize(("given", "seconds"), [("0", 0), ("1700000000", 1700000000)])
def test_the_time_is_source_date_epoch(tmp_path: Path, given: str, seconds: int) -> None:
    assert source_date(tmp_path, {"SOURCE_DATE_EPOCH": given}) == seconds


@pytest.mark.parametrize("given", ["", "-1", "now", "1e9", "9" * 12, "١"])
def test_a_time_that_is_no_number_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ArtifactError, match="SOURCE_DATE_EPOCH"):
        source_date(tmp_path, {"SOURCE_DATE_EPOCH": given})


def invoke(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoke", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_tasks_pack_and_show(tmp_path: Path) -> None:
    folder, out = laid(tmp_path / "in", {"bin/serve": (b"#!", True)}), tmp_path / "out.tar.gz"
    packed = invoke("artifact.pack", "--folder", str(folder), "--out", str(out))
    assert (packed.returncode, packed.stderr) == (0, "")
    shown = invoke("artifact.show", str(out), "--json")
    assert json.loads(shown.stdout)["tree"] == open_artifact(out).tree
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(out.read_bytes()[:-9])
    refused = invoke("artifact.show", str(cut))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is damaged or no .tar.gz" in refused.stderr


@pytest.mark.parametrize("name", ["a\tb", "a\rb", "a\x7fb", "a" * 2100, b"\xff".decode(errors="surrogateescape")])
def test_a_name_that_no_list_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        top = tarfile.TarInfo("release.toml")
        top.size = len(MANIFEST)
        tar.addfile(top, io.BytesIO(MANIFEST.encode()))
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(ArtifactError, match=r"control character|not UTF-8|more than 2048 bytes"):
        open_artifact(path)
