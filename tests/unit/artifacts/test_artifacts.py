"""Artefacts: the same bytes from the same files, and in each release what belongs to it."""

import os
import tarfile
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from core.errors import ArtifactError
from core.pack import pack
from lab.artifacts import python
from lab.artifacts.build import stage
from lab.artifacts.variants import FAULTY, VARIANTS, Variant


def _tree(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "bin/run").chmod(0o700)
    return folder


def test_the_same_files_make_the_same_bytes_whenever_and_in_whichever_order(tmp_path: Path) -> None:
    names = ["bin/run", "a/b.txt", "a.txt", "z"]
    first, second = _tree(tmp_path / "1", names), _tree(tmp_path / "2", names[::-1])
    os.utime(second / "z", (1, 1))
    (second / "a.txt").chmod(0o600)
    pack(first, tmp_path / "1.tar.gz")
    pack(second, tmp_path / "2.tar.gz")
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()


def test_members_are_owned_by_nobody_special_and_keep_only_the_execute_bit(tmp_path: Path) -> None:
    pack(_tree(tmp_path / "1", ["bin/run", "a.txt"]), tmp_path / "1.tar.gz")
    with tarfile.open(tmp_path / "1.tar.gz") as tar:
        members = {member.name: member for member in tar}
    assert list(members) == ["a.txt", "bin", "bin/run"]
    assert {(member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, "")}
    assert (members["a.txt"].mode, members["bin/run"].mode) == (0o644, 0o755)


def test_a_pack_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _tree(tmp_path / "1", ["bin/run", "a.txt"])
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArtifactError, match="pipe is no file, folder or link"):
        pack(folder, tmp_path / "1.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.key)
def test_each_release_describes_itself(variant: Variant) -> None:
    described = tomllib.loads(variant.release_toml())
    assert described["version"] == variant.version
    assert described["schema"]["minimum"] <= described["schema"]["target"] <= described["schema"]["maximum"]


def test_the_release_before_lives_with_the_schema_that_the_next_one_makes() -> None:
    for before, after in pairwise(VARIANTS):
        assert before.minimum <= after.target <= before.maximum


@pytest.mark.parametrize("variant", [*VARIANTS, FAULTY], ids=lambda variant: variant.key)
def test_a_release_holds_its_own_parts_and_migrations_alone(variant: Variant, tmp_path: Path) -> None:
    stage(variant, tmp_path / "out")
    parts = {path.stem for path in (tmp_path / "out/community/parts").glob("*.py")} - {"__init__"}
    assert parts == set(variant.parts)
    migrations = [int(path.name[:4]) for path in sorted((tmp_path / "out/community/migrations").iterdir())]
    assert migrations == list(range(1, variant.target + 1))
    assert os.access(tmp_path / "out/bin/serve", os.X_OK)
    assert (tmp_path / "out/community/faults").exists() is (variant is FAULTY)


def test_wheels_are_pinned_hashed_and_never_built(tmp_path: Path) -> None:
    argv = python.pip_argv((3, 13), "x86_64", tmp_path / "r.txt", tmp_path / "lib")
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(argv)
    assert argv[argv.index("--python-version") + 1] == "3.13"
    assert "manylinux_2_17_x86_64" in argv


@pytest.mark.parametrize(("link", "version"), [("python3.13", (3, 13)), ("python3.11", (3, 11)), ("pypy", None)])
def test_the_hosts_python_is_read_from_debians_link(tmp_path: Path, link: str, version: python.Version | None) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3").symlink_to(link)
    assert python.version_of(tmp_path) == version


def test_a_tree_without_python_has_no_version(tmp_path: Path) -> None:
    assert python.version_of(tmp_path) is None


def test_what_names_the_builders_python_is_in_no_record(tmp_path: Path) -> None:
    record = tmp_path / "idna-1.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("../../bin/idna,sha256=abc,221\nidna/core.py,sha256=def,3\n")
    python._forget_commands(tmp_path)
    assert record.read_text() == "idna/core.py,sha256=def,3\n"
