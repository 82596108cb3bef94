"""The ledger's copy in S3, by moto's server: written once, found again, held against the hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.record import FileRecord
from adapters.s3_ledger import S3Ledger
from cli.ledger import copy_after
from core.errors import StoreError
from core.settings.proof import Ledger as Settings
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.ledger.copy import copies_of, copy_all
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import Evidence, verify
from lab.place import here
from rollback.api import rollback

Builder = Callable[..., Artifact]
SETTINGS = Settings(bucket="ledger-of-tests", prefix="ledger/", retention_days=30, mode="COMPLIANCE")


@pytest.fixture
def s3(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    given = {"AWS_ENDPOINT_URL": aws, "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**given, "AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab"}.items():
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.session.Session().client("s3")
    client.create_bucket(Bucket=SETTINGS.bucket, ObjectLockEnabledForBucket=True)
    yield client
    subprocess.run(["curl", "-s", "-X", "POST", f"{aws}/moto-api/reset"], check=True, stdout=subprocess.DEVNULL)


def _versions(client: Any) -> list[Any]:
    return list(client.list_object_versions(Bucket=SETTINGS.bucket).get("Versions", []))


def copied(fleet: Any) -> dict[str, int]:
    return copy_all(S3Ledger(SETTINGS), "lab", read_ledgers(fleet.world).or_raise()).or_raise()


def faults(fleet: Any) -> list[str]:
    found = verify(
        read_ledgers(fleet.world).or_raise(), Evidence(copies=copies_of(S3Ledger(SETTINGS), "lab", list("abc")))
    )
    return [fault.what for verdict in found.values() for fault in verdict.faults]


def test_each_command_is_an_object_that_is_locked(fleet: Any, builder: Builder, s3: Any) -> None:
    deploy(fleet.world, builder("1.0.0"))
    assert copied(fleet) == dict.fromkeys("abc", 6)
    assert copied(fleet) == dict.fromkeys("abc", 0)
    deploy(fleet.world, builder("2.0.0"))
    rollback(fleet.world)
    assert set(copied(fleet).values()) == {11}
    names = sorted(version["Key"] for version in _versions(s3))
    assert len(names) == 6
    assert names[0].startswith("ledger/lab/a/00000000-00000005-")
    head = s3.head_object(Bucket=SETTINGS.bucket, Key=names[0], ChecksumMode="ENABLED")
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert 29 <= (head["ObjectLockRetainUntilDate"] - head["LastModified"]).days <= 30
    assert head["ChecksumSHA256"]
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=SETTINGS.bucket, Key=names[0], VersionId=head["VersionId"])
    assert faults(fleet) == []


def test_what_was_written_first_counts(fleet: Any, builder: Builder, s3: Any) -> None:
    deploy(fleet.world, builder("1.0.0"))
    copied(fleet)
    key = _versions(s3)[0]["Key"]
    S3Ledger(SETTINGS).put(key.removeprefix("ledger/"), b"forged\n" * 6)
    assert len(_versions(s3)) == 3
    s3.put_object(Bucket=SETTINGS.bucket, Key=key, Body=b"forged\n" * 6)
    s3.delete_object(Bucket=SETTINGS.bucket, Key=key)
    assert copied(fleet) == dict.fromkeys("abc", 0)
    assert faults(fleet) == []


def test_all_hosts_rewritten_together_are_found_by_the_copy(fleet: Any, builder: Builder, s3: Any) -> None:
    deploy(fleet.world, builder("1.0.0"))
    copied(fleet)
    for host in fleet.hosts.values():
        (host.root / "srv/app/journal.jsonl").unlink()
    assert faults(fleet) == ["line 1 is in the copy, and not there any more: cut off"] * 3
    deploy(fleet.world, builder("2.0.0"))
    assert faults(fleet) == ["it is not what the copy of it says: one was edited"] * 3


def test_a_bucket_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, s3: Any) -> None:
    with pytest.raises(StoreError, match="the bucket nowhere-at-all cannot be listed: NoSuchBucket"):
        S3Ledger(Settings(bucket="nowhere-at-all")).names("lab/a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{here().address(0, 206)}:9")
    with pytest.raises(StoreError, match="the bucket ledger-of-tests cannot be written to: "):
        S3Ledger(SETTINGS).put("x", b"y")


def test_nothing_of_boto3_is_there_before_a_copy_is_made() -> None:
    code = (
        "import sys; sys.modules['boto3'] = None; sys.modules['botocore'] = None\n"
        "import adapters.s3_ledger, cli.ledger, cli.release, cli.drill, rollback.drill, deploy.ledger.copy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_copy_that_fails_is_told_and_written_down_and_made_up_for(
    fleet: Any, builder: Builder, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record.jsonl"
    settings = fleet.settings.model_copy(update={"ledger": SETTINGS})
    world = replace(fleet.world, settings=settings, record=FileRecord(record), stack="lab")
    deploy(world, builder("1.0.0"))
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", f"http://{here().address(0, 206)}:9")
        copy_after(world)
    assert any("the ledger was not copied: the bucket ledger-of-tests cannot be" in note for note in fleet.told.notes)
    assert json.loads(record.read_text().splitlines()[-1])["phase"] == "copy"
    copy_after(world)
    assert len(_versions(s3)) == 3
