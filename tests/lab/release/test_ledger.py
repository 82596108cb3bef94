"""The ledger as real shells write it, read back whole and held against its chain."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.record import FileRecord
from cli import release_text as text
from core.errors import HostError, LaunchReadyError
from deploy.api import deploy, seen
from deploy.artifact import Artifact
from deploy.ledger import read
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import Evidence, Verdict, verify
from rollback.api import rollback

Builder = Callable[..., Artifact]


def journal(fleet: Any, name: str) -> Path:
    return Path(fleet.hosts[name].root / "srv/app/journal.jsonl")


def verdicts(fleet: Any, record: Path | None = None) -> dict[str, Verdict]:
    lines = tuple(record.read_text().splitlines()) if record else ()
    return verify(read_ledgers(fleet.world).or_raise(), Evidence(lines))


def sound(found: dict[str, Verdict]) -> bool:
    return not any(verdict.faults for verdict in found.values())


def with_record(fleet: Any, path: Path) -> Any:
    return fleet.world.__class__(**{**vars(fleet.world), "record": FileRecord(path)})


@pytest.mark.parametrize("torn", [b'{"at":"2026-01', b"\0" * 30, b'{"at":"x"}'])
def test_what_hosts_wrote_holds_with_lines_that_a_power_cut_tore(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, torn: bytes
) -> None:
    monkeypatch.setattr(read, "_PIECE", 700)
    record = tmp_path / "record.jsonl"
    deploy(with_record(fleet, record), builder("1.0.0"))
    assert sound(verdicts(fleet, record))
    with journal(fleet, "b").open("ab") as file:
        file.write(torn)
    rollback(with_record(fleet, record), "1.0.0")
    found = verdicts(fleet, record)
    whole = torn.endswith(b"}")
    assert sound(found) != whole, found["b"].faults
    assert found["b"].lines == found["a"].lines + 1
    edited = journal(fleet, "b").read_bytes()
    before = edited.rindex(b"\n", 0, edited.index(torn) - 1) + 1
    journal(fleet, "b").write_bytes(edited[:before].replace(b"tester", b"nobody") + edited[before:])
    assert not sound({"b": verdicts(fleet)["b"]})
    # the very line before the torn one, which that one cannot bind any more
    changed = edited[:before] + edited[before:].replace(b"tester", b"nobody", 1)
    journal(fleet, "b").write_bytes(changed)
    assert any("was edited" in fault.what for fault in verdicts(fleet)["b"].faults)


def test_a_record_that_cannot_be_written_stops_a_deploy_and_is_told_of_once_in_a_rollback(
    fleet: Any, builder: Builder, tmp_path: Path
) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    (tmp_path / "file").touch()
    lost = with_record(fleet, tmp_path / "file" / "record.jsonl")
    with pytest.raises(HostError, match=r"record\.jsonl cannot be written \(.*\): a deploy does not go on without"):
        deploy(lost, builder("3.0.0"))
    assert rollback(lost).version == "1.0.0"
    assert [note for note in fleet.told.notes if "record" in note] == [
        f"{tmp_path}/file/record.jsonl cannot be written (File exists): going on without it"
    ]


def test_the_record_of_this_machine_sees_an_end_that_was_cut_from_all_hosts(
    fleet: Any, builder: Builder, tmp_path: Path
) -> None:
    record = tmp_path / "record.jsonl"
    deploy(with_record(fleet, record), builder("1.0.0"))
    heads = [json.loads(line) for line in record.read_text().splitlines() if "heads" in json.loads(line)]
    assert [set(line["heads"]) for line in heads] == [set("abc")]
    for name in "abc":
        lines = journal(fleet, name).read_bytes().splitlines(keepends=True)
        journal(fleet, name).write_bytes(b"".join(lines[:-1]))
    assert sound(verdicts(fleet))
    found = verdicts(fleet, record)
    assert all("the record of this machine saw it" in found[name].faults[0].what for name in "abc")


def test_the_last_line_says_which_revision_the_artefact_was_built_from(
    fleet: Any, builder: Builder, tmp_path: Path
) -> None:
    one = builder("1.0.0")
    git = ["git", "-C", str(one.path.parent), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    deploy(fleet.world, one)
    last = json.loads(journal(fleet, "c").read_text().splitlines()[-1])
    assert last["evidence"]["revision"] == commit
    assert last["digest"] == one.digest
    assert last["evidence"]["phases"].keys() >= {"preflight", "upload", "health", "switch"}
    found = seen(fleet.world)
    assert f"from {commit[:12]}" in text.releases(found.good)
    said = text.releases_json(found)["hosts"][0]["journal"][-1]
    assert said["evidence"]["revision"] == commit


def test_a_host_that_was_lost_and_the_next_command_leave_nothing_to_find(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    fleet.hosts["c"].fail = lambda script: 'echo "switched $mark' in script
    with pytest.raises(LaunchReadyError):
        deploy(fleet.world, builder("2.0.0"))
    fleet.hosts["c"].fail = lambda _script: False
    rollback(fleet.world, "1.0.0")
    assert sound(verdicts(fleet))


def test_a_host_without_a_journal_is_empty(fleet: Any) -> None:
    assert {name: verdict.lines for name, verdict in verdicts(fleet).items()} == dict.fromkeys("abc", 0)
