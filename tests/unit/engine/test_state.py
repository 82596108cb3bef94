"""The state on disk: Pulumi's format, whole or not at all, one holder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineError, LockedError
from core.pulumi_crypt import Crypter
from lab.engine.model import Resource
from lab.engine.snapshot import Snapshot
from lab.engine.state import Codec, StateFile, salt_of, stack_outputs
from lab.engine.wire import Secret

ROOT = Path(__file__).resolve().parents[3]
URN = "urn:pulumi:s::p::test:index:Thing::"


@pytest.fixture
def crypter() -> Crypter:
    """A key without its half-second derivation."""
    return Crypter(b"k" * 32, "v1:c2FsdA==:v1:bm9uY2U=:cHJvb2Y=")


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path, "dev")


def thing(name: str, *needs: str, **inputs: Any) -> Resource:
    return Resource(
        urn=URN + name,
        type="test:index:Thing",
        id=f"id-{name}",
        inputs=inputs,
        dependencies=[URN + need for need in needs],
    )


def snapshot(file: StateFile, crypter: Crypter) -> Snapshot:
    return Snapshot(file, crypter, file.read())


def written(file: StateFile) -> tuple[list[str], list[str]]:
    deployment = json.loads(file.path.read_text())["deployment"]
    pending = [operation["resource"] for operation in deployment["pending_operations"]]
    return [entry["urn"][len(URN) :] for entry in deployment["resources"]], [
        entry["urn"][len(URN) :] for entry in pending
    ]


def test_a_resource_comes_back_as_it_was_with_fields_that_this_engine_does_not_know(crypter: Crypter) -> None:
    codec = Codec(crypter)
    kept = thing("a", "b", key=Secret({"deep": ["x"]}), plain=1)
    kept.extra = {"sourcePosition": "project:///x#1"}
    kept.property_dependencies = {"key": [URN + "b"]}
    document = json.loads(json.dumps(codec.encode(kept)))
    assert Codec(crypter).decode(document) == kept
    assert document["sourcePosition"] == "project:///x#1"
    assert set(document["inputs"]["key"]) == {"4dabf18193072939515e22adb298388d", "ciphertext"}


def test_an_unchanged_secret_keeps_its_ciphertext_and_a_changed_one_does_not(crypter: Crypter) -> None:
    first = Codec(crypter).encode(thing("a", key=Secret("x")))
    later = Codec(crypter)
    same = later.encode(later.decode(first))
    changed = later.encode(thing("a", key=Secret("y")))
    assert same == first
    assert changed["inputs"]["key"] != first["inputs"]["key"]


def test_without_the_passphrase_secrets_are_closed_and_cannot_be_written(crypter: Crypter) -> None:
    seen = Codec(None).decode(Codec(crypter).encode(thing("a", key=Secret("x"))))
    assert repr(seen.inputs) == "{'key': [secret]}"
    with pytest.raises(EngineError, match="without its passphrase"):
        Codec(None).encode(seen)


def test_another_key_is_told_with_the_resource(crypter: Crypter) -> None:
    sealed = Codec(crypter).encode(thing("a", key=Secret("x")))
    with pytest.raises(EngineError, match=r"the state of urn:.*::a holds a secret that cannot be opened"):
        Codec(Crypter(b"o" * 32, crypter.state)).decode(sealed)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 3}', '{"version": 2, "deployment": {"resources": []}}']
)
def test_a_damaged_state_is_refused_and_left_as_it_is(file: StateFile, text: str) -> None:
    file.path.write_text(text)
    with pytest.raises(EngineError, match=r"dev\.json .*restore it from a copy"):
        file.read()
    assert file.path.read_text() == text


def test_secrets_of_another_provider_are_not_guessed_at() -> None:
    with pytest.raises(EngineError, match="'service'"):
        salt_of({"deployment": {"secrets_providers": {"type": "service"}}})


def test_a_state_that_cannot_be_written_is_told_and_the_old_one_stays(file: StateFile, crypter: Crypter) -> None:
    run = snapshot(file, crypter)
    run.settle(None, thing("a"))
    before = file.path.read_bytes()
    (file.folder / ".dev.json.new").symlink_to("/dev/full")
    with pytest.raises(EngineError, match=r"dev\.json cannot be written"):
        run.settle(None, thing("b"))
    assert file.path.read_bytes() == before
    assert [path.name for path in file.folder.iterdir()] == ["dev.json"]


def test_a_folder_that_is_none_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EngineError, match=r"lock .* cannot be opened: Not a directory"),
        StateFile(tmp_path / "file" / "x", "dev").hold("up"),
    ):
        raise AssertionError("it is held")


def test_the_file_is_its_owners_alone_and_no_temporary_one_is_left(file: StateFile, crypter: Crypter) -> None:
    snapshot(file, crypter).settle(None, thing("a"))
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.folder.iterdir()] == ["dev.json"]


def test_at_every_moment_a_begun_resource_is_either_under_way_or_there(
    file: StateFile, crypter: Crypter, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[set[str]] = []
    write = StateFile.write

    def note(self: StateFile, document: Any) -> None:
        write(self, document)
        resources, pending = written(self)
        states.append({*resources, *pending})

    monkeypatch.setattr(StateFile, "write", note)
    run = snapshot(file, crypter)
    a, b = run.begin("creating", thing("a")), run.begin("creating", thing("b"))
    run.settle(None, thing("a"), pending=a)
    run.end(b, uncertain=True)
    run.settle(None, thing("b"))
    # The fourth of the five calls writes nothing: what was under way is still to be looked for.
    assert states == [{"a"}, {"a", "b"}, {"a", "b"}, {"a", "b"}]
    assert written(file) == (["a", "b"], [])


def test_what_was_cut_off_is_known_to_the_next_run_until_it_is_settled(file: StateFile, crypter: Crypter) -> None:
    snapshot(file, crypter).begin("creating", thing("a"))
    second = snapshot(file, crypter)
    assert second.interrupted == [URN + "a"]
    second.settle(None, thing("b"))
    assert snapshot(file, crypter).interrupted == [URN + "a"]
    second.settle(None, thing("a"))
    assert (snapshot(file, crypter).interrupted, written(file)) == ([], (["b", "a"], []))


def test_a_failure_that_was_certain_leaves_nothing_behind(file: StateFile, crypter: Crypter) -> None:
    run = snapshot(file, crypter)
    run.end(run.begin("creating", thing("a")))
    assert written(file) == ([], [])


def test_the_order_of_a_run_that_changed_nothing_is_no_reason_to_write(file: StateFile, crypter: Crypter) -> None:
    first = snapshot(file, crypter)
    for name in "ab":
        first.settle(None, thing(name))
    before = file.path.stat().st_ino
    second = snapshot(file, crypter)
    for name in "ba":
        second.settle(second.old([URN + name]), thing(name))
    assert file.path.stat().st_ino == before


def test_a_replaced_instance_stands_last_and_goes_by_the_new_name(file: StateFile, crypter: Crypter) -> None:
    first = snapshot(file, crypter)
    first.settle(None, thing("old"))
    first.settle(None, thing("user", "old"))
    run = snapshot(file, crypter)
    run.settle(run.old([URN + "new", URN + "old"]), thing("new"), keep_old=True)
    again = snapshot(file, crypter)
    assert [(resource.name, resource.delete) for resource in again.all()] == [
        ("new", False),
        ("user", False),
        ("new", True),
    ]
    assert again.all()[1].dependencies == [URN + "new"]


def test_a_resource_that_was_looked_up_before_an_alias_was_settled_is_still_the_same(
    file: StateFile, crypter: Crypter
) -> None:
    first = snapshot(file, crypter)
    first.settle(None, thing("old"))
    first.settle(None, thing("user", "old"))
    run = snapshot(file, crypter)
    looked_up = run.old([URN + "user"])
    run.settle(run.old([URN + "old"]), thing("new"))
    run.settle(looked_up, thing("user", "new"))
    assert run.left() == []
    assert written(file) == (["new", "user"], [])


def test_a_dry_run_writes_nothing(file: StateFile, crypter: Crypter) -> None:
    run = Snapshot(file, crypter, file.read(), dry_run=True)
    run.settle(None, thing("a"))
    assert not file.path.exists()


def test_outputs_are_those_of_the_root(crypter: Crypter) -> None:
    root = Resource(urn="urn:pulumi:s::p::pulumi:pulumi:Stack::p-s", type="pulumi:pulumi:Stack", outputs={"x": 1})
    assert stack_outputs([thing("a"), root]) == {"x": 1}
    assert stack_outputs([]) == {}


def test_a_lock_names_its_holder_and_dies_with_it(file: StateFile) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, pathlib; from lab.engine.state import StateFile\n"
            "with StateFile(pathlib.Path(sys.argv[1]), 'dev').hold('up'):\n"
            "    print('held', flush=True); time.sleep(60)",
            str(file.folder),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with (
        pytest.raises(LockedError, match=rf"dev is held by `up`, process {holder.pid}, since .*: wait"),
        file.hold("up"),
    ):
        raise AssertionError("two hold it")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with file.hold("up"):
        pass
