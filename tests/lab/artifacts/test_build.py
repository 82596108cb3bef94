"""The artefacts built for real: packages from the registry, bytecode, twice the same, accepted by a deploy."""

from __future__ import annotations

import hashlib
import tarfile
import time
from pathlib import Path

import pytest

from deploy.artifact import open_artifact
from lab import artifacts
from lab.hosts.api import base_tree
from lab.place import Place, here


def quiet(_line: str) -> None:
    """Progress is not looked at here."""


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    return artifacts.build(here(), quiet)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_another_checkout_builds_the_same_bytes(built: dict[str, Path], tmp_path: Path) -> None:
    place = Place(tmp_path)
    tree = base_tree(place)
    tree.parent.mkdir(parents=True)
    tree.symlink_to(base_tree(here()))
    again = artifacts.build(place, quiet)
    assert {key: _digest(path) for key, path in again.items()} == {key: _digest(path) for key, path in built.items()}
    assert {path.name for path in again.values()} == {path.name for path in built.values()}


def test_what_is_built_is_not_built_again(built: dict[str, Path]) -> None:
    said: list[str] = []
    began = time.monotonic()
    assert artifacts.build(here(), said.append) == built
    assert not said
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("key", ["v1", "v2", "unhealthy", "turns-bad"])
def test_a_deploy_accepts_each(built: dict[str, Path], key: str) -> None:
    artifact = open_artifact(built[key])
    assert artifact.manifest.name == "community"
    assert built[key].name.startswith(f"community-{artifact.version}-")


def test_every_module_comes_compiled_and_none_that_only_a_build_needs(built: dict[str, Path]) -> None:
    with tarfile.open(built["v2"]) as tar:
        names = set(tar.getnames())
    sources = {name for name in names if name.endswith(".py") and name.startswith(("community/", "lib/fastapi/"))}
    compiled = {name for name in names if name.endswith(".pyc")}
    assert len(sources) > 50
    for source in sources:
        folder, _, module = source.rpartition("/")
        assert any(name.startswith(f"{folder}/__pycache__/{module[:-3]}.cpython-") for name in compiled), source
    assert not [name for name in names if name.startswith(("lib/cffi/", "lib/pycparser/"))]
