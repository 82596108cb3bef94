"""The store: all or nothing, in memory and on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import LabError
from lab.cloudflare import store as module
from lab.cloudflare.errors import ApiError
from lab.cloudflare.snapshot import read_snapshot
from lab.cloudflare.store import Store

ACCOUNT = "a" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "in" / "state.json", ACCOUNT)


def rename(store: Store, name: str) -> None:
    with store.change() as state:
        state["accounts"][0]["name"] = name


def test_a_change_is_on_disk_when_the_block_is_left(store: Store) -> None:
    rename(store, "first")
    snapshot = read_snapshot(store.path)
    assert (snapshot.revision, snapshot.accounts[0].name) == (1, "first")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["state.json", "state.lock"]


def test_a_block_that_fails_changes_nothing(store: Store) -> None:
    rename(store, "first")
    before = store.path.read_bytes()

    def half() -> None:
        with store.change() as state:
            state["zones"].append("half a zone")
            raise ApiError(400, 1, "no")

    with pytest.raises(ApiError, match="no"):
        half()
    assert store.path.read_bytes() == before
    assert store.state["zones"] == []


def test_a_disk_that_is_full_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rename(store, "first")
    before = store.path.read_bytes()

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_replace", full)
        with pytest.raises(ApiError, match="could not write its state: No space left on device") as refused:
            rename(store, "second")
    assert refused.value.status == 500
    assert store.state["accounts"][0]["name"] == "first"
    assert store.path.read_bytes() == before
    rename(store, "third")
    assert read_snapshot(store.path).accounts[0].name == "third"


def test_what_a_crash_left_beside_is_written_over(store: Store) -> None:
    store.path.with_suffix(".new").write_text("half")
    rename(store, "first")
    assert read_snapshot(store.path).accounts[0].name == "first"


def test_it_is_opened_once(store: Store) -> None:
    with pytest.raises(LabError, match=r"another process serves this Cloudflare state.*state\.lock"):
        Store(store.path, ACCOUNT)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"state\.json cannot be opened: (Not a directory|File exists)"):
        Store(tmp_path / "file" / "state.json", ACCOUNT)
